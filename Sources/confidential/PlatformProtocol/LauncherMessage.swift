import Attestation
import ChainTypes
import Primitives

/// Packets between vault and launcher (docs/spec/enclave.md §1): one byte of kind, then its fields, little-endian. The launcher speaks
/// first (`hello`); after that each request of the vault gets one answer.
package enum LauncherMessage: Equatable, Sendable {
    /// From the launcher, once: measurement, assurance class and name of the platform. The sealing key travels before it, in a packet of its own.
    case hello(measurement: Hash32, assurance: AssuranceClass, platform: String)
    /// A report with this binding.
    case report(AttestationBinding)
    /// A new worker.
    case start
    /// End this worker.
    case dismiss(UInt32)

    case reported([UInt8])
    /// The descriptor of the stream to the worker comes with it.
    case started(UInt32)
    case dismissed
    /// The code of a `VaultError`, or 0 for no worker.
    case failed(UInt32)

    /// The longest report, in bytes.
    package static let maximumReport = 48 << 10
    /// Bytes of the sealing key's packet.
    package static let sealingKeyBytes = 32
    private static let maximumName = 32
    private static let maximumKey = 2 << 10
    private static let maximumPreimage = 8 << 10

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [kind]
        switch self {
        case .hello(let measurement, let assurance, let platform):
            bytes.append(measurement)
            bytes.append(Self.number(assurance))
            bytes.append(contentsOf: Array(platform.utf8))
        case .report(let binding):
            bytes.append(binding.nonce)
            bytes.append(littleEndian: UInt32(binding.vaultKey.count))
            bytes.append(contentsOf: binding.vaultKey)
            bytes.append(contentsOf: binding.preimage)
        case .reported(let report): bytes.append(contentsOf: report)
        case .dismiss(let number), .started(let number), .failed(let number): bytes.append(littleEndian: number)
        case .start, .dismissed: break
        }
        return bytes
    }

    private static func number(_ assurance: AssuranceClass) -> UInt8 {
        switch assurance {
        case .none: 0
        case .measured: 1
        case .confidential: 2
        }
    }

    private var kind: UInt8 {
        switch self {
        case .hello: 1
        case .report: 2
        case .start: 3
        case .dismiss: 4
        case .reported: 5
        case .started: 6
        case .dismissed: 7
        case .failed: 8
        }
    }

    /// Reads a packet; `nil` if it is none.
    package init?(_ packet: [UInt8]) {
        guard let kind = packet.first else { return nil }
        var reader = ByteReader(Array(packet.dropFirst()))
        do throws(ByteReaderError) {
            switch kind {
            case 1:
                let measurement = try reader.hash()
                let number: UInt8 = try reader.integer()
                let name = Array(try reader.take(reader.remaining))
                guard let assurance = AssuranceClass.allCases.first(where: { Self.number($0) == number }),
                    (1...Self.maximumName).contains(name.count), let text = String(validating: name, as: UTF8.self)
                else { return nil }
                self = .hello(measurement: measurement, assurance: assurance, platform: text)
            case 2:
                let nonce = try reader.hash()
                let length: UInt32 = try reader.integer()
                guard length <= Self.maximumKey else { return nil }
                let key = Array(try reader.take(Int(length)))
                guard (1...Self.maximumPreimage).contains(reader.remaining) else { return nil }
                self = .report(AttestationBinding(preimage: Array(try reader.take(reader.remaining)), vaultKey: key, nonce: nonce))
            case 3: self = .start
            case 4: self = .dismiss(try reader.integer())
            case 5:
                guard reader.remaining <= Self.maximumReport else { return nil }
                self = .reported(Array(try reader.take(reader.remaining)))
            case 6: self = .started(try reader.integer())
            case 7: self = .dismissed
            case 8: self = .failed(try reader.integer())
            default: return nil
            }
            try reader.finish()
        } catch { return nil }
    }
}
