import FoundationEssentials
import Primitives
import Simplex
import WireTypes

/// What one entry of the log says.
package enum LogRecord: Sendable {
    case entry(LogEntry)
    /// An encoded `WireBlockPayload`.
    case payload([UInt8])
    /// What was signed before this log began is lost: its name, by which the chain will know it.
    case name(Hash32)
    /// The first epoch that the validator may vote in; the last of these counts.
    case votesFrom(UInt64)

    private enum Kind: UInt8 {
        case vote = 1
        case certificate = 2
        case payload = 3
        case name = 4
        case votesFrom = 5
    }

    func append(to bytes: inout [UInt8]) {
        let (kind, body): (Kind, [UInt8]) =
            switch self {
            case .entry(.vote(let vote)): (.vote, vote.wire.encoded())
            case .entry(.certificate(let certificate)): (.certificate, certificate.encoded())
            case .payload(let payload): (.payload, payload)
            case .name(let name): (.name, name.bytes)
            case .votesFrom(let epoch): (.votesFrom, withUnsafeBytes(of: epoch.littleEndian) { Array($0) })
            }
        bytes.append(kind.rawValue)
        bytes.append(littleEndian: UInt32(body.count))
        bytes += body
    }

    /// The records of a frame; `nil` for anything else than records.
    static func decode(_ frame: ArraySlice<UInt8>) -> [LogRecord]? {
        var reader = ByteReader(Array(frame))
        var records: [LogRecord] = []
        while reader.remaining > 0 {
            guard let kind = try? reader.integer(UInt8.self), let size = try? reader.integer(UInt32.self),
                let body = try? reader.take(Int(size)), let record = record(Kind(rawValue: kind), Array(body))
            else { return nil }
            records.append(record)
        }
        return records
    }

    private static func record(_ kind: Kind?, _ body: [UInt8]) -> LogRecord? {
        switch kind {
        case .vote:
            guard let wire = try? WireVote(strictly: body, limit: body.count), let vote = try? Vote(wire) else { return nil }
            return .entry(.vote(vote))
        case .certificate:
            guard let wire = try? WireCertificate(strictly: body, limit: body.count), let shaped = try? wire.checkedShape() else {
                return nil
            }
            return .entry(.certificate(shaped))
        case .payload: return .payload(body)
        case .name: return Hash32(body).map { .name($0) }
        case .votesFrom:
            var reader = ByteReader(body)
            guard let epoch = try? reader.integer(UInt64.self), reader.remaining == 0 else { return nil }
            return .votesFrom(epoch)
        case nil: return nil
        }
    }
}
