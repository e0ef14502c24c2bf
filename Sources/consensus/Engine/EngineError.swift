import Primitives

/// Why an engine does not run (codes 1440–1449).
package enum EngineError: UInt32, CodedError {
    case notTheValidator = 1440
    case wrongHead = 1441

    package static let domain = "engine"
    package var reason: String {
        switch self {
        case .notTheValidator: "this engine needs the key of the chain's only validator"
        case .wrongHead: "the application did not move to the block that was committed"
        }
    }
}
