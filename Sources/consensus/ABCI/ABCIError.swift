import Primitives

/// Why a call of the engine is not answered (codes 1830–1849). Each ends its connection, and the engine with it.
package enum ABCIError: UInt32, CodedError {
    case malformed = 1830
    case frameTooLarge = 1831
    case unknownKind = 1832
    case outOfOrder = 1833
    case wrongHeight = 1834
    case wrongChain = 1835
    case wrongInitialHeight = 1836
    case badValidatorKey = 1837
    case unknownProposer = 1838
    case badTime = 1839
    case wrongEngine = 1840
    case unknownPath = 1841
    case badQuery = 1842
    case notReady = 1843
    case applicationFailed = 1844

    package static let domain = "abci"
    package var reason: String {
        switch self {
        case .malformed: "the bytes are not a length and a request of ABCI 2.0"
        case .frameTooLarge: "the request is longer than a full block can be"
        case .unknownKind: "the request has a kind that ABCI 2.0 does not know"
        case .outOfOrder: "the call does not follow those before it: a block is finalised, then committed, and a chain is initialised first"
        case .wrongHeight: "the height is not the one after the application's"
        case .wrongChain: "the engine runs another chain"
        case .wrongInitialHeight: "a Jupiter chain begins at height 1"
        case .badValidatorKey: "a validator's key is not Ed25519, or one that no signature is accepted of"
        case .unknownProposer: "the proposer's address is not one of the validators of this height"
        case .badTime: "the block's time is not one that a header can hold"
        case .wrongEngine: "the genesis says that another engine decides this chain's blocks"
        case .unknownPath: "queries are for /state, /account/nonce or /head"
        case .badQuery: "the data or the height of the query does not fit its path"
        case .notReady: "the application is starting; send it again in a moment"
        case .applicationFailed: "the application cannot go on: its log says why"
        }
    }
}
