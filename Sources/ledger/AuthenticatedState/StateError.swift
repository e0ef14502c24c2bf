import Primitives

/// Why the state tree could not be read or updated. Codes 1200–1249.
package enum StateError: CodedError, Equatable {
    package static let domain = "state"

    /// A node that its parent names is not in the store.
    case missingNode(version: UInt64, depth: Int)
    /// A stored node does not decode.
    case malformedNode(version: UInt64, depth: Int)
    /// A stored node is written in a format this program does not know.
    case unknownNodeFormat(UInt8)
    /// A stored node does not hash to what its parent says.
    case hashMismatch(version: UInt64, depth: Int)
    /// The version was never written here, or it is pruned.
    case unknownVersion(UInt64)
    /// An update must have a higher version than the head.
    case versionNotIncreasing(head: UInt64, given: UInt64)
    /// A version was to be made on a branch that does not start at the newest written version.
    case notOnHead(head: UInt64?, branch: UInt64?)
    /// One batch names a key twice.
    case duplicateKey
    /// A key is empty or longer than `StateLimits.maximumKeyBytes`.
    case keySize(Int)
    /// A value is longer than `StateLimits.maximumValueBytes`.
    case valueSize(Int)
    /// The node store failed; the text is its own description.
    case storeFailed(String)

    package var code: UInt32 {
        switch self {
        case .missingNode: 1200
        case .malformedNode: 1201
        case .unknownNodeFormat: 1202
        case .hashMismatch: 1203
        case .unknownVersion: 1204
        case .versionNotIncreasing: 1205
        case .duplicateKey: 1206
        case .keySize: 1207
        case .valueSize: 1208
        case .storeFailed: 1209
        case .notOnHead: 1210
        }
    }

    package var name: String {
        switch self {
        case .missingNode: "state.missingNode"
        case .malformedNode: "state.malformedNode"
        case .unknownNodeFormat: "state.unknownNodeFormat"
        case .hashMismatch: "state.hashMismatch"
        case .unknownVersion: "state.unknownVersion"
        case .versionNotIncreasing: "state.versionNotIncreasing"
        case .duplicateKey: "state.duplicateKey"
        case .keySize: "state.keySize"
        case .valueSize: "state.valueSize"
        case .storeFailed: "state.storeFailed"
        case .notOnHead: "state.notOnHead"
        }
    }

    package var reason: String {
        switch self {
        case .missingNode(let version, let depth):
            "node of version \(version) at depth \(depth) is missing: the store is damaged; restore it from a backup"
        case .malformedNode(let version, let depth):
            "node of version \(version) at depth \(depth) does not decode: the store is damaged; restore it from a backup"
        case .unknownNodeFormat(let format): "node format \(format) is unknown: the store was written by a newer program"
        case .hashMismatch(let version, let depth):
            "node of version \(version) at depth \(depth) has the wrong hash: the store is damaged; restore it from a backup"
        case .unknownVersion(let version): "state version \(version) is not here: not written yet, or pruned"
        case .versionNotIncreasing(let head, let given): "version \(given) does not follow the head's \(head)"
        case .notOnHead(let head, let branch):
            "a branch of version \(branch.map { "\($0)" } ?? "none"); the head is \(head.map { "\($0)" } ?? "none")"
        case .duplicateKey: "a key is updated twice in one batch"
        case .keySize(let size): "a key of \(size) bytes; 1 to \(StateLimits.maximumKeyBytes) are allowed"
        case .valueSize(let size): "a value of \(size) bytes; at most \(StateLimits.maximumValueBytes) are allowed"
        case .storeFailed(let description): "the node store failed: \(description)"
        }
    }
}

/// The sizes the state tree accepts.
package enum StateLimits {
    /// Longest key, in bytes; a key has at least one byte.
    package static let maximumKeyBytes = 1024
    /// Longest value, in bytes.
    package static let maximumValueBytes = 4 << 20
}
