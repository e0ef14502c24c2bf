import ChainTypes
import FoundationEssentials
import Node
import Primitives
import WireTypes

struct SealedView: Encodable {
    let suite: String
    let encapsulatedKey: Data
    let ciphertext: Data

    init(_ wire: WireSealedMessage) {
        (suite, encapsulatedKey, ciphertext) = (suiteName(wire.suite), wire.encapsulatedKey, wire.ciphertext)
    }
}

struct AssessmentView: StateView {
    struct Request: Encodable {
        let subject, grant, dataset, program, purpose: String
        let fields: [String]
        let deadline, price: UInt64
        /// Those that the request names.
        let enclaves: [String]
    }
    let id: String
    let requester: String
    let request: Request
    let transactionId: String
    let messageIndex: UInt32
    let status: String
    /// What dataset and request demand of enclaves together.
    let demand: DemandView?
    let confirmedBy: [String]
    let disputedBy: String?
    let useNumber: UInt32
    let grantVersion: UInt32
    let height: UInt64
    let enclave: String?
    let commitment: String?
    let committedHeight: UInt64
    let keyBox: SealedView?
    let refusalCode: UInt32
    let refusalName: String?
    let openedHeight: UInt64

    init(_ wire: WireAssessment) {
        (id, requester, transactionId) = (Hex.encode(wire.id), address(wire.requester), Hex.encode(wire.transactionID))
        request = Request(
            subject: address(wire.request.subject), grant: Hex.encode(wire.request.grant), dataset: wire.request.dataset,
            program: Hex.encode(wire.request.program), purpose: wire.request.purpose, fields: wire.request.fields,
            deadline: wire.request.deadline, price: wire.request.price, enclaves: wire.request.enclaves.map { Hex.encode($0) })
        (messageIndex, status) = (wire.messageIndex, statusName(wire.status))
        demand = wire.hasDemand ? DemandView(wire.demand) : nil
        (confirmedBy, disputedBy) = (wire.confirmedBy.map { Hex.encode($0) }, hash(wire.disputedBy))
        (useNumber, grantVersion, height) = (wire.useNumber, wire.grantVersion, wire.height)
        (enclave, commitment, committedHeight) = (hash(wire.enclave), hash(wire.commitment), wire.committedHeight)
        keyBox = wire.hasKeyBox ? SealedView(wire.keyBox) : nil
        (refusalCode, refusalName, openedHeight) = (wire.refusalCode, refusal(wire.refusalCode), wire.openedHeight)
    }
}

struct SubscriptionView: StateView {
    struct Request: Encodable {
        let dataset, program, purpose: String
        let fields: [String]
        let minimumCohort, maximumCohort: UInt32
        let deadline, price: UInt64
    }
    let id: String
    let requester: String
    let request: Request
    let transactionId: String
    let messageIndex: UInt32
    let status: String
    let height: UInt64
    let enclave: String?
    let commitment: String?
    let runHeight: UInt64
    let cohort: UInt32
    let committedHeight: UInt64
    let keyBox: SealedView?
    let refusalCode: UInt32
    let refusalName: String?
    let openedHeight: UInt64
    let grantsHash: String?

    init(_ wire: WireSubscription) {
        (id, requester, transactionId) = (Hex.encode(wire.id), address(wire.requester), Hex.encode(wire.transactionID))
        request = Request(
            dataset: wire.request.dataset, program: Hex.encode(wire.request.program), purpose: wire.request.purpose,
            fields: wire.request.fields, minimumCohort: wire.request.minimumCohort, maximumCohort: wire.request.maximumCohort,
            deadline: wire.request.deadline, price: wire.request.price)
        (messageIndex, status, height) = (wire.messageIndex, statusName(wire.status), wire.height)
        (enclave, commitment, runHeight, cohort) = (hash(wire.enclave), hash(wire.commitment), wire.runHeight, wire.cohort)
        (committedHeight, keyBox) = (wire.committedHeight, wire.hasKeyBox ? SealedView(wire.keyBox) : nil)
        (refusalCode, refusalName, openedHeight) = (wire.refusalCode, refusal(wire.refusalCode), wire.openedHeight)
        grantsHash = hash(wire.grantsHash)
    }
}

struct EnrolmentView: Encodable {
    let subject: String
    let dataset: String
    let commitment: String?
    let vaultVersion: UInt64
    let receipt: Data
    let keyEpoch: UInt32
    let error: ErrorView.Detail?

    init(_ wire: WireEnrolOutcome) {
        (subject, dataset) = (address(wire.subject), wire.dataset)
        (commitment, vaultVersion, receipt) = (hash(wire.commitment), wire.vaultVersion, wire.receipt)
        keyEpoch = wire.keyEpoch
        error =
            wire.hasFailure
            ? ErrorView.Detail(code: wire.failure.code, name: wire.failure.name, reason: wire.failure.reason) : nil
    }
}

private func statusName(_ status: WireJobStatus) -> String {
    switch status {
    case .pending: "pending"
    case .committed: "committed"
    case .opened: "opened"
    case .refunded: "refunded"
    case .refused: "refused"
    case .unspecified, .UNRECOGNIZED: "unknown"
    }
}

private func refusal(_ code: UInt32) -> String? { code == 0 ? nil : ErrorCatalogue.refusal(code).name }
