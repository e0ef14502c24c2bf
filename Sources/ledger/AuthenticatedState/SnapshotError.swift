import Primitives

/// Why a snapshot of the state, or a part of one, is not accepted or not served. Codes 2100–2119.
package enum SnapshotError: UInt32, CodedError {
    case malformed = 2100
    case unknownFormat = 2101
    case tooLarge = 2102
    case notCanonical = 2103
    case rootMismatch = 2104
    case otherSnapshot = 2105
    case incomplete = 2106
    case notServed = 2107
    case occupied = 2108
    case wrongBlock = 2109
    case notAsked = 2110

    package static let domain = "snapshot"
    package var reason: String {
        switch self {
        case .malformed: "the bytes do not decode"
        case .unknownFormat: "written in a format of a newer program"
        case .tooLarge: "larger than a part of a snapshot can be"
        case .notCanonical: "entries out of order or out of the range, or a proof that no state tree has"
        case .rootMismatch: "the entries are not those of this state: some are missing, added or changed"
        case .otherSnapshot: "the directory holds a started import of another snapshot: finish or remove that one"
        case .incomplete: "parts of the state are missing"
        case .notServed: "the state of this height is not here: not committed, or pruned"
        case .occupied: "there is a chain in the directory already"
        case .wrongBlock: "the block, its receipts or its genesis are not those that the certified header names"
        case .notAsked: "the range is not one that is still missing"
        }
    }
}
