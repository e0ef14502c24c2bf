import Primitives

/// Why something was not got from a peer (codes 1420–1439).
package enum SyncError: UInt32, CodedError {
    case noAnswer = 1420
    case notSent = 1421
    case notServed = 1422
    case tooMuch = 1423
    case wrongAnswer = 1424
    case wrongBlock = 1425
    case badCertificate = 1426
    case unproven = 1427
    case wrongSidecar = 1428
    case wrongSnapshot = 1429
    case wrongChunk = 1430
    case stopped = 1431

    package static let domain = "sync"
    package var reason: String {
        switch self {
        case .noAnswer: "the peer did not answer in time"
        case .notSent: "the peer is not connected, or does not keep up"
        case .notServed: "the peer does not have it, or not any more"
        case .tooMuch: "the peer sent more than was asked for"
        case .wrongAnswer: "the peer sent something else than was asked for"
        case .wrongBlock: "a block that the peer sent does not follow the chain"
        case .badCertificate: "a certificate that the peer sent does not prove its block"
        case .unproven: "no block that the peer sent is proven final"
        case .wrongSidecar: "a sidecar that the peer sent belongs to nothing that was asked for"
        case .wrongSnapshot: "the snapshot that the peer offered does not belong to the chain of this genesis"
        case .wrongChunk: "a chunk that the peer sent is not part of the state"
        case .stopped: "the node is stopping"
        }
    }

    /// Whether only a peer that breaks the protocol can cause it.
    package var isFault: Bool {
        switch self {
        case .noAnswer, .notSent, .notServed, .stopped: false
        default: true
        }
    }
}
