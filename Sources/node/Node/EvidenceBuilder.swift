import ChainTypes
import ConsentRules
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Gathers, for one state height, what the enclave demands to see before it computes.
///
/// All proofs are under the header of `height + 1`, which the enclave must have imported.
struct EvidenceBuilder: Sendable {
    /// Ciphertext in one command, in bytes: well below what the socket carries.
    private static let maximumCiphertext = 32 << 20

    let view: ChainView
    /// The state height.
    let height: UInt64
    let enclave: Hash32
    /// The vault whose keys it holds.
    let vault: Hash32

    /// The value of `key` or the proof of its absence.
    func proven(_ key: [UInt8]) throws -> WireProvenValue {
        let answer = try view.ledger.query(key, height: height, prove: true)
        var proven = WireProvenValue()
        if let value = answer.value { proven.value = .init(value) }
        if let proof = answer.proof { proven.proof = .init(proof) }
        return proven
    }

    func value(_ key: [UInt8]) throws -> [UInt8]? { try view.ledger.query(key, height: height, prove: false).value }

    func assessment(_ id: Hash32) throws -> WireAssessment? {
        try value(StateKey.assessment(id)).flatMap { try? WireAssessment(strictly: $0, limit: Limits.stateValue) }
    }

    func subscription(_ id: Hash32) throws -> WireSubscription? {
        try value(StateKey.subscription(id)).flatMap { try? WireSubscription(strictly: $0, limit: Limits.stateValue) }
    }

    func shared(dataset: String, program: Hash32) throws -> WireSharedEvidence {
        var shared = WireSharedEvidence()
        shared.height = height + 1
        shared.dataset = try proven(StateKey.dataset(dataset))
        shared.program = try proven(StateKey.program(program))
        shared.punctures = try proven(StateKey.punctureLog)
        return shared
    }

    /// One command for as many of `members` as its bytes allow; the others are left for the next one.
    func command(_ group: EnclaveHost.Group, _ members: [(Hash32, WireAssessment)]) throws -> WireRunAssessmentsCommand {
        var command = WireRunAssessmentsCommand()
        command.shared = try shared(dataset: group.dataset, program: group.program)
        var bytes = 0
        for (id, assessment) in members {
            guard let evidence = try evidence(id, assessment) else { continue }
            bytes += evidence.records.reduce(0) { $0 + $1.sidecar.count }
            if bytes > Self.maximumCiphertext, !command.assessments.isEmpty { break }
            command.assessments.append(evidence)
        }
        return command
    }

    /// Evidence for one pending assessment; `nil` when a transaction it rests on is not in this node's archive.
    func evidence(_ id: Hash32, _ assessment: WireAssessment) throws -> WireAssessmentEvidence? {
        guard let request = Hash32(assessment.transactionID), let requestBytes = try view.transactionBytes(request),
            let subject = Address(assessment.request.subject), let grant = Hash32(assessment.request.grant)
        else { return nil }
        var evidence = WireAssessmentEvidence()
        evidence.requestTransaction = .init(requestBytes)
        evidence.assessment = try proven(StateKey.assessment(id))
        evidence.consent = try proven(StateKey.consent(subject, grant: grant))
        evidence.grantTransaction = .init(try grantTransaction(evidence.consent) ?? [])
        evidence.records = try records(of: subject, dataset: assessment.request.dataset)
        evidence.subjectKey = try subjectKey(of: subject, dataset: assessment.request.dataset, for: evidence.records)
        if assessment.demand.confirmations > 1 {
            evidence.enclaves = try assessment.request.enclaves.compactMap { Hash32($0) }.map { try proven(StateKey.enclave($0)) }
        }
        if assessment.status == .committed, let commitment = Hash32(assessment.commitment) {
            guard let sidecar = try view.sidecar(commitment) else { return nil }
            evidence.sealedResult = .init(sidecar)
        }
        return evidence
    }

    /// Whether the subject's key is in this enclave's vault, or in nobody's.
    func isHere(_ assessment: WireAssessment) throws -> Bool {
        guard let subject = Address(assessment.request.subject), let bytes = try value(StateKey.holdings(subject)),
            let holdings = try? WireHoldings(strictly: bytes, limit: Limits.stateValue),
            let holding = holdings.datasets.first(where: { $0.dataset == assessment.request.dataset }), !holding.keys.isEmpty
        else { return true }
        return holding.keys.contains { $0.vault.elementsEqual(vault.bytes) }
    }

    /// The key that the first of `records` is encrypted under.
    private func subjectKey(of subject: Address, dataset: String, for records: [WireRecordEvidence]) throws -> WireProvenValue {
        let record = try records.first.map { try WireRecord(strictly: [UInt8]($0.record.value), limit: Limits.stateValue) }
        return try proven(StateKey.subjectKey(subject, dataset: dataset, enclave: vault, epoch: record?.keyEpoch ?? 0))
    }

    /// Evidence for one key grant; `nil` when its transaction is not in this node's archive.
    func keyGrant(_ id: Hash32, _ grant: WireKeyGrant) throws -> WireKeyGrantEvidence? {
        guard let transaction = Hash32(grant.transactionID), let bytes = try view.transactionBytes(transaction),
            let subject = Address(grant.subject), let record = Hash32(grant.request.record)
        else { return nil }
        var evidence = WireKeyGrantEvidence()
        evidence.requestTransaction = .init(bytes)
        evidence.grant = try proven(StateKey.keyGrant(id))
        evidence.record = try proven(StateKey.record(subject, dataset: grant.request.dataset, record: record))
        let value = try? WireRecord(strictly: [UInt8](evidence.record.value), limit: Limits.stateValue)
        evidence.subjectKey = try proven(
            StateKey.subjectKey(subject, dataset: grant.request.dataset, enclave: vault, epoch: value?.keyEpoch ?? 0))
        return evidence
    }

    func keyGrant(_ id: Hash32) throws -> WireKeyGrant? {
        try value(StateKey.keyGrant(id)).flatMap { try? WireKeyGrant(strictly: $0, limit: Limits.stateValue) }
    }

    private func grantTransaction(_ consent: WireProvenValue) throws -> [UInt8]? {
        guard let consent = try? WireConsent(strictly: [UInt8](consent.value), limit: Limits.stateValue),
            let transaction = Hash32(consent.transactionID)
        else { return nil }
        return try view.transactionBytes(transaction)
    }

    /// The subject's live records with their ciphertext, at most as many as the enclave looks at.
    private func records(of subject: Address, dataset: String) throws -> [WireRecordEvidence] {
        var records: [WireRecordEvidence] = []
        for key in try view.ledger.keys(prefix: StateKey.records(of: subject, dataset: dataset), after: nil, limit: 256) {
            guard records.count < 16, let value = try value(key),
                let record = try? WireRecord(strictly: value, limit: Limits.stateValue), record.status == .live,
                let commitment = Hash32(record.commitment), let sidecar = try view.sidecar(commitment)
            else { continue }
            var evidence = WireRecordEvidence()
            evidence.record = try proven(key)
            evidence.sidecar = .init(sidecar)
            records.append(evidence)
        }
        return records
    }

    /// Everything for one run of a subscription: each covering grant of the requester, one a subject.
    func run(_ id: Hash32, _ subscription: WireSubscription, time: UInt64) throws -> WireRunSubscriptionCommand? {
        guard let transaction = Hash32(subscription.transactionID), let bytes = try view.transactionBytes(transaction),
            let requester = Address(subscription.requester), let program = Hash32(subscription.request.program)
        else { return nil }
        let request = subscription.request
        var command = WireRunSubscriptionCommand()
        command.shared = try shared(dataset: request.dataset, program: program)
        command.requestTransaction = .init(bytes)
        command.subscription = try proven(StateKey.subscription(id))
        guard let manifest = try? WireProgram(strictly: [UInt8](command.shared.program.value), limit: Limits.stateValue).manifest else {
            return nil
        }
        let use = ConsentUse(
            recipient: requester, dataset: request.dataset, fields: request.fields, purpose: request.purpose, program: program,
            locality: view.chainID, price: request.price, outputBytes: UInt64(manifest.maximumOutput))
        var subjects: Set<Address> = []
        var ciphertext = 0
        try eachGrant(to: requester, dataset: request.dataset) { grant in
            guard command.contributions.count < Int(request.maximumCohort), ciphertext < Self.maximumCiphertext else { return false }
            if let (subject, contribution) = try contribution(grant, use: use, time: time), subjects.insert(subject).inserted {
                command.contributions.append(contribution)
                ciphertext += contribution.records.reduce(0) { $0 + $1.sidecar.count }
            }
            return true
        }
        return command
    }

    private func eachGrant(to requester: Address, dataset: String, _ body: (Hash32) throws -> Bool) throws {
        let prefix = StateKey.received(by: requester, dataset: dataset)
        var after: [UInt8]?
        while true {
            let keys = try view.ledger.keys(prefix: prefix, after: after, limit: 1_000)
            for key in keys {
                guard let grant = Hash32(key.dropFirst(prefix.count)) else { continue }
                guard try body(grant) else { return }
            }
            guard keys.count == 1_000 else { return }
            after = keys.last
        }
    }

    /// What a grant's subject contributes; `nil` when the grant does not cover the use or there is no record.
    private func contribution(_ grant: Hash32, use: ConsentUse, time: UInt64) throws -> (Address, WireContributionEvidence)? {
        guard let owner = try value(StateKey.grantSubject(grant)), let subject = Address(owner) else { return nil }
        let key = StateKey.consent(subject, grant: grant)
        guard let bytes = try value(key), let consent = try? WireConsent(strictly: bytes, limit: Limits.stateValue) else { return nil }
        // The enclave decides by the same rules; what it would skip need not be sent.
        do { try ConsentPolicy.check(consent, use: use, at: time) } catch { return nil }
        var contribution = WireContributionEvidence()
        contribution.consent = try proven(key)
        guard let transaction = try grantTransaction(contribution.consent) else { return nil }
        contribution.grantTransaction = .init(transaction)
        contribution.records = try records(of: subject, dataset: use.dataset)
        contribution.subjectKey = try subjectKey(of: subject, dataset: use.dataset, for: contribution.records)
        return contribution.records.isEmpty ? nil : (subject, contribution)
    }
}
