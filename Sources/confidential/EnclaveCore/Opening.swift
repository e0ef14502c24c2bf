import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Opening results to their requesters, only against proof that the chain accepted them (docs/spec/enclave.md §6).
extension EnclaveMachine {
    /// What is opened, and what has to be written first.
    private struct Opening {
        let job: Hash32
        let salt: [UInt8]
        let recipient: SealingPublicKey
        let change: WireVaultEntry.OneOf_Change?
    }

    mutating func openAssessments(_ command: WireOpenAssessmentsCommand) throws -> WireOpenAssessmentsAnswer {
        try requireServing(at: command.height)
        try requirePunctured(command.punctures)
        guard command.assessments.count <= EnclaveLimits.assessments else { throw EnclaveError.tooMany }
        let checks = openingChecks()
        var answer = WireOpenAssessmentsAnswer()
        var openings: [(Int, Opening)] = []
        for (position, proven) in command.assessments.enumerated() {
            var outcome = WireOpenOutcome()
            do throws(RunFailure) {
                let assessment = try checks.assessment(proven)
                outcome.id = assessment.id
                openings.append(
                    (
                        position,
                        try opening(
                            assessment.id, status: assessment.status, enclave: assessment.enclave, commitment: assessment.commitment,
                            recipient: assessment.request.recipientKey)
                    ))
            } catch { outcome.failure = error.failure }
            answer.outcomes.append(outcome)
        }
        let changes = openings.compactMap(\.1.change)
        if !changes.isEmpty { try record(changes) }
        for (position, opening) in openings { try open(opening, &answer.outcomes[position]) }
        return answer
    }

    mutating func openSubscription(_ command: WireOpenSubscriptionCommand) throws -> WireOpenSubscriptionAnswer {
        try requireServing(at: command.height)
        try requirePunctured(command.punctures)
        var answer = WireOpenSubscriptionAnswer()
        do throws(RunFailure) {
            let subscription = try openingChecks().subscription(command.subscription)
            answer.outcome.id = subscription.id
            let opening = try opening(
                subscription.id, status: subscription.status, enclave: subscription.enclave, commitment: subscription.commitment,
                recipient: subscription.request.recipientKey)
            do throws(VaultError) { if let change = opening.change { try record([change]) } } catch { throw .host(error) }
            do throws(EnclaveError) { try open(opening, &answer.outcome) } catch { throw .host(error) }
        } catch { answer.outcome.failure = error.failure }
        return answer
    }

    private func openingChecks() -> EvidenceChecks {
        EvidenceChecks(chainID: chainID, enclave: id, trusted: client.trusted, shared: WireSharedEvidence(), observer: observer)
    }

    /// One run of a job is ever opened, the one that the chain accepted; opening it again is harmless.
    private func opening(
        _ id: Data, status: WireJobStatus, enclave: Data, commitment: Data, recipient: WireSealingKey
    ) throws(RunFailure) -> Opening {
        guard let job = Hash32(id), status == .committed, Hash32(enclave) == self.id else { throw .host(.notCommitted) }
        let runs = vault.runs(of: job)
        guard let run = runs.first(where: { $0.commitment == Hash32(commitment) }), run.isOpened || !runs.contains(where: \.isOpened)
        else { throw .host(.notCommitted) }
        guard !run.isErased else { throw .host(.recordErased) }
        guard let recipient = try? SealingPublicKey(recipient) else { throw .host(.badRecipientKey) }
        guard !run.isOpened else { return Opening(job: job, salt: run.salt, recipient: recipient, change: nil) }
        var change = WireVaultRun()
        change.request = id
        change.commitment = commitment
        change.opened = true
        return Opening(job: job, salt: run.salt, recipient: recipient, change: .run(change))
    }

    private func open(_ opening: Opening, _ outcome: inout WireOpenOutcome) throws(EnclaveError) {
        let key = resultKey(job: opening.job, salt: opening.salt)
        guard let box = try? ResultEnvelope.keyBox(key, job: opening.job, to: opening.recipient) else { throw .badRecipientKey }
        outcome.keyBox = box.wire
        outcome.signature = .init(
            try sign(EnclaveStatement.opening(chainID: chainID, job: opening.job, keyBox: box.wire), .jobOpening))
    }
}
