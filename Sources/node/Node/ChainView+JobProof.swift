import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import SwiftProtobuf
import WireTypes

/// What a receipt's file holds of the job that its transaction asked for (docs/spec/light-client.md §5), and what a wallet is shown of an
/// enclave before it seals to it (docs/spec/enclave.md §3).
extension ChainView {
    /// What the state says of a job, as far as its proof needs it.
    private struct Job {
        let key: [UInt8]
        let enclave: Data
        let committedHeight: UInt64
        /// An assessment's subject and grant.
        let grant: (subject: Address, id: Hash32)?
    }

    /// Everything about the job that `transaction` asked for; `nil` where it asked for none. What this node no longer has is left out.
    func jobProof(_ transaction: SignedTransaction) throws -> WireJobProof? {
        guard let job = try job(of: transaction), let newest = try? newestCertified(), newest.header.height > 0 else { return nil }
        var proof = WireJobProof()
        proof.header = newest.wire
        proof.transaction = .init(transaction.bytes)
        let height = newest.header.height - 1
        proof.job = try proven(job.key, at: height)
        if let enclave = Hash32(job.enclave) {
            proof.enclave = try proven(StateKey.enclave(enclave), at: height)
            proof.commitTransaction = .init(try commitment(of: transaction, in: job.committedHeight) ?? [])
            try addAdmission(&proof)
        }
        if let grant = job.grant {
            proof.consent = try proven(StateKey.consent(grant.subject, grant: grant.id), at: height)
            let consent = try? WireConsent(serializedBytes: proof.consent.value)
            if let id = consent.flatMap({ Hash32($0.transactionID) }) {
                proof.grantTransaction = .init(try transactionBytes(id) ?? [])
            }
        }
        return proof
    }

    /// The first job that `transaction` asked for and the state knows.
    private func job(of transaction: SignedTransaction) throws -> Job? {
        for (index, message) in transaction.body.messages.enumerated() {
            let id = transaction.messageIdentifier(index)
            switch message.kind {
            case .requestAssessment(let request):
                guard let value = try value(StateKey.assessment(id)), let job = try? WireAssessment(serializedBytes: value),
                    let subject = Address(request.subject), let grant = Hash32(request.grant)
                else { continue }
                return Job(
                    key: StateKey.assessment(id), enclave: job.enclave, committedHeight: job.committedHeight, grant: (subject, grant))
            case .requestSubscription:
                guard let value = try value(StateKey.subscription(id)), let job = try? WireSubscription(serializedBytes: value) else {
                    continue
                }
                return Job(
                    key: StateKey.subscription(id), enclave: job.enclave, committedHeight: job.committedHeight, grant: nil)
            default: continue
            }
        }
        return nil
    }

    private func proven(_ key: [UInt8], at height: UInt64) throws -> WireProvenValue {
        let answer = try ledger.query(key, height: height, prove: true)
        var proven = WireProvenValue()
        (proven.value, proven.proof) = (.init(answer.value ?? []), .init(answer.proof ?? []))
        return proven
    }

    /// The transaction of block `height` by which an enclave committed to a job of `request`.
    private func commitment(of request: SignedTransaction, in height: UInt64) throws -> [UInt8]? {
        let jobs = Set(request.body.messages.indices.map { Data(request.messageIdentifier($0).bytes) })
        return try block(height)?.transactions.first { transaction in
            transaction.body.messages.contains { message in
                switch message.kind {
                case .commitAssessment(let commit): jobs.contains(commit.id)
                case .commitSubscription(let commit): jobs.contains(commit.id)
                default: false
                }
            }
        }?.bytes
    }

    // MARK: Evidence

    /// Everything about the enclave `id`: its entry, its newest evidence, and what this is to be appraised with, all of the newest state that
    /// a header proves.
    ///
    /// - Throws: `notFound` for an enclave that this state does not know, `finalityUnavailable` where no proof of the newest blocks has come.
    package func enclaveProof(_ id: Hash32) throws -> WireJobProof {
        guard let newest = try newestCertified(), newest.header.height > 0 else {
            throw NodeError.notFound("a header that proves the state")
        }
        let height = newest.header.height - 1
        var proof = WireJobProof()
        (proof.header, proof.enclave) = (newest.wire, try proven(StateKey.enclave(id), at: height))
        guard let enclave = try? WireEnclave(serializedBytes: proof.enclave.value), !proof.enclave.value.isEmpty else {
            throw NodeError.notFound("the enclave \(id)")
        }
        for epoch in 0..<newest.header.epoch { proof.epochs.append(try epochEnd(epoch)) }
        _ = try addEvidence(of: enclave, to: &proof)
        try addAppraisal(of: enclave, at: height, to: &proof)
        return proof
    }

    /// The enclave's newest evidence, the block that holds it, the block that it answers, and what its appraisal rested on then.
    private func addAdmission(_ proof: inout WireJobProof) throws {
        guard let enclave = try? WireEnclave(serializedBytes: proof.enclave.value), !enclave.evidenceHash.isEmpty,
            let (height, transaction) = try addEvidence(of: enclave, to: &proof),
            let receipt = try? receiptProof(transaction.id, withJob: false), let block = try ledger.header(height)
        else { return }
        var bare = receipt
        bare.epochs = []
        proof.registrationReceipt = .init(bare.encoded())
        proof.registrationBlock = .init(block.bytes)
        // A node that has forgotten that old a state leaves these out.
        try? addAppraisal(of: enclave, at: height, to: &proof)
    }

    /// The evidence, and the block that it answers; `nil` where this node has forgotten it.
    private func addEvidence(
        of enclave: WireEnclave, to proof: inout WireJobProof
    ) throws -> (height: UInt64, transaction: SignedTransaction)? {
        guard !enclave.evidenceHash.isEmpty, let found = try registration(enclave) else { return nil }
        proof.registration = .init(found.transaction.bytes)
        if let challenge = try certified(covering: enclave.challengeHeight) {
            proof.challengePath = challenge.ancestry.map { .init($0.bytes) }
            proof.challengeHeader = challenge.wire
        }
        return found
    }

    /// Rules, reference value and endorsements, of the state after block `height`.
    private func addAppraisal(of enclave: WireEnclave, at height: UInt64, to proof: inout WireJobProof) throws {
        proof.attestationRules = try proven(StateKey.attestationRules, at: height)
        if let measurement = Hash32(enclave.identity.measurement) {
            proof.referenceValue = try proven(StateKey.referenceValue(enclave.identity.platform, measurement: measurement), at: height)
        }
        proof.endorsements = try enclave.endorsements.map { try proven(StateKey.endorsement($0), at: height) }
    }

    /// Where the evidence of which the state holds the hash came onto the chain. It answered one of the 256 blocks before.
    private func registration(_ enclave: WireEnclave) throws -> (height: UInt64, transaction: SignedTransaction)? {
        for height in enclave.challengeHeight...(enclave.challengeHeight + 256) where height <= head.height {
            for transaction in try block(height)?.transactions ?? [] {
                for message in transaction.body.messages where Self.evidence(message).map(Self.hash) == enclave.evidenceHash {
                    return (height, transaction)
                }
            }
        }
        return nil
    }

    private static func evidence(_ message: WireMessage) -> Data? {
        switch message.kind {
        case .registerEnclave(let registration): registration.evidence
        case .renewEvidence(let renewal): renewal.evidence
        default: nil
        }
    }

    private static func hash(_ evidence: Data) -> Data { .init(Digest.hash(.evidence, [UInt8](evidence)).bytes) }
}
