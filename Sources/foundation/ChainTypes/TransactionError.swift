import Primitives

/// Why a transaction is not accepted (codes 100–149). Those of 120 and above appear in receipts.
package enum TransactionError: UInt32, CodedError {
    case malformed = 100
    case tooLarge = 101
    case noMessages = 102
    case tooManyMessages = 103
    case unknownMessage = 104
    case badKey = 105
    case senderMismatch = 106
    case badSignature = 107
    case wrongChain = 108
    case sidecarMismatch = 109
    case windowTooLong = 110
    case notYetValid = 120
    case expired = 121
    case replayed = 122
    case nonceGap = 123
    case feeTooLow = 124
    case cannotPayFee = 125
    case freeTransactionMisused = 126
    case alreadyKnown = 127

    package static let domain = "transaction"
    package var reason: String {
        switch self {
        case .malformed: "the bytes are not a transaction in its only encoding"
        case .tooLarge: "the transaction is larger than the chain accepts"
        case .noMessages: "a transaction has at least one message"
        case .tooManyMessages: "the transaction has more messages than the chain accepts"
        case .unknownMessage: "a message has a kind that this chain does not know"
        case .badKey: "the public key is not a valid key of its type"
        case .senderMismatch: "the sender is not the account of the public key"
        case .badSignature: "the signature does not match the body"
        case .wrongChain: "the transaction is for another chain"
        case .sidecarMismatch: "the sidecars are not those that the messages commit to"
        case .windowTooLong: "the validity window is longer than the chain allows"
        case .notYetValid: "the transaction's first height has not come yet"
        case .expired: "the transaction's last height has passed; sign it again"
        case .replayed: "the nonce was used before"
        case .nonceGap: "a transaction with a lower nonce is missing"
        case .feeTooLow: "the fee is below the chain's minimum"
        case .cannotPayFee: "the sender's balance does not cover the fee"
        case .freeTransactionMisused: "only a withdrawal alone, with nonce and fee zero, is free"
        case .alreadyKnown: "this node has the transaction already"
        }
    }
}
