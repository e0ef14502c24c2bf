import Attestation
import ChainTypes
import ConsentRules
import Cryptography
import DataModel
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes

/// Running a subscription over a cohort (docs/spec/enclave.md §5).
extension EnclaveMachine {
    private struct Cohort {
        var grants: [Hash32] = []
        var subjects: Set<Address> = []
        var rows: [[FieldValue?]] = []
        var sources: [Vault.RecordKeyName] = []
    }

    /// Runs the program once over all subjects whose grants cover the request. Those not covered are left out; evidence that the host
    /// got wrong fails the command.
    mutating func runSubscription(_ command: WireRunSubscriptionCommand) throws -> WireRunSubscriptionAnswer {
        try requireServing(at: command.shared.height)
        guard command.contributions.count <= EnclaveLimits.contributions else { throw EnclaveError.tooMany }
        try requirePunctured(command.shared.punctures)
        var answer = WireRunSubscriptionAnswer()
        do throws(RunFailure) { try run(command, &answer.outcome) } catch {
            if error.failure.code == VaultError.ioFailed.code { throw VaultError.ioFailed }
            answer.outcome.grants = []
            try fail(&answer.outcome, error, kind: .jobRefusal)
        }
        return answer
    }

    private mutating func run(_ command: WireRunSubscriptionCommand, _ outcome: inout WireRunOutcome) throws(RunFailure) {
        var checks = EvidenceChecks(
            chainID: chainID, enclave: id, vault: vaultID, trusted: client.trusted, shared: command.shared, observer: observer)
        let subscription = try checks.subscription(command.subscription)
        let request = subscription.request
        guard let job = Hash32(subscription.id), subscription.status == .pending else { throw .host(.notPending) }
        guard subscription.height < client.trusted.height else { throw .host(.staleState) }
        outcome.id = subscription.id
        let earlier = vault.runs(of: job)
        guard earlier.count < Vault.maximumRuns, !earlier.contains(where: \.isOpened) else { throw .host(.alreadyRun) }
        try checks.request(
            command.requestTransaction, id: subscription.id, transactionID: subscription.transactionID, index: subscription.messageIndex,
            requester: subscription.requester
        ) { $0.kind == .requestSubscription(request) }
        guard client.trusted.time < request.deadline else { throw .host(.deadlinePassed) }
        guard (try? SealingPublicKey(request.recipientKey)) != nil else { throw .final(.badRecipientKey) }
        let dataset = try checks.dataset(request.dataset)
        do throws(Refusal) { try EnclaveRequirements(dataset: dataset.value.demand).check(admission) } catch { throw .host(error) }
        guard let program = Hash32(request.program) else { throw .final(.programsUnpublished) }
        let manifest = try checks.program(program, kind: .subscription)
        let ready = try programs.program(program, manifest: manifest)
        let use = try Self.use(subscription, program: program, outputBytes: UInt64(manifest.maximumOutput), chainID: chainID)
        let cohort = try cohort(command.contributions, subscription, use: use, dataset: dataset, &checks)
        let parameters = try Self.parameters(request.parameters)
        try begin(ready, rows: cohort.rows, schema: dataset.schema, fields: request.fields, parameters: parameters)
        let output = try finish(ready)
        let recipient = ResultEnvelope.recipient(request.recipientKey)
        let sealed = try seal(output, job: job, recipient: recipient, program: program, by: ready, subjects: cohort.rows.count)
        var changes: [WireVaultEntry.OneOf_Change] = cohort.grants.map { .used(Self.use($0, job, outputBytes: use.outputBytes)) }
        let run = Self.run(
            job, (sealed.bytes, sealed.commitment), for: recipient, dataset: request.dataset, sources: cohort.sources)
        changes.append(.run(run))
        do throws(VaultError) { try record(changes) } catch { throw .host(error) }
        do throws(EnclaveError) { try answer(&outcome, job: job, sealed: sealed, grants: cohort.grants) } catch { throw .host(error) }
    }

    private func answer(
        _ outcome: inout WireRunOutcome, job: Hash32, sealed: SealedRun, grants: [Hash32]
    ) throws(EnclaveError) {
        // The state that was read is that after the block before the trusted header.
        let runHeight = client.trusted.height - 1
        let statement = EnclaveStatement.commitment(
            chainID: chainID, job: job, commitment: sealed.commitment, runHeight: runHeight, grants: EnclaveStatement.grants(grants))
        outcome.commitment = .init(sealed.commitment.bytes)
        outcome.sealedResult = .init(sealed.bytes)
        outcome.signature = .init(try sign(statement, .jobCommitment))
        outcome.grants = grants.map { .init($0.bytes) }
        outcome.runHeight = runHeight
    }

    /// What the subscription asks of each subject.
    private static func use(
        _ subscription: WireSubscription, program: Hash32, outputBytes: UInt64, chainID: String
    ) throws(RunFailure) -> ConsentUse {
        let request = subscription.request
        guard let requester = Address(subscription.requester) else { throw .host(.badProof) }
        return ConsentUse(
            recipient: requester, dataset: request.dataset, fields: request.fields, purpose: request.purpose, program: program,
            locality: chainID, price: request.price, outputBytes: outputBytes)
    }

    /// The rows of all covered subjects, each once, in the order of their grants.
    private func cohort(
        _ contributions: [WireContributionEvidence], _ subscription: WireSubscription, use: ConsentUse,
        dataset: EvidenceChecks.Dataset, _ checks: inout EvidenceChecks
    ) throws(RunFailure) -> Cohort {
        let request = subscription.request
        guard let job = Hash32(subscription.id) else { throw .host(.badProof) }
        var members: [(grant: Hash32, row: [FieldValue?], source: Vault.RecordKeyName)] = []
        var subjects: Set<Address> = []
        for contribution in contributions where members.count < Int(request.maximumCohort) {
            do throws(RunFailure) {
                let (subject, grant) = try covered(contribution, use: use, job: job, &checks)
                guard !subjects.contains(subject) else { continue }
                let (row, source) = try row(contribution, subject: subject, dataset: dataset, fields: request.fields, &checks)
                members.append((grant, row, source))
                subjects.insert(subject)
            } catch {
                // A final failure is about this subject alone: it does not contribute.
                guard error.isFinal else { throw error }
            }
        }
        let minimum = max(1, dataset.value.minimumCohort, request.minimumCohort)
        guard members.count >= Int(minimum) else { throw .final(.cohortTooSmall) }
        members.sort { $0.grant < $1.grant }
        return Cohort(grants: members.map(\.grant), subjects: subjects, rows: members.map(\.row), sources: members.map(\.source))
    }

    /// The subject and grant of a contribution that covers `use`.
    private func covered(
        _ contribution: WireContributionEvidence, use: ConsentUse, job: Hash32, _ checks: inout EvidenceChecks
    ) throws(RunFailure) -> (subject: Address, grant: Hash32) {
        guard let claimed = try? WireConsent(strictly: [UInt8](contribution.consent.value), limit: Limits.stateValue),
            let subject = Address(claimed.subject), let grant = Hash32(claimed.grant),
            let consent = try checks.consent(contribution.consent, subject: subject, grant: grant)
        else { throw .host(.badProof) }
        do throws(Refusal) { try ConsentPolicy.check(consent, use: use, at: client.trusted.time) } catch { throw .final(error) }
        try checkOwnCount(grant, job: job, scope: consent.scope, use: use)
        try checks.grant(consent, subject: subject, transaction: contribution.grantTransaction)
        return (subject, grant)
    }

    private func row(
        _ contribution: WireContributionEvidence, subject: Address, dataset: EvidenceChecks.Dataset, fields: [String],
        _ checks: inout EvidenceChecks
    ) throws(RunFailure) -> (row: [FieldValue?], source: Vault.RecordKeyName) {
        let name = Vault.KeyName(
            subject: subject, dataset: dataset.value.dataset, epoch: try checks.claimedEpoch(contribution.records))
        let key = try checks.subjectKey(contribution.subjectKey, name, key: vault.key(name))
        // One record a subject: the bound on what one subject contributes.
        guard contribution.records.count == 1 else { throw .final(.wrongRecords) }
        let (record, source) = try checks.record(contribution.records[0], owner: subject, dataset: dataset, key: key)
        do { return (try RowBatch.project(record, schema: dataset.schema, fields: fields), source) } catch { throw .final(error) }
    }

    private static func parameters(_ wire: [WireProgramParameter]) throws(RunFailure) -> [RowBatch.Parameter] {
        var parameters: [RowBatch.Parameter] = []
        for parameter in wire {
            let value: FieldValue
            switch parameter.value {
            case .integer(let integer): value = .integer(integer)
            case .number(let number): value = .number(number)
            case .text(let text): value = .text(text)
            case .boolean(let boolean): value = .boolean(boolean)
            case nil: throw .final(.malformedCommand)
            }
            parameters.append(RowBatch.Parameter(parameter.name, value))
        }
        return parameters
    }
}
