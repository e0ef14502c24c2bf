import ChainTypes
import Crypto
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes

/// Opening results to their requesters, only against proof that the chain accepted them (docs/spec/enclave.md §6).
extension EnclaveMachine {
    /// What is opened, and what has to be written first.
    private struct Opening {
        let job: Hash32
        /// Of the sealed result.
        let key: SymmetricKey
        let recipient: SealingPublicKey
        let changes: [WireVaultEntry.OneOf_Change]
    }

    mutating func openAssessments(_ command: WireOpenAssessmentsCommand) throws -> WireOpenAssessmentsAnswer {
        try requireServing(at: command.height)
        guard command.assessments.count <= EnclaveLimits.assessments else { throw EnclaveError.tooMany }
        guard command.sidecars.count <= EnclaveLimits.assessments else { throw EnclaveError.tooMany }
        try requirePunctured(command.punctures)
        let checks = openingChecks()
        let shown = Dictionary(command.sidecars.map { (Sidecar.commitment([UInt8]($0)), [UInt8]($0)) }) { first, _ in first }
        var answer = WireOpenAssessmentsAnswer()
        var openings: [(Int, Opening)] = []
        for (position, proven) in command.assessments.enumerated() {
            var outcome = WireOpenOutcome()
            do throws(RunFailure) {
                let assessment = try checks.assessment(proven)
                outcome.id = assessment.id
                // What the requester signed counts too, whatever the state says that is demanded.
                let confirmations = max(assessment.demand.confirmations, assessment.request.demand.confirmations)
                guard confirmations <= 1 || Set(assessment.confirmedBy).count >= Int(confirmations) else { throw .host(.unconfirmed) }
                openings.append(
                    (
                        position,
                        try opening(
                            Committed(
                                id: assessment.id, status: assessment.status, enclave: assessment.enclave,
                                commitment: assessment.commitment, recipient: assessment.request.recipientKey),
                            sidecar: Hash32(assessment.commitment).flatMap { shown[$0] })
                    ))
            } catch { outcome.failure = error.failure }
            answer.outcomes.append(outcome)
        }
        let changes = openings.flatMap(\.1.changes)
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
            let sidecar = command.sidecar.isEmpty ? nil : [UInt8](command.sidecar)
            let opening = try opening(
                Committed(
                    id: subscription.id, status: subscription.status, enclave: subscription.enclave,
                    commitment: subscription.commitment, recipient: subscription.request.recipientKey),
                sidecar: sidecar.flatMap { Hash32(subscription.commitment) == Sidecar.commitment($0) ? $0 : nil })
            do throws(VaultError) { if !opening.changes.isEmpty { try record(opening.changes) } } catch { throw .host(error) }
            do throws(EnclaveError) { try open(opening, &answer.outcome) } catch { throw .host(error) }
        } catch { answer.outcome.failure = error.failure }
        return answer
    }

    private func openingChecks() -> EvidenceChecks {
        EvidenceChecks(
            chainID: chainID, enclave: id, vault: vaultID, trusted: client.trusted, shared: WireSharedEvidence(), observer: observer)
    }

    /// What the chain says of a job that is to be opened.
    private struct Committed {
        let id: Data
        let status: WireJobStatus
        let enclave: Data
        let commitment: Data
        let recipient: WireSealingKey
    }

    /// One run of a job is ever opened, the one that the chain accepted; opening it again is harmless.
    ///
    /// No box is signed whose key does not open the sealed result, as it is kept here or as the host shows it.
    private func opening(_ committed: Committed, sidecar: [UInt8]?) throws(RunFailure) -> Opening {
        guard let job = Hash32(committed.id), let commitment = Hash32(committed.commitment), committed.status == .committed else {
            throw .host(.notCommitted)
        }
        guard let recipient = try? SealingPublicKey(committed.recipient) else { throw .host(.badRecipientKey) }
        let runs = vault.runs(of: job)
        guard let run = runs.first(where: { $0.commitment == commitment }) else {
            guard !runs.contains(where: \.isOpened), let sidecar, sidecar.count > Sidecar.saltBytes else { throw .host(.notCommitted) }
            return try unknown(sidecar, job: job, committed, recipient)
        }
        guard run.isOpened || !runs.contains(where: \.isOpened) else { throw .host(.notCommitted) }
        guard !run.isErased else { throw .host(.recordErased) }
        // The quorum is often the host: the key in its state counts only if it is the one that the requester signed.
        guard ResultEnvelope.recipient(committed.recipient) == run.recipient else { throw .host(.badRecipientKey) }
        guard let key = vault.resultKey(of: run, job: job) else { throw .host(.resultKeyGone) }
        if let sealed = run.sealedResult ?? sidecar {
            let maker = run.isOwn ? Data(id.bytes) : committed.enclave
            guard Self.opens(sealed, key, job: job, by: maker) else { throw .host(.resultKeyGone) }
        } else {
            // Opened before: its key was tried then.
            guard run.isOpened else { throw .host(.notCommitted) }
        }
        let changes: [WireVaultEntry.OneOf_Change] = run.isOpened ? [] : [.run(.opened(job, commitment))]
        return Opening(job: job, key: key, recipient: recipient, changes: changes)
    }

    /// The opening of a result that another enclave of the vault made, before it told this one of its run.
    ///
    /// That the vault's present secret opens it says who made it, and that no key was destroyed since: which records it was made from only
    /// its maker knows. The key derives from the recipient that the maker was shown with the requester's signature: for another one it
    /// opens nothing. It is kept here like one of this enclave's own: or the host could have one run after another opened.
    private func unknown(
        _ sidecar: [UInt8], job: Hash32, _ committed: Committed, _ recipient: SealingPublicKey
    ) throws(RunFailure) -> Opening {
        let (salt, signed) = (Array(sidecar[..<Sidecar.saltBytes]), ResultEnvelope.recipient(committed.recipient))
        let key = vault.resultSecret.resultKey(job: job, recipient: signed, salt: salt)
        guard Self.opens(sidecar, key, job: job, by: committed.enclave) else { throw .host(.resultKeyGone) }
        let commitment = Sidecar.commitment(sidecar)
        let kept = Self.run(job, (salt, commitment), for: signed, dataset: "", sources: [])
        return Opening(job: job, key: key, recipient: recipient, changes: [.run(kept), .run(.opened(job, commitment))])
    }

    /// Whether `key` opens a sealed result of `job` that names `enclave` as its maker.
    private static func opens(_ sealed: [UInt8], _ key: SymmetricKey, job: Hash32, by enclave: Data) -> Bool {
        guard let signed = try? ResultEnvelope.open(sealed, key: key, job: job),
            let result = try? WireResult(strictly: [UInt8](signed.result), limit: Limits.sidecar)
        else { return false }
        return Hash32(result.request) == job && result.enclave == enclave
    }

    private func open(_ opening: Opening, _ outcome: inout WireOpenOutcome) throws(EnclaveError) {
        guard let box = try? ResultEnvelope.keyBox(opening.key, job: opening.job, to: opening.recipient) else { throw .badRecipientKey }
        outcome.keyBox = box.wire
        outcome.signature = .init(
            try sign(EnclaveStatement.opening(chainID: chainID, job: opening.job, keyBox: box.wire), .jobOpening))
    }
}

extension WireVaultRun {
    /// That a run's key box was made.
    static func opened(_ job: Hash32, _ commitment: Hash32) -> WireVaultRun {
        var change = WireVaultRun()
        (change.request, change.commitment, change.opened) = (.init(job.bytes), .init(commitment.bytes), true)
        return change
    }
}
