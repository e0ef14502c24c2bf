import ChainTypes
import Node
import Primitives

/// What is wrong with a request (codes 1450–1499).
package enum APIError: CodedError, Equatable {
    case noSuchRoute
    case badParameter(String)
    case badBody(String)
    case bodyTooLarge
    case unauthorised
    case wrongHost
    case tooManyStreams
    case methodNotAllowed

    package static let domain = "api"

    package var code: UInt32 {
        switch self {
        case .noSuchRoute: 1450
        case .badParameter: 1451
        case .badBody: 1452
        case .bodyTooLarge: 1453
        case .unauthorised: 1454
        case .wrongHost: 1455
        case .tooManyStreams: 1456
        case .methodNotAllowed: 1457
        }
    }

    package var reason: String {
        switch self {
        case .noSuchRoute: "there is nothing at this address"
        case .badParameter(let name): "the parameter \(name) is missing or not what it should be"
        case .badBody(let what): "the body is not what this address takes: \(what)"
        case .bodyTooLarge: "the body is larger than this address takes"
        case .unauthorised: "the request does not show this node's token"
        case .wrongHost: "the request names another host; this node answers to loopback names only"
        case .tooManyStreams: "too many event streams are open"
        case .methodNotAllowed: "this address does not take that method"
        }
    }
}

/// How an error looks over HTTP.
struct ErrorAnswer {
    let status: Int
    let retryAfter: Int?
    let error: any CodedError

    init(_ error: any CodedError) {
        self.error = error
        (status, retryAfter) = Self.status(error)
    }

    private static func status(_ error: any CodedError) -> (Int, Int?) {
        switch error {
        case let error as APIError:
            switch error {
            case .noSuchRoute: (404, nil)
            case .badParameter, .badBody: (400, nil)
            case .bodyTooLarge: (413, nil)
            case .unauthorised: (401, nil)
            case .wrongHost: (403, nil)
            case .methodNotAllowed: (405, nil)
            case .tooManyStreams: (429, 5)
            }
        case let error as NodeError:
            switch error {
            case .mempoolFull, .senderQueueFull, .engineBusy: (429, 1)
            case .enclaveUnavailable, .engineUnavailable, .stopping, .finalityUnavailable: (503, 2)
            case .notFound: (404, nil)
            default: (500, nil)
            }
        case TransactionError.alreadyKnown: (409, nil)
        case is TransactionError, is Refusal: (422, nil)
        default: error.code >= 950 && error.code < 1000 ? (400, nil) : (500, nil)
        }
    }

    /// What the caller can do.
    var next: String {
        switch error {
        case APIError.unauthorised: return "send the header Authorization: Bearer followed by the token of the node's token file"
        case APIError.noSuchRoute: return "see /openapi.json for all addresses"
        case TransactionError.replayed, TransactionError.nonceGap:
            return "read pendingNonce at /v1/accounts/{address}, then sign again with it"
        case TransactionError.alreadyKnown: return "wait for its receipt at /v1/transactions/{id}?wait=10"
        case TransactionError.expired, TransactionError.notYetValid:
            return "read the height at /v1/status, then sign again with a window around it"
        case TransactionError.cannotPayFee: return "receive JUPT first"
        default: break
        }
        switch status {
        case 429, 503: return "send the same request again after the time in Retry-After"
        case 400, 404, 413: return "correct the request; /openapi.json describes it"
        case 422: return "correct the transaction and sign it again"
        default: return "look at the node's log"
        }
    }
}
