import Attestation
import ChainTypes
import Crypto
import FoundationEssentials
import Primitives
import WireTypes

/// A TPM whose keys the test holds: real TPM 2.0 structures, quoted and signed as a TPM would (part 2, §10.12 and §11.3).
///
/// Nothing vouches for it, so an honest appraisal calls it software.
package struct TestTpm: Sendable {
    package static let platform = EvidencePlatform.tpm.rawValue
    private static let register = 11

    private let key: P256.Signing.PrivateKey
    /// What register 11 holds: what was launched.
    private let launched: [UInt8]

    /// - Parameter build: of the enclave that it measured.
    package init(seed: UInt64 = 1, build: UInt8 = 1) throws {
        var generator = SeededGenerator(seed: seed &+ 77)
        var made: P256.Signing.PrivateKey?
        // Almost every 32 bytes are a private key.
        while made == nil { made = try? P256.Signing.PrivateKey(rawRepresentation: generator.bytes(32)) }
        guard let made else { throw AttestationError.malformed }
        (key, launched) = (made, [UInt8](repeating: build, count: 32))
    }

    /// The build as governance accepts it.
    package var reference: WireReferenceMeasurement {
        ReferenceValue(platform: .tpm, registers: ["pcr\(Self.register)": launched]).wire
    }

    /// What identities of the build carry.
    package var measurement: Hash32 {
        Measurement(platform: .tpm, registers: ["pcr\(Self.register)": launched]).hash
    }

    /// `Evidence.report` for `binding`.
    package func report(_ binding: AttestationBinding) throws -> [UInt8] {
        let quote = quote(binding.bytes32.bytes)
        var report = WireTpmReport()
        (report.quote, report.akPublic) = (.init(quote), .init(publicArea))
        let signature = try key.signature(for: quote).rawRepresentation
        report.signature = .init(Self.words(0x0018, 0x000b) + Self.sized(signature.prefix(32)) + Self.sized(signature.suffix(32)))
        var value = WirePcrValue()
        (value.index, value.value) = (UInt32(Self.register), .init(launched))
        report.pcrs = [value]
        return report.encoded()
    }

    private func quote(_ qualifyingData: [UInt8]) -> [UInt8] {
        let head: [UInt8] = [0xff, 0x54, 0x43, 0x47, 0x80, 0x18]
        let clock = [UInt8](repeating: 0, count: 8 + 4 + 4 + 1 + 8)
        var bitmap: [UInt8] = [0, 0, 0]
        bitmap[Self.register / 8] = 1 << UInt8(Self.register % 8)
        let selection: [UInt8] = [0, 0, 0, 1] + Self.words(0x000b) + [3] + bitmap
        return head + Self.sized(name) + Self.sized(qualifyingData) + clock + selection + Self.sized(SHA256.hash(data: launched))
    }

    /// A restricted signing key on P-256 that never left its TPM.
    private var area: [UInt8] {
        let attributes: UInt32 = [1, 4, 5, 6, 16, 18].reduce(0) { $0 | 1 << $1 }
        let point = key.publicKey.rawRepresentation
        return Self.words(0x0023, 0x000b) + withUnsafeBytes(of: attributes.bigEndian) { Array($0) } + Self.sized([])
            + Self.words(0x0010, 0x0018, 0x000b, 0x0003, 0x0010) + Self.sized(point.prefix(32)) + Self.sized(point.suffix(32))
    }

    private var publicArea: [UInt8] { Self.sized(area) }
    private var name: [UInt8] { Self.words(0x000b) + Array(SHA256.hash(data: area)) }

    private static func words(_ values: UInt16...) -> [UInt8] { values.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } }
    private static func sized(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        return words(UInt16(bytes.count)) + bytes
    }
}
