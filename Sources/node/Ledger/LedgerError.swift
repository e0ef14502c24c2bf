import Primitives

/// Why a ledger cannot be opened or asked (codes 1350–1359).
package enum LedgerError: UInt32, CodedError {
    case otherGenesis = 1350
    case noHead = 1351
    case unknownHeight = 1352
    case unknownParent = 1353
    case wrongHeight = 1354
    case notExecuted = 1355
    case tooFarAhead = 1356

    package static let domain = "ledger"
    package var reason: String {
        switch self {
        case .otherGenesis: "the data directory belongs to a chain with another genesis"
        case .noHead: "the newest block or one of its receipts is missing: restore a backup"
        case .unknownHeight: "this height has not been committed"
        case .unknownParent: "the parent is neither the head nor a block executed on top of it: execute it first"
        case .wrongHeight: "the height does not follow the parent's"
        case .notExecuted: "the block is not an executed child of the head: execute it first"
        case .tooFarAhead: "too many blocks, or too large ones, are executed and not committed"
        }
    }
}
