import Primitives

/// Why a write-ahead log cannot be used (codes 1810–1829).
package enum WriteAheadLogError: CodedError, Equatable {
    package static let domain = "wal"

    /// There is no log here.
    case missing(String)
    /// Something durable is damaged: entries that were synced are lost, so this validator must rejoin.
    case corrupt(String)
    case unknownFormat(String)
    /// It belongs to another chain or another validator.
    case foreign(String)
    case diskFull(String)
    case io(String)
    /// Another process has it open.
    case locked(String)

    package var code: UInt32 {
        switch self {
        case .missing: 1810
        case .corrupt: 1811
        case .unknownFormat: 1812
        case .foreign: 1813
        case .diskFull: 1814
        case .io: 1815
        case .locked: 1816
        }
    }

    package var name: String {
        switch self {
        case .missing: "wal.missing"
        case .corrupt: "wal.corrupt"
        case .unknownFormat: "wal.unknownFormat"
        case .foreign: "wal.foreign"
        case .diskFull: "wal.diskFull"
        case .io: "wal.io"
        case .locked: "wal.locked"
        }
    }

    package var reason: String {
        switch self {
        case .missing(let path): "there is no write-ahead log at \(path)"
        case .corrupt(let path): "\(path) is damaged before its end: votes may be lost, so this validator has to rejoin"
        case .unknownFormat(let path): "\(path) was written in a format this program does not know"
        case .foreign(let path): "\(path) belongs to another chain or validator"
        case .diskFull(let path): "no space is left for \(path)"
        case .io(let text): text
        case .locked(let path): "another process has \(path) open"
        }
    }
}
