import Primitives

/// What a node refuses or fails at (codes 1400–1419).
package enum NodeError: CodedError, Equatable {
    case mempoolFull
    case senderQueueFull
    case stopping
    case invalidConfiguration(String)
    case homeExists(String)
    case homeMissing(String)
    case keyFile(String)
    case backupInvalid(String)
    case tokenRequired
    case enclaveUnavailable
    case notFound(String)
    case running(String)
    case passphraseMissing
    case damagedChain(String)
    case engineUnavailable
    case engineBusy
    case finalityUnavailable

    package static let domain = "node"

    package var code: UInt32 {
        switch self {
        case .mempoolFull: 1400
        case .senderQueueFull: 1401
        case .stopping: 1402
        case .invalidConfiguration: 1403
        case .homeExists: 1404
        case .homeMissing: 1405
        case .keyFile: 1406
        case .backupInvalid: 1407
        case .tokenRequired: 1408
        case .enclaveUnavailable: 1409
        case .notFound: 1410
        case .running: 1411
        case .passphraseMissing: 1412
        case .damagedChain: 1413
        case .engineUnavailable: 1414
        case .engineBusy: 1415
        case .finalityUnavailable: 1418
        }
    }

    package var reason: String {
        switch self {
        case .mempoolFull: "too many transactions wait; send it again in a moment"
        case .senderQueueFull: "too many transactions of this sender wait; send it again in a moment"
        case .stopping: "the node is stopping"
        case .invalidConfiguration(let what): "the configuration is not valid: \(what)"
        case .homeExists(let path): "there is something at \(path) already; choose another home or remove it"
        case .homeMissing(let path): "there is no node at \(path); make one with `jupiter node init`"
        case .keyFile(let path): "the key file \(path) is not one, or the passphrase is wrong"
        case .backupInvalid(let what): "the backup cannot be used: \(what)"
        case .tokenRequired: "an API that listens beyond this machine needs a token file (apiTokenFile)"
        case .enclaveUnavailable: "no enclave is connected, or it does not serve yet"
        case .notFound(let what): "\(what) is not on this chain"
        case .running(let path): "a node is running in \(path); stop it first"
        case .passphraseMissing: "the keys need their passphrase: set JUPITER_PASSPHRASE or give a passphrase file"
        case .damagedChain(let what): "stored \(what) cannot be read; restore the node from a backup"
        case .engineUnavailable: "the engine beside this node does not answer (cometRPC); send it again in a moment"
        case .engineBusy: "the engine beside this node has too much to do; send it again in a moment"
        case .finalityUnavailable: "CometBFT has not shown yet what makes the block final; ask again in a moment"
        }
    }

    /// Whether sending the same thing again later can succeed.
    package var isRetryable: Bool {
        switch self {
        case .mempoolFull, .senderQueueFull, .enclaveUnavailable, .engineUnavailable, .engineBusy, .finalityUnavailable: true
        default: false
        }
    }
}
