import Primitives

/// Why an engine does not run, or stops (codes 1440–1449).
package enum EngineError: UInt32, CodedError {
    case notTheValidator = 1440
    case diverged = 1441
    case otherEngine = 1442

    package static let domain = "engine"
    package var reason: String {
        switch self {
        case .notTheValidator: "only an Ed25519 key can be a validator's"
        case .diverged: "a final block does not follow from this node's own execution: its state is damaged, or its program differs"
        case .otherEngine: "the chain's genesis names another engine: light clients would not believe what this one decides"
        }
    }
}
