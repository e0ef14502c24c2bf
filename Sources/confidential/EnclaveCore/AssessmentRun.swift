import ChainTypes
import ConsentRules
import Cryptography
import DataModel
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes
import WorkerProtocol

/// Running assessments: everything is checked, the run is made durable, then answered (docs/spec/enclave.md §4).
extension EnclaveMachine {
    /// A run that is not durable yet.
    struct DecidedRun {
        let job: Hash32
        let commitment: Hash32
        let sealedResult: [UInt8]
        /// What other enclaves confirm it by; `nil` when nobody has to.
        let terms: WireConfirmationTerms?
        /// What to write before it is answered; empty for a repeated request.
        let changes: [WireVaultEntry.OneOf_Change]
    }

    /// A run that the program has begun.
    struct BegunRun {
        var position = 0
        /// The enclaves that are to confirm it; `nil` when nobody has to.
        var peers: [WireEnclave]?
        let job: Hash32
        let recipient: Hash32
        let grant: Hash32
        let outputBytes: UInt64
        let program: Hash32
        let ready: ReadyProgram
        let source: Vault.RecordKeyName
    }

    /// One command's runs on their way.
    private struct Progress {
        var outcomes: [WireRunOutcome] = []
        var failures: [(position: Int, failure: RunFailure)] = []
        var begun: [BegunRun] = []
        var decided: [(position: Int, run: DecidedRun)] = []
        /// Uses that are decided and not durable yet.
        var pending: [Hash32: Vault.Uses] = [:]
    }

    /// One outcome for each assessment, in order. All proofs are under the header of `shared.height`, which must be the newest.
    ///
    /// While the program runs over one subject's fields, the next assessment's evidence is checked.
    mutating func runAssessments(_ command: WireRunAssessmentsCommand) throws -> WireRunAssessmentsAnswer {
        try requireServing(at: command.shared.height)
        guard command.assessments.count <= EnclaveLimits.assessments else { throw EnclaveError.tooMany }
        try requirePunctured(command.shared.punctures)
        var checks = EvidenceChecks(
            chainID: chainID, enclave: id, vault: vaultID, trusted: client.trusted, shared: command.shared, observer: observer)
        var progress = Progress()
        // Nothing is thrown between a run's beginning and its end: a program's answers come in order.
        for (position, evidence) in command.assessments.enumerated() {
            progress.outcomes.append(WireRunOutcome())
            do throws(RunFailure) { try run(evidence, position, &checks, &progress) } catch { progress.failures.append((position, error)) }
            if progress.begun.count == ProgramRuns.maximumBegun { finishOldest(&progress) }
        }
        while !progress.begun.isEmpty { finishOldest(&progress) }
        let changes = progress.decided.flatMap(\.run.changes)
        if !changes.isEmpty { try record(changes) }
        var answer = WireRunAssessmentsAnswer()
        answer.outcomes = progress.outcomes
        observer?(.sealing)
        for (position, failure) in progress.failures { try fail(&answer.outcomes[position], failure, kind: .jobRefusal) }
        for (position, run) in progress.decided {
            answer.outcomes[position].commitment = .init(run.commitment.bytes)
            answer.outcomes[position].sealedResult = .init(run.sealedResult)
            var statement = EnclaveStatement.commitment(chainID: chainID, job: run.job, commitment: run.commitment)
            if let terms = run.terms {
                answer.outcomes[position].terms = terms
                statement = EnclaveStatement.commitment(chainID: chainID, job: run.job, commitment: run.commitment, terms: terms)
            }
            answer.outcomes[position].signature = .init(try sign(statement, .jobCommitment))
        }
        observer?(.other)
        return answer
    }

    /// Ends the run that was begun first.
    private func finishOldest(_ progress: inout Progress) {
        let run = progress.begun.removeFirst()
        do throws(RunFailure) {
            let output = try finish(run.ready)
            let sealed = try seal(
                output, job: run.job, recipient: run.recipient, program: run.program, by: run.ready, subjects: 1)
            var terms: WireConfirmationTerms?
            if let peers = run.peers {
                terms = try self.terms(output, job: run.job, source: run.source, key: sealed.key, for: peers)
            }
            progress.pending[run.grant, default: Vault.Uses()].add(run.job, outputBytes: run.outputBytes)
            let decided = DecidedRun(
                job: run.job, commitment: sealed.commitment, sealedResult: sealed.bytes, terms: terms,
                changes: [
                    .used(Self.use(run.grant, run.job, outputBytes: run.outputBytes)),
                    .run(
                        Self.run(
                            run.job, (sealed.bytes, sealed.commitment), for: run.recipient, dataset: run.source.key.dataset,
                            sources: [run.source])),
                ])
            progress.decided.append((run.position, decided))
        } catch { progress.failures.append((run.position, error)) }
    }

    /// Puts `failure` into `outcome`; a final one is signed, if it is known which job it is about.
    func fail(_ outcome: inout WireRunOutcome, _ failure: RunFailure, kind: Context) throws(EnclaveError) {
        outcome.failure = failure.failure
        guard failure.isFinal, let job = Hash32(outcome.id) else { return }
        let statement = EnclaveStatement.refusal(chainID: chainID, job: job, code: failure.failure.code)
        outcome.signature = .init(try sign(statement, kind))
    }

    /// Checks one assessment and begins its run, or finds it decided already.
    private mutating func run(
        _ evidence: WireAssessmentEvidence, _ position: Int, _ checks: inout EvidenceChecks, _ progress: inout Progress
    ) throws(RunFailure) {
        let assessment = try checks.assessment(evidence.assessment)
        guard let job = Hash32(assessment.id), assessment.status == .pending else { throw .host(.notPending) }
        guard assessment.height < client.trusted.height else { throw .host(.staleState) }
        // From here on it is known, by the chain's proof, which job a refusal is about.
        progress.outcomes[position].id = assessment.id
        let peers = try peers(of: assessment, evidence, &checks)
        let runs = vault.runs(of: job)
        guard !runs.contains(where: \.isErased) else { throw .final(.recordErased) }
        guard !runs.contains(where: \.isOpened) else { throw .host(.alreadyRun) }
        // Another enclave's run may never have reached the chain; this one decides once all the same.
        if let earlier = runs.last(where: \.isOwn) {
            guard let sealed = earlier.sealedResult else { throw .host(.alreadyRun) }
            var terms: WireConfirmationTerms?
            if let peers { terms = try self.terms(of: earlier, sealed, job: job, for: peers) }
            let decided = DecidedRun(job: job, commitment: earlier.commitment, sealedResult: sealed, terms: terms, changes: [])
            progress.decided.append((position, decided))
            return
        }
        let request = assessment.request
        // A grant's uses are counted one after another.
        while progress.begun.contains(where: { Data($0.grant.bytes) == request.grant || $0.job == job }) { finishOldest(&progress) }
        var begun = try begin(assessment, evidence, job: job, &checks, progress.pending)
        (begun.position, begun.peers) = (position, peers)
        progress.begun.append(begun)
    }

    /// Checks everything that the request rests on, and begins the run of its program.
    mutating func begin(
        _ assessment: WireAssessment, _ evidence: WireAssessmentEvidence, job: Hash32, _ checks: inout EvidenceChecks,
        _ pending: [Hash32: Vault.Uses]
    ) throws(RunFailure) -> BegunRun {
        let request = assessment.request
        try checks.request(
            evidence.requestTransaction, id: assessment.id, transactionID: assessment.transactionID, index: assessment.messageIndex,
            requester: assessment.requester
        ) { $0.kind == .requestAssessment(assessment.request) }
        guard let program = Hash32(request.program) else { throw .final(.programsUnpublished) }
        let grant = try checkConsent(assessment, evidence, program: program, &checks, pending)
        guard client.trusted.time < request.deadline else { throw .host(.deadlinePassed) }
        guard (try? SealingPublicKey(request.recipientKey)) != nil else { throw .final(.badRecipientKey) }
        let dataset = try checks.dataset(request.dataset)
        let manifest = try checks.program(program, kind: .assessment)
        let outputBytes = UInt64(manifest.maximumOutput)
        let (row, source) = try self.row(evidence, subject: request.subject, dataset: dataset, fields: request.fields, &checks)
        guard pending[grant]?.requests.contains(job) != true else { throw .host(.malformedCommand) }
        let ready = try programs.program(program, manifest: manifest)
        let recipient = ResultEnvelope.recipient(request.recipientKey)
        try begin(ready, rows: [row], schema: dataset.schema, fields: request.fields, parameters: [])
        return BegunRun(
            job: job, recipient: recipient, grant: grant, outputBytes: outputBytes, program: program, ready: ready, source: source)
    }

    /// The grant that covers the assessment: proven, signed by its subject, and judged by the enclave's own rules and count.
    private func checkConsent(
        _ assessment: WireAssessment, _ evidence: WireAssessmentEvidence, program: Hash32, _ checks: inout EvidenceChecks,
        _ pending: [Hash32: Vault.Uses]
    ) throws(RunFailure) -> Hash32 {
        let request = assessment.request
        guard let subject = Address(request.subject), let grant = Hash32(request.grant), let requester = Address(assessment.requester)
        else { throw .host(.badProof) }
        guard let consent = try checks.consent(evidence.consent, subject: subject, grant: grant) else { throw .final(.consentNone) }
        try checks.grant(consent, subject: subject, transaction: evidence.grantTransaction)
        let use = ConsentUse(
            recipient: requester, dataset: request.dataset, fields: request.fields, purpose: request.purpose, program: program,
            locality: chainID, price: request.price, outputBytes: try checks.outputBytes(program, scope: consent.scope))
        do throws(Refusal) {
            try ConsentPolicy.checkCharged(consent, use: use, useNumber: assessment.useNumber, at: client.trusted.time)
        } catch { throw .final(error) }
        try checkOwnCount(grant, job: Hash32(assessment.id), scope: consent.scope, use: use, pending: pending[grant] ?? Vault.Uses())
        return grant
    }

    /// The vault's own count of a grant's uses and of what they may have told: a host that resets the chain's count gains nothing.
    func checkOwnCount(
        _ grant: Hash32, job: Hash32?, scope: WireConsentScope, use: ConsentUse, pending: Vault.Uses = Vault.Uses()
    ) throws(RunFailure) {
        let uses = vault.uses(of: grant)
        guard let job, !uses.requests.contains(job), !pending.requests.contains(job) else { return }
        // `pending` holds only uses that are not in the vault yet.
        guard uses.requests.count + pending.requests.count < Int(scope.maximumUses) else { throw .final(.consentExhausted) }
        let (spent, overflow) = uses.outputBytes.addingReportingOverflow(pending.outputBytes)
        do throws(Refusal) { try ConsentPolicy.checkBudget(scope, spent: overflow ? .max : spent, use: use) } catch { throw .final(error) }
    }

    /// The granted and requested fields of the subject's one record; nothing else of it leaves this function.
    private func row(
        _ evidence: WireAssessmentEvidence, subject: Data, dataset: EvidenceChecks.Dataset, fields: [String],
        _ checks: inout EvidenceChecks
    ) throws(RunFailure) -> (row: [FieldValue?], source: Vault.RecordKeyName) {
        guard let subject = Address(subject) else { throw .host(.badProof) }
        let name = Vault.KeyName(
            subject: subject, dataset: dataset.value.dataset, epoch: try checks.claimedEpoch(evidence.records))
        let key = try checks.subjectKey(evidence.subjectKey, name, key: vault.key(name))
        guard evidence.records.count == 1 else { throw .final(.wrongRecords) }
        let (record, source) = try checks.record(evidence.records[0], owner: subject, dataset: dataset, key: key)
        do { return (try RowBatch.project(record, schema: dataset.schema, fields: fields), source) } catch { throw .final(error) }
    }
}
