import Attestation
import AuthenticatedState
import ChainTypes
import ConsentRules
import Cryptography
import EnclaveProtocol
import Foundation
import LightClient
import Primitives
import SwiftProtobuf
import WireTypes

/// The steps from a certified state to a result: job, enclave, evidence, signature, request, consent.
struct JobTrail {
    enum Kind { case assessment, subscription }

    /// What both kinds of jobs say in the state.
    private struct Job {
        let id: Hash32
        let requester: Address
        let status: WireJobStatus
        let enclave: Data
        let commitment: Data
        let isAsked: (WireMessage) -> Bool
        let assessment: WireAssessment?
        let subscription: WireSubscription?
    }

    let genesis: Genesis
    let proof: WireReceiptProof
    let kind: Kind
    let epochs: EpochTrust?
    let receipt: WireReceipt?
    private var chainID: String { genesis.chainID }

    func walk(_ steps: inout TrustSteps) {
        guard proof.hasJob else {
            for (name, purpose) in Self.purposes {
                let _: Void? = steps.step(name, showing: purpose, restsOn: "what the file does not hold") { throw Self.old }
            }
            return
        }
        let header = try? stateHeader()
        let job = steps.step(
            .state, showing: "what the chain says of the job", restsOn: "the state root in a certified header"
        ) {
            let header = try stateHeader()
            let job = try self.job(under: header)
            return (job, "\(kind) \(job.id) is \(job.status.name), proven by block \(header.height)")
        }
        let enclave = steps.step(
            .enclave, showing: "which enclave computed", restsOn: "the state root in the same header, and the validators' admission"
        ) {
            let enclave = try self.enclave(job, under: try header.resting(on: .state))
            return (enclave, Self.describe(enclave))
        }
        _ = steps.step(
            .evidence, showing: "that the enclave's evidence appraises well",
            restsOn: "the platform's vendor, whose anchors are built in, and the chain's rules of then"
        ) { ((), try EvidenceTrail(genesis: genesis, proof: proof.job, epochs: epochs, enclave: enclave).appraise()) }
        _ = steps.step(.result, showing: "that the enclave signed the result", restsOn: "the enclave's key, which its evidence binds") {
            ((), try result(try job.resting(on: .state), try enclave.resting(on: .enclave)))
        }
        let request = steps.step(.request, showing: "that the requester asked for exactly this", restsOn: "the requester's own signature") {
            let transaction = try self.request(job)
            return (transaction, "asked for and signed by \(transaction.sender)")
        }
        _ = steps.step(
            .consent, showing: "that the subject consented to exactly this",
            restsOn: "the subject's own signature, and the rules of consent"
        ) { ((), try consent(try job.resting(on: .state), request, under: try header.resting(on: .state))) }
    }

    private static let purposes: [(TrustStep.Name, String)] = [
        (.state, "what the chain says of the job"), (.enclave, "which enclave computed"),
        (.evidence, "that the enclave's evidence appraises well"), (.result, "that the enclave signed the result"),
        (.request, "that the requester asked for exactly this"), (.consent, "that the subject consented to exactly this"),
    ]

    // MARK: State

    /// The header whose state the job's values are of.
    private func stateHeader() throws -> BlockHeader {
        guard proof.job.hasHeader else { throw Self.old }
        var epochs = try epochs.resting(on: .validators)
        try epochs.append(proof.job.epochs)
        return try epochs.verify(proof.job.header)
    }

    private static let old = TrustFailure.missing("the file holds a receipt alone: get it again to have it hold the job")

    private func job(under header: BlockHeader) throws -> Job {
        switch kind {
        case .assessment:
            let value: WireAssessment = try Self.value(proof.job.job, under: header) { Hash32($0.id).map(StateKey.assessment) }
            guard let id = Hash32(value.id), let requester = Address(value.requester) else { throw LightClientError.malformed }
            let kind = WireMessage.OneOf_Kind.requestAssessment(value.request)
            return Job(
                id: id, requester: requester, status: value.status, enclave: value.enclave, commitment: value.commitment,
                isAsked: { $0.kind == kind }, assessment: value, subscription: nil)
        case .subscription:
            let value: WireSubscription = try Self.value(proof.job.job, under: header) { Hash32($0.id).map(StateKey.subscription) }
            guard let id = Hash32(value.id), let requester = Address(value.requester) else { throw LightClientError.malformed }
            let kind = WireMessage.OneOf_Kind.requestSubscription(value.request)
            return Job(
                id: id, requester: requester, status: value.status, enclave: value.enclave, commitment: value.commitment,
                isAsked: { $0.kind == kind }, assessment: nil, subscription: value)
        }
    }

    /// A value that names its own place, proven under `header`.
    static func value<Value: SwiftProtobuf.Message>(
        _ proven: WireProvenValue, under header: BlockHeader, placed key: (Value) -> [UInt8]?
    ) throws -> Value {
        let bytes = [UInt8](proven.value)
        guard !bytes.isEmpty else { throw TrustFailure.missing("the file does not hold this value of the state") }
        guard let value = try? Value(strictly: bytes, limit: Limits.stateValue), let place = key(value) else {
            throw LightClientError.malformed
        }
        try StateProof.decode([UInt8](proven.proof)).verify(root: header.stateRoot, key: place, value: bytes)
        return value
    }

    /// Returns if nothing stands at `key` under `header`.
    static func absent(_ proven: WireProvenValue, under header: BlockHeader, _ key: [UInt8]) throws {
        guard !proven.proof.isEmpty else { throw TrustFailure.missing("the file does not hold this value of the state") }
        try StateProof.decode([UInt8](proven.proof)).verify(root: header.stateRoot, key: key, value: nil)
    }

    /// The enclave that committed to the result.
    private func enclave(_ job: Job?, under header: BlockHeader) throws -> WireEnclave {
        if let job, job.enclave.isEmpty { throw TrustFailure.missing("no enclave has committed to a result yet") }
        let enclave: WireEnclave = try Self.value(proof.job.enclave, under: header) { Hash32($0.id).map(StateKey.enclave) }
        guard EnclaveStatement.identifier(enclave.identity) == Hash32(enclave.id) else {
            throw TrustFailure.fails("the enclave's id is not that of its keys")
        }
        if let job, job.enclave != enclave.id { throw TrustFailure.fails("it is not the enclave that committed to the result") }
        return enclave
    }

    /// The platform as the chain honestly labels it, and what that is worth.
    private static func describe(_ enclave: WireEnclave) -> String {
        let label = enclave.label.isEmpty ? enclave.identity.platform : enclave.label
        let status = enclave.status == .active ? "active" : "suspended" + (enclave.suspension.isEmpty ? "" : " (\(enclave.suspension))")
        return "enclave \(Hex.encode(enclave.id)), platform \(label), class \(enclave.assurance), measurement "
            + "\(Hex.encode(enclave.identity.measurement)), \(status)"
    }

    // MARK: Signatures

    /// The enclave's signature of the commitment; and, where the file shows the result itself, its signature of that.
    private func result(_ job: Job, _ enclave: WireEnclave) throws -> String {
        guard let key = Hash32(enclave.identity.signingKey), let commitment = Hash32(job.commitment) else {
            throw TrustFailure.missing("no enclave has committed to a result yet")
        }
        guard !proof.job.commitTransaction.isEmpty else { throw TrustFailure.missing("the node no longer had the block of the commitment") }
        let transaction = try SignedTransaction(decoding: [UInt8](proof.job.commitTransaction))
        try transaction.verifySignature()
        let signature: Data
        let statement: [UInt8]
        if let commit = Self.commitAssessment(transaction, job.id) {
            signature = commit.signature
            statement =
                commit.hasTerms
                ? EnclaveStatement.commitment(chainID: chainID, job: job.id, commitment: commitment, terms: commit.terms)
                : EnclaveStatement.commitment(chainID: chainID, job: job.id, commitment: commitment)
        } else if let commit = Self.commitSubscription(transaction, job.id),
            let grants = job.subscription.flatMap({ Hash32($0.grantsHash) })
        {
            signature = commit.signature
            statement = EnclaveStatement.commitment(
                chainID: chainID, job: job.id, commitment: commitment, runHeight: commit.runHeight, grants: grants)
        } else {
            throw TrustFailure.fails("the transaction does not commit to this job")
        }
        let verification = VerificationKey.ed25519(key)
        try verification.verify([UInt8](signature), of: statement, context: .jobCommitment)
        let committed = "the enclave signed the commitment \(commitment) to the sealed result"
        guard !proof.job.result.isEmpty else { return committed }
        guard let signed = try? WireSignedResult(strictly: [UInt8](proof.job.result), limit: Limits.sidecar) else {
            throw TrustFailure.fails("the result shown is malformed")
        }
        let result = try ResultEnvelope.verify(signed, job: job.id, chainID: chainID, enclave: enclave.identity)
        return "\(committed), and the result shown (\(result.output.count) bytes, platform \(result.platform))"
    }

    private static func commitAssessment(_ transaction: SignedTransaction, _ job: Hash32) -> WireCommitAssessment? {
        transaction.body.messages.lazy.compactMap { message in
            if case .commitAssessment(let commit) = message.kind, Hash32(commit.id) == job { commit } else { nil }
        }.first
    }

    private static func commitSubscription(_ transaction: SignedTransaction, _ job: Hash32) -> WireCommitSubscription? {
        transaction.body.messages.lazy.compactMap { message in
            if case .commitSubscription(let commit) = message.kind, Hash32(commit.id) == job { commit } else { nil }
        }.first
    }

    /// The receipt's own transaction, signed by its sender, asking for the job in the state's words.
    private func request(_ job: Job?) throws -> SignedTransaction {
        guard !proof.job.transaction.isEmpty else { throw TrustFailure.missing("the file does not hold the transaction") }
        let receipt = try receipt.resting(on: .receipt)
        let transaction = try SignedTransaction(decoding: [UInt8](proof.job.transaction))
        guard Hash32(receipt.transactionID) == transaction.id else {
            throw TrustFailure.fails("it is another transaction than the receipt's")
        }
        guard transaction.body.chainID == chainID else { throw LightClientError.wrongChain }
        try transaction.verifySignature()
        guard let job else { return transaction }
        let index = transaction.body.messages.indices.first { transaction.messageIdentifier($0) == job.id }
        guard let index, transaction.sender == job.requester, job.isAsked(transaction.body.messages[index]) else {
            throw TrustFailure.fails("the state's words are not those that the requester signed")
        }
        return transaction
    }

    // MARK: Consent

    /// The grant that the request names: signed by the subject, and covering the request.
    private func consent(_ job: Job, _ request: SignedTransaction?, under header: BlockHeader) throws -> String {
        guard let assessment = job.assessment else {
            let grants = job.subscription.flatMap { Hash32($0.grantsHash) }.map(\.description) ?? "none yet"
            throw TrustFailure.missing("the grants of a cohort are not in the file; the enclave signed their hash, \(grants)")
        }
        guard !proof.job.grantTransaction.isEmpty else { throw TrustFailure.missing("the node no longer had the grant's block") }
        let asked = assessment.request
        guard let subject = Address(asked.subject), let grant = Hash32(asked.grant), let program = Hash32(asked.program),
            let requester = Address(assessment.requester)
        else { throw LightClientError.malformed }
        let consent: WireConsent = try Self.value(proof.job.consent, under: header) { _ in StateKey.consent(subject, grant: grant) }
        let transaction = try SignedTransaction(decoding: [UInt8](proof.job.grantTransaction))
        guard transaction.body.chainID == chainID else { throw LightClientError.wrongChain }
        try transaction.verifySignature()
        guard transaction.sender == subject, transaction.id == Hash32(consent.transactionID),
            transaction.body.messages.contains(where: { message in
                guard case .grantConsent(let granted) = message.kind else { return false }
                return granted.grant == asked.grant && granted.scope == consent.scope
            })
        else { throw TrustFailure.fails("the grant is not the subject's own signed transaction") }
        // The output budget is left to the chain: the program's bound is not in the file.
        let use = ConsentUse(
            recipient: requester, dataset: asked.dataset, fields: asked.fields, purpose: asked.purpose, program: program,
            locality: chainID, price: asked.price, outputBytes: 0)
        try ConsentPolicy.checkScope(consent.scope, use: use, at: try askedTime())
        guard assessment.useNumber >= 1, assessment.useNumber <= consent.scope.maximumUses else { throw Refusal.consentExhausted }
        return "granted and signed by \(subject) for \(asked.purpose), fields \(asked.fields.joined(separator: ", ")), "
            + "use \(assessment.useNumber) of \(consent.scope.maximumUses); now \(consent.status.name)"
    }

    /// The time of the block after the request's: the first that a light client sees.
    private func askedTime() throws -> UInt64 {
        _ = try receipt.resting(on: .receipt)
        return try ReceiptProof.first(proof.ancestry, below: try LightVerifier.header(proof.header)).time
    }
}

extension WireJobStatus {
    var name: String {
        switch self {
        case .pending: "pending"
        case .committed: "committed"
        case .opened: "opened"
        case .refunded: "refunded"
        case .refused: "refused"
        case .unspecified, .UNRECOGNIZED: "unknown"
        }
    }
}

extension WireConsentStatus {
    var name: String {
        switch self {
        case .active: "active"
        case .suspended: "suspended"
        case .withdrawn: "withdrawn"
        case .exhausted: "exhausted"
        case .unspecified, .UNRECOGNIZED: "unknown"
        }
    }
}
