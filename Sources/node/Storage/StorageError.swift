import Primitives

/// Why the disk store could not be opened, read or written. Codes 1300–1349.
package enum StorageError: CodedError, Equatable {
    package static let domain = "storage"

    /// Another process has the store open.
    case locked(path: String)
    /// There is no store, and none was to be made.
    case notFound(path: String)
    /// Stored bytes are damaged or contradict each other.
    case corrupt(String)
    /// No space is left on the disk.
    case diskFull(String)
    /// The store was written in a format this program does not know.
    case unknownFormat(String)
    /// The disk or the file system refused an operation.
    case io(String)
    /// The store is closed.
    case closed
    /// A block to commit does not follow the head.
    case notNext(head: UInt64?, given: UInt64)

    package var code: UInt32 {
        switch self {
        case .locked: 1300
        case .notFound: 1301
        case .corrupt: 1302
        case .diskFull: 1303
        case .unknownFormat: 1304
        case .io: 1305
        case .closed: 1306
        case .notNext: 1307
        }
    }

    package var name: String {
        switch self {
        case .locked: "storage.locked"
        case .notFound: "storage.notFound"
        case .corrupt: "storage.corrupt"
        case .diskFull: "storage.diskFull"
        case .unknownFormat: "storage.unknownFormat"
        case .io: "storage.io"
        case .closed: "storage.closed"
        case .notNext: "storage.notNext"
        }
    }

    package var reason: String {
        switch self {
        case .locked(let path): "another process has the store at \(path) open: stop it first"
        case .notFound(let path): "there is no store at \(path)"
        case .corrupt(let what): "the store is damaged (\(what)): restore it from a backup or sync again"
        case .diskFull(let what): "the disk is full (\(what)): free some space and start again; nothing acknowledged is lost"
        case .unknownFormat(let what): "the store was written by another version of this program (\(what)): use that one or migrate"
        case .io(let what): "the disk refused an operation: \(what)"
        case .closed: "the store is closed"
        case .notNext(let head, let given): "block \(given) does not follow the head (\(head.map { "\($0)" } ?? "empty store"))"
        }
    }

    /// The error for a message of RocksDB, which tells its kind by words only.
    static func rocksDB(_ message: String, path: String) -> StorageError {
        if message.contains("No space left") { return .diskFull(message) }
        if message.contains("lock") && (message.contains("LOCK") || message.contains("hold")) { return .locked(path: path) }
        if message.contains("does not exist (create_if_missing is false)") { return .notFound(path: path) }
        if message.contains("Column families not opened") { return .unknownFormat(message) }
        if message.hasPrefix("Corruption") { return .corrupt(message) }
        return .io(message)
    }
}
