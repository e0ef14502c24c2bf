import Primitives

/// Why CometBFT's RPC gave no usable answer (codes 1460–1469).
package enum CometRPCError: CodedError, Equatable {
    case unreachable(String)
    case malformedAnswer(String)
    case answerTooLarge
    /// CometBFT answered with an error of its own, such as a height that it has not or no longer.
    case refused(String)

    package static let domain = "cometRPC"
    package var code: UInt32 {
        switch self {
        case .unreachable: 1460
        case .malformedAnswer: 1461
        case .answerTooLarge: 1462
        case .refused: 1463
        }
    }
    package var reason: String {
        switch self {
        case .unreachable(let why): "CometBFT's RPC does not answer: \(why)"
        case .malformedAnswer(let what): "CometBFT's RPC answered something else than expected: \(what)"
        case .answerTooLarge: "CometBFT's RPC answered with more than any block has"
        case .refused(let why): "CometBFT's RPC refuses: \(why)"
        }
    }
}
