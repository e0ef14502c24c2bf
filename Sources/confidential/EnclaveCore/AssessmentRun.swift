import ChainTypes
import ConsentRules
import Cryptography
import DataModel
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Running assessments: everything is checked, the run is made durable, then answered (docs/spec/enclave.md §4).
extension EnclaveMachine {
    /// A run that is not durable yet.
    struct DecidedRun {
        let job: Hash32
        let commitment: Hash32
        let sealedResult: [UInt8]
        /// What to write before it is answered; empty for a repeated request.
        let changes: [WireVaultEntry.OneOf_Change]
    }

    /// One outcome for each assessment, in order. All proofs are under the header of `shared.height`, which must be the newest.
    mutating func runAssessments(_ command: WireRunAssessmentsCommand) throws -> WireRunAssessmentsAnswer {
        try requireServing(at: command.shared.height)
        try requirePunctured(command.shared.punctures)
        guard command.assessments.count <= EnclaveLimits.assessments else { throw EnclaveError.tooMany }
        var checks = EvidenceChecks(
            chainID: chainID, enclave: id, vault: vaultID, trusted: client.trusted, shared: command.shared, observer: observer)
        var answer = WireRunAssessmentsAnswer()
        var decided: [(position: Int, run: DecidedRun)] = []
        var pendingUses: [Hash32: Set<Hash32>] = [:]
        var changes: [WireVaultEntry.OneOf_Change] = []
        for (position, evidence) in command.assessments.enumerated() {
            var outcome = WireRunOutcome()
            do throws(RunFailure) {
                let run = try run(evidence, &checks, &pendingUses, &outcome)
                changes += run.changes
                decided.append((position, run))
            } catch { try fail(&outcome, error, kind: .jobRefusal) }
            answer.outcomes.append(outcome)
        }
        if !changes.isEmpty { try record(changes) }
        observer?(.sealing)
        for (position, run) in decided {
            answer.outcomes[position].commitment = .init(run.commitment.bytes)
            answer.outcomes[position].sealedResult = .init(run.sealedResult)
            let statement = EnclaveStatement.commitment(chainID: chainID, job: run.job, commitment: run.commitment)
            answer.outcomes[position].signature = .init(try sign(statement, .jobCommitment))
        }
        observer?(.other)
        return answer
    }

    /// Puts `failure` into `outcome`; a final one is signed, if it is known which job it is about.
    func fail(_ outcome: inout WireRunOutcome, _ failure: RunFailure, kind: Context) throws(EnclaveError) {
        outcome.failure = failure.failure
        guard failure.isFinal, let job = Hash32(outcome.id) else { return }
        let statement = EnclaveStatement.refusal(chainID: chainID, job: job, code: failure.failure.code)
        outcome.signature = .init(try sign(statement, kind))
    }

    private mutating func run(
        _ evidence: WireAssessmentEvidence, _ checks: inout EvidenceChecks, _ pendingUses: inout [Hash32: Set<Hash32>],
        _ outcome: inout WireRunOutcome
    ) throws(RunFailure) -> DecidedRun {
        let assessment = try checks.assessment(evidence.assessment)
        guard let job = Hash32(assessment.id), assessment.status == .pending else { throw .host(.notPending) }
        guard assessment.height < client.trusted.height else { throw .host(.staleState) }
        // From here on it is known, by the chain's proof, which job a refusal is about.
        outcome.id = assessment.id
        if let earlier = vault.runs(of: job).last {
            guard !earlier.isErased else { throw .final(.recordErased) }
            guard let sealed = earlier.sealedResult else { throw .host(.alreadyRun) }
            return DecidedRun(job: job, commitment: earlier.commitment, sealedResult: sealed, changes: [])
        }
        try checks.request(
            evidence.requestTransaction, id: assessment.id, transactionID: assessment.transactionID, index: assessment.messageIndex,
            requester: assessment.requester
        ) { $0.kind == .requestAssessment(assessment.request) }
        let grant = try checkConsent(assessment, evidence, &checks, pendingUses)
        let request = assessment.request
        guard client.trusted.time < request.deadline else { throw .host(.deadlinePassed) }
        guard (try? SealingPublicKey(request.recipientKey)) != nil else { throw .final(.badRecipientKey) }
        let dataset = try checks.dataset(request.dataset)
        guard let program = Hash32(request.program) else { throw .final(.programsUnpublished) }
        let manifest = try checks.program(program, kind: .assessment)
        let (row, source) = try self.row(evidence, subject: request.subject, dataset: dataset, fields: request.fields, &checks)
        let ready = try programs.program(program, manifest: manifest)
        let output = try execute(ready, rows: [row], schema: dataset.schema, fields: request.fields, parameters: [])
        let sealed = try seal(output, job: job, program: program, by: ready, subjects: 1)
        let (isNew, _) = pendingUses[grant, default: []].insert(job)
        guard isNew else { throw .host(.malformedCommand) }
        return DecidedRun(
            job: job, commitment: sealed.commitment, sealedResult: sealed.bytes,
            changes: [.used(Self.use(grant, job)), .run(Self.run(job, sealed, dataset: request.dataset, sources: [source]))])
    }

    /// The grant that covers the assessment: proven, signed by its subject, and judged by the enclave's own rules and count.
    private func checkConsent(
        _ assessment: WireAssessment, _ evidence: WireAssessmentEvidence, _ checks: inout EvidenceChecks,
        _ pendingUses: [Hash32: Set<Hash32>]
    ) throws(RunFailure) -> Hash32 {
        let request = assessment.request
        guard let subject = Address(request.subject), let grant = Hash32(request.grant), let requester = Address(assessment.requester),
            let program = Hash32(request.program)
        else { throw .host(.badProof) }
        guard let consent = try checks.consent(evidence.consent, subject: subject, grant: grant) else { throw .final(.consentNone) }
        try checks.grant(consent, subject: subject, transaction: evidence.grantTransaction)
        let use = ConsentUse(
            recipient: requester, dataset: request.dataset, fields: request.fields, purpose: request.purpose, program: program,
            locality: chainID, price: request.price)
        do throws(Refusal) {
            try ConsentPolicy.checkCharged(consent, use: use, useNumber: assessment.useNumber, at: client.trusted.time)
        } catch { throw .final(error) }
        try checkOwnCount(grant, job: Hash32(assessment.id), maximum: consent.scope.maximumUses, pending: pendingUses[grant] ?? [])
        return grant
    }

    /// The vault's own count of a grant's uses: a host that resets the chain's count gains nothing.
    func checkOwnCount(_ grant: Hash32, job: Hash32?, maximum: UInt32, pending: Set<Hash32>) throws(RunFailure) {
        let uses = vault.uses(of: grant)
        guard let job, !uses.contains(job), !pending.contains(job) else { return }
        // `pending` holds only uses that are not in the vault yet.
        guard uses.count + pending.count < Int(maximum) else { throw .final(.consentExhausted) }
    }

    /// The granted and requested fields of the subject's one record; nothing else of it leaves this function.
    private func row(
        _ evidence: WireAssessmentEvidence, subject: Data, dataset: EvidenceChecks.Dataset, fields: [String],
        _ checks: inout EvidenceChecks
    ) throws(RunFailure) -> (row: [FieldValue?], source: Vault.RecordKeyName) {
        guard let subject = Address(subject) else { throw .host(.badProof) }
        guard evidence.records.count == 1 else { throw .final(.wrongRecords) }
        let name = Vault.KeyName(
            subject: subject, dataset: dataset.value.dataset, epoch: try checks.claimedEpoch(evidence.records[0]))
        let key = try checks.subjectKey(evidence.subjectKey, name, key: vault.key(name))
        let (record, source) = try checks.record(evidence.records[0], owner: subject, dataset: dataset, key: key)
        do { return (try RowBatch.project(record, schema: dataset.schema, fields: fields), source) } catch { throw .final(error) }
    }
}
