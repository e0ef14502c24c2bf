import Primitives

/// What goes wrong on a client's side (codes 1500–1544). What a node refuses is a `NodeRefusal` with the node's own code.
package enum ClientError: CodedError, Equatable {
    /// No answer from the node; the text says why, as the system puts it.
    case unreachable(url: String, why: String)
    /// An answer that is not what the interface promises.
    case malformedAnswer(String)
    case answerTooLarge(String)
    /// Something that was waited for did not happen in time.
    case timedOut(String)
    case noSuchThing(String)

    case walletMissing(String)
    case walletExists(String)
    case unknownWalletVersion
    case malformedWallet
    case malformedRecoveryCode
    /// The file cannot be read or written; the text is the system's.
    case file(path: String, why: String)

    case invalidSchema(String)
    case invalidRecord(String)
    case invalidManifest(String)

    case resultNotReady(String)
    case resultRefused(code: UInt32)
    case resultRefunded
    /// The sealed result is not what the chain committed to, or not what its enclave signed.
    case resultInvalid(String)
    /// A proof does not hold under the trusted header.
    case proofInvalid(String)
    case wrongGenesis(found: String)
    case notHolder
    case notGranted
    case noEnclave
    /// The session that a node shows for an enclave is not signed by it, or not of its present start.
    case sessionInvalid(String)
    /// What a node shows of an enclave does not prove it, or its evidence does not appraise well.
    case enclaveUnproven(String)
    /// The enclave is proven, and not one to give keys to.
    case enclaveUnfit(String)
    /// A node shows an older state of the chain than was seen before.
    case chainRolledBack(seen: UInt64, shown: UInt64)
    case erased(String)
    case erasureNotComplete(String)

    package static let domain = "client"

    package var code: UInt32 {
        switch self {
        case .unreachable: 1500
        case .malformedAnswer: 1501
        case .answerTooLarge: 1502
        case .timedOut: 1503
        case .noSuchThing: 1504
        case .walletMissing: 1510
        case .walletExists: 1511
        case .unknownWalletVersion: 1512
        case .malformedWallet: 1513
        case .malformedRecoveryCode: 1514
        case .file: 1515
        case .invalidSchema: 1520
        case .invalidRecord: 1521
        case .invalidManifest: 1522
        case .resultNotReady: 1530
        case .resultRefused: 1531
        case .resultRefunded: 1532
        case .resultInvalid: 1533
        case .proofInvalid: 1540
        case .wrongGenesis: 1541
        case .notHolder: 1542
        case .notGranted: 1543
        case .noEnclave: 1544
        case .sessionInvalid: 1536
        case .enclaveUnproven: 1537
        case .enclaveUnfit: 1538
        case .chainRolledBack: 1539
        case .erased: 1534
        case .erasureNotComplete: 1535
        }
    }

    package var reason: String {
        switch self {
        case .unreachable(let url, let why): "no answer from \(url): \(why)"
        case .malformedAnswer(let what): "the node's answer is not what was asked for: \(what)"
        case .answerTooLarge(let what): "the node's answer is larger than this client accepts: \(what)"
        case .timedOut(let what): "waited too long for \(what)"
        case .noSuchThing(let what): "there is no \(what)"
        case .walletMissing(let path): "there is no wallet at \(path)"
        case .walletExists(let path): "there is a wallet at \(path) already; it is never overwritten"
        case .unknownWalletVersion: "the wallet file was written by a version this program does not know"
        case .malformedWallet: "the file is not a wallet"
        case .malformedRecoveryCode: "not a recovery code (juprec1…), or a character of it is wrong"
        case .file(let path, let why): "\(path): \(why)"
        case .invalidSchema(let why): "not a schema this product takes: \(why)"
        case .invalidRecord(let why): "the record does not fit its schema: \(why)"
        case .invalidManifest(let why): "not a program manifest: \(why)"
        case .resultNotReady(let status): "the result is not there yet: \(status)"
        case .resultRefused(let code): "the enclave refused the request with code \(code); the price was refunded"
        case .resultRefunded: "no result came before the deadline; the price was refunded"
        case .resultInvalid(let why): "the result must not be believed: \(why)"
        case .proofInvalid(let why): "the proof does not hold: \(why)"
        case .wrongGenesis(let found): "the genesis \(found) is not the one that was asked for, or that is trusted here for this chain"
        case .notHolder: "neither the package nor the plan names this wallet as a holder"
        case .notGranted: "the key grant is not complete, or is not of this record for this wallet"
        case .noEnclave: "the node has no enclave that serves"
        case .sessionInvalid(let why): "nothing is sealed to the key that the node shows as the enclave's: \(why)"
        case .enclaveUnproven(let why): "nothing is sealed to an enclave that has not proven itself: \(why)"
        case .enclaveUnfit(let why): "nothing is sealed to this enclave: \(why)"
        case .chainRolledBack(let seen, let shown): "the node shows the chain at height \(shown); it was seen at \(seen) before"
        case .erased(let what): "\(what) was erased: its ciphertext and its key are gone"
        case .erasureNotComplete(let id): "erasure \(id) is not complete yet"
        }
    }

    /// What a person can do about it.
    package var next: String? {
        switch self {
        case .unreachable: "check that the node runs (`jupiter node start`) and that --node or JUPITER_NODE names its address"
        case .timedOut: "ask again later; `jupiter node status` tells whether blocks are being made"
        case .walletMissing: "make one with `jupiter wallet new`, or bring one back with `jupiter wallet restore`"
        case .walletExists: "choose another --wallet name"
        case .malformedRecoveryCode: "compare every character with the paper; the code has its own checksum"
        case .resultNotReady: "repeat the command with --wait"
        case .chainRolledBack: "ask again when the node has caught up, or ask another node"
        case .erased: "nobody brings it back; `jupiter record list` shows what is there"
        case .erasureNotComplete(let id): "ask again later; `jupiter query erasure/\(id)` shows what it waits for"
        case .resultRefused: "look the code up in docs/spec/errors.md"
        case .invalidSchema: "`jupiter schema check FILE` says what is accepted"
        default: nil
        }
    }
}

/// What a node refused, in the node's own words and code.
package struct NodeRefusal: CodedError, Equatable {
    package static let domain = "node"

    package let code: UInt32
    package let name: String
    package let reason: String
    package let next: String?
    /// The HTTP status it came with.
    package let status: Int

    package init(code: UInt32, name: String, reason: String, next: String? = nil, status: Int) {
        (self.code, self.name, self.reason, self.next, self.status) = (code, name, reason, next, status)
    }
}
