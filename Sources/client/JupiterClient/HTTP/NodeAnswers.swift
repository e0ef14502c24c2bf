import Cryptography
import Foundation
import Primitives
import WireTypes

/// `GET /v1/status`.
package struct NodeStatus: Codable, Sendable {
    package struct EnclaveStatus: Codable, Sendable {
        package let connected: Bool
        package let id: String?
        package let platform: String?
        package let label: String?
        package let assurance: String?
        package let serving: Bool?
        package let expires: UInt64?
        package let suspension: String?
        package let trustedHeight: UInt64?
    }

    package struct ValidatorsSummary: Codable, Sendable {
        /// How many have weight in the present set.
        package let voting: Int
        package let totalWeight: UInt64
    }

    package struct ConsensusStatus: Codable, Sendable {
        /// The key of the node's own validator.
        package let validator: String?
        package let epoch: UInt64
        package let view: UInt64
        package let leader: String?
        /// Whether the node votes in this epoch; it follows otherwise.
        package let votes: Bool
        package let timeouts: UInt64
        package let proposals: UInt64
    }

    package struct PeersSummary: Codable, Sendable {
        package let known: Int
        package let connected: Int
    }

    package struct SyncStatus: Codable, Sendable {
        /// current, blocks, state, sidecars or stranded.
        package let state: String
        package let target: UInt64?
    }

    package struct MempoolStatus: Codable, Sendable {
        package let transactions: Int
        package let bytes: Int
    }

    package let chainId: String
    package let height: UInt64
    package let headHash: String
    package let stateRoot: String
    /// Milliseconds since 1970.
    package let time: UInt64
    package let profile: String
    package let genesisHash: String
    package let nodeVersion: String
    /// Micro-JUPT that a transaction costs at least.
    package let minimumFee: UInt64
    /// Of the next block.
    package let epoch: UInt64
    package let validators: ValidatorsSummary
    /// What waits for the ends of coming epochs.
    package let plan: [PendingChangeAnswer]
    package let parametersChange: Bool
    /// `nil` when the node does not tell.
    package let consensus: ConsensusStatus?
    package let peers: PeersSummary
    package let sync: SyncStatus
    package let mempool: MempoolStatus
    package let enclave: EnclaveStatus?
}

/// `GET /v1/genesis`.
struct GenesisAnswer: Codable {
    let genesis: Data
    let hash: String
}

/// `GET /v1/headers/{height}`: a certified header.
struct HeaderAnswer: Codable {
    let header: Data
    let certificate: Data
    let nextValidators: Data?
    let height: UInt64
    let hash: String

    var certified: WireCertifiedHeader {
        var wire = WireCertifiedHeader()
        wire.header = .init(header)
        wire.certificate = .init(certificate)
        if let nextValidators { wire.nextValidators = .init(nextValidators) }
        return wire
    }
}

/// `GET /v1/headers`.
struct HeadersAnswer: Codable {
    let headers: [HeaderAnswer]
}

/// `GET /v1/accounts/{address}`.
package struct AccountAnswer: Codable, Sendable {
    package let address: String
    package let nonce: UInt64
    /// Micro-JUPT.
    package let balance: UInt64
    /// The next nonce, counting what waits in this node.
    package let pendingNonce: UInt64
}

/// What an event of a receipt tells.
package struct EventAnswer: Codable, Sendable {
    package let type: String
    package let id: String?
    package let account: String?
    package let amount: UInt64?
}

/// What became of a transaction: `code` 0, or the stable code of a refusal.
package struct ReceiptAnswer: Codable, Sendable {
    package let id: String
    package let height: UInt64
    package let index: UInt32
    package let code: UInt32
    package let name: String?
    package let reason: String?
    package let fee: UInt64
    package let events: [EventAnswer]

    /// The refusal that the receipt reports; `nil` when everything applied.
    package var refusal: NodeRefusal? {
        code == 0 ? nil : NodeRefusal(code: code, name: name ?? "transaction.refused", reason: reason ?? "refused", status: 200)
    }
}

/// `GET /v1/transactions/{id}`.
package struct TransactionAnswer: Codable, Sendable {
    package let id: String
    /// pending, committed or unknown.
    package let status: String
    package let receipt: ReceiptAnswer?
}

struct ReceiptsAnswer: Codable {
    let receipts: [TransactionAnswer]
}

struct ReceiptProofAnswer: Codable {
    let receiptProof: Data
}

struct SubmitAnswer: Codable {
    let id: String
}

struct ErrorBody: Codable {
    let code: UInt32
    let name: String
    let reason: String
    let next: String?
}

struct ErrorAnswer: Codable {
    let error: ErrorBody
}

struct BatchAnswer: Codable {
    struct Item: Codable {
        let id: String?
        let error: ErrorBody?
    }
    let results: [Item]
}

/// `GET /v1/state/{key}`.
package struct StateAnswer: Codable, Sendable {
    /// The value is that of the state after this block; header `height + 1` proves it.
    package let height: UInt64
    package let value: Data?
    package let proof: Data?
}

/// What an enclave answered to an enrolment.
package struct EnrolmentOutcome: Codable, Sendable {
    package let subject: String
    package let dataset: String
    package let commitment: String
    package let vaultVersion: UInt64
    package let receipt: Data
    package let keyEpoch: UInt32?
    package let error: Failure?

    package struct Failure: Codable, Sendable {
        package let code: UInt32
        package let name: String
        package let reason: String

        package init(code: UInt32, name: String, reason: String) { (self.code, self.name, self.reason) = (code, name, reason) }
    }

    package init(
        subject: String, dataset: String, commitment: String, vaultVersion: UInt64, receipt: Data, keyEpoch: UInt32?, error: Failure?
    ) {
        (self.subject, self.dataset, self.commitment, self.vaultVersion) = (subject, dataset, commitment, vaultVersion)
        (self.receipt, self.keyEpoch, self.error) = (receipt, keyEpoch, error)
    }
}

struct EnrolmentsAnswer: Codable {
    let outcomes: [EnrolmentOutcome]
}
