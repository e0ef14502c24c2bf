import ChainTypes
import Cryptography
import FoundationEssentials
import Node
import Primitives
import WireTypes

// What the API answers as JSON. Hashes are hexadecimal, accounts bech32m, other bytes base64, times milliseconds since 1970.

struct ErrorView: Encodable {
    struct Detail: Encodable {
        let code: UInt32
        let name: String
        let reason: String
        var next: String?
    }
    let error: Detail

    init(_ answer: ErrorAnswer) {
        error = Detail(code: answer.error.code, name: answer.error.name, reason: answer.error.reason, next: answer.next)
    }
}

struct BlockLineView: Encodable {
    let height: UInt64
    let hash: String
    let time: UInt64
    let transactions: Int
    let bytes: Int

    init(_ summary: BlockSummary) {
        (height, hash, time) = (summary.height, "\(summary.hash)", summary.time)
        (transactions, bytes) = (summary.transactions, summary.bytes)
    }
}

struct HeaderView: Encodable {
    let chainId: String
    let height: UInt64
    let epoch: UInt64
    let parent: String
    let proposer: String
    let time: UInt64
    let transactionsRoot: String
    let evidenceRoot: String
    let stateRoot: String
    let receiptsRoot: String
    let validatorsHash: String
    let nextValidatorsHash: String
    let lastOfEpoch: Bool
    let applicationVersion: UInt32

    init(_ header: BlockHeader) {
        (chainId, height, epoch, time) = (header.chainID, header.height, header.epoch, header.time)
        (parent, proposer) = ("\(header.parent)", "\(header.proposer)")
        (transactionsRoot, evidenceRoot) = ("\(header.transactionsRoot)", "\(header.evidenceRoot)")
        (stateRoot, receiptsRoot) = ("\(header.stateRoot)", "\(header.receiptsRoot)")
        (validatorsHash, nextValidatorsHash) = ("\(header.validatorsHash)", "\(header.nextValidatorsHash)")
        (lastOfEpoch, applicationVersion) = (header.lastOfEpoch, header.applicationVersion)
    }
}

struct BlockView: Encodable {
    struct Transaction: Encodable {
        let id: String
        let sender: String
        let messages: [String]
    }
    let height: UInt64
    let hash: String
    let bytes: Int
    let header: HeaderView
    let transactions: [Transaction]

    init(_ block: Block) {
        (height, hash, bytes) = (block.header.height, "\(block.header.hash)", block.bytes.count)
        header = HeaderView(block.header)
        transactions = block.transactions.map { transaction in
            Transaction(id: "\(transaction.id)", sender: "\(transaction.sender)", messages: transaction.body.messages.map(\.kindName))
        }
    }
}

struct ReceiptView: Encodable {
    struct Event: Encodable {
        let type: String
        let id: String
        let account: String?
        let amount: UInt64
        /// Of the enclave that did it.
        let label: String?
    }
    let id: String
    let height: UInt64
    let index: UInt32
    let code: UInt32
    var name: String?
    var reason: String?
    let fee: UInt64
    let events: [Event]

    init(_ receipt: WireReceipt) {
        id = Hex.encode(receipt.transactionID)
        (height, index, code, fee) = (receipt.height, receipt.index, receipt.code, receipt.fee)
        if code != 0 {
            let refusal = ErrorCatalogue.refusal(code)
            (name, reason) = (refusal.name, refusal.reason)
        }
        events = receipt.events.map { event in
            Event(
                type: event.type, id: Hex.encode(event.id), account: Address(event.account)?.description, amount: event.amount,
                label: event.label.isEmpty ? nil : event.label)
        }
    }
}

struct TransactionView: Encodable {
    let id: String
    /// `pending`, `committed` or `unknown`.
    let status: String
    var receipt: ReceiptView?
}

extension WireMessage {
    /// The name of the message's kind, as in the protocol.
    var kindName: String {
        switch kind {
        case .transfer: "transfer"
        case .publishDataset: "publishDataset"
        case .registerEnclave: "registerEnclave"
        case .anchorVault: "anchorVault"
        case .enrolSubjectKey: "enrolSubjectKey"
        case .renewEvidence: "renewEvidence"
        case .suspendEnclave: "suspendEnclave"
        case .submitEndorsement: "submitEndorsement"
        case .announceReplica: "announceReplica"
        case .acknowledgeErasure: "acknowledgeErasure"
        case .attestShareDestruction: "attestShareDestruction"
        case .putRecord: "putRecord"
        case .eraseRecord: "eraseRecord"
        case .eraseDataset: "eraseDataset"
        case .eraseSubject: "eraseSubject"
        case .requestKeyGrant: "requestKeyGrant"
        case .completeKeyGrant: "completeKeyGrant"
        case .grantConsent: "grantConsent"
        case .withdrawConsent: "withdrawConsent"
        case .suspendConsent: "suspendConsent"
        case .resumeConsent: "resumeConsent"
        case .publishProgram: "publishProgram"
        case .requestAssessment: "requestAssessment"
        case .commitAssessment: "commitAssessment"
        case .openAssessment: "openAssessment"
        case .refuseAssessment: "refuseAssessment"
        case .confirmAssessment: "confirmAssessment"
        case .requestSubscription: "requestSubscription"
        case .commitSubscription: "commitSubscription"
        case .openSubscription: "openSubscription"
        case .refuseSubscription: "refuseSubscription"
        case .registerLocality: "registerLocality"
        case .submitCheckpoint: "submitCheckpoint"
        case .rejoin: "rejoin"
        case .updateEndpoint: "updateEndpoint"
        case .proposeChange: "proposeChange"
        case .voteOnProposal: "voteOnProposal"
        case nil: "unknown"
        }
    }
}

/// bech32m of 32 bytes, empty for anything else.
func address(_ bytes: Data) -> String { Address(bytes)?.description ?? "" }

/// Hexadecimal, or `nil` for no bytes.
func hash(_ bytes: Data) -> String? { bytes.isEmpty ? nil : Hex.encode(bytes) }
