import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// What is shown to the enclave for a run, and what comes of it.
extension EnclaveScene {
    package func sharedEvidence() throws -> WireSharedEvidence {
        var shared = WireSharedEvidence()
        shared.height = node.height
        shared.dataset = try node.prove(StateKey.dataset(Self.dataset))
        shared.program = try node.prove(StateKey.program(program))
        shared.punctures = try node.prove(StateKey.punctureLog)
        return shared
    }

    private func recordEvidence(_ subject: Address) throws -> [WireRecordEvidence] {
        guard let id = records[subject], let sidecar = sidecars[id] else { return [] }
        var evidence = WireRecordEvidence()
        evidence.record = try node.prove(StateKey.record(subject, dataset: Self.dataset, record: id))
        evidence.sidecar = .init(sidecar)
        return [evidence]
    }

    private func subjectKey(of grant: SceneGrant) throws -> WireProvenValue {
        try node.prove(
            StateKey.subjectKey(grant.subject, dataset: Self.dataset, enclave: enclaveID, epoch: epochs[grant.subject] ?? 0))
    }

    package func evidence(_ request: SceneRequest, _ grant: SceneGrant) throws -> WireAssessmentEvidence {
        var evidence = WireAssessmentEvidence()
        evidence.requestTransaction = .init(request.transaction.bytes)
        evidence.assessment = try node.prove(StateKey.assessment(request.id))
        evidence.grantTransaction = .init(grant.transaction.bytes)
        evidence.consent = try node.prove(StateKey.consent(grant.subject, grant: grant.id))
        evidence.subjectKey = try subjectKey(of: grant)
        evidence.records = try recordEvidence(grant.subject)
        return evidence
    }

    package func contribution(_ grant: SceneGrant) throws -> WireContributionEvidence {
        var evidence = WireContributionEvidence()
        evidence.grantTransaction = .init(grant.transaction.bytes)
        evidence.consent = try node.prove(StateKey.consent(grant.subject, grant: grant.id))
        evidence.subjectKey = try subjectKey(of: grant)
        evidence.records = try recordEvidence(grant.subject)
        return evidence
    }

    // MARK: Runs

    package func run(_ evidence: [WireAssessmentEvidence], shared: WireSharedEvidence? = nil) throws -> [WireRunOutcome] {
        var command = WireRunAssessmentsCommand()
        command.shared = try shared ?? sharedEvidence()
        command.assessments = evidence
        guard case .runAssessments(let answer) = try driver.perform(.runAssessments(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer.outcomes
    }

    /// Writes the commitment into the state as accepted, and has the enclave open it.
    package func open(_ request: SceneRequest, _ run: WireRunOutcome) throws -> WireOpenOutcome {
        write(request) { value in
            value.status = .committed
            value.enclave = .init(self.enclaveID.bytes)
            value.commitment = run.commitment
        }
        try block()
        var command = WireOpenAssessmentsCommand()
        command.height = node.height
        command.assessments = [try node.prove(StateKey.assessment(request.id))]
        command.punctures = try node.prove(StateKey.punctureLog)
        guard case .openAssessments(let answer) = try driver.perform(.openAssessments(command)), answer.outcomes.count == 1 else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer.outcomes[0]
    }

    /// The requester's last step: the result in the clear, its signer checked.
    package func read(_ sealed: Data, _ keyBox: WireSealedMessage, job: Hash32) throws -> WireResult {
        let signed = try ResultEnvelope.open([UInt8](sealed), keyBox: SealedBox(keyBox), job: job, with: recipient)
        return try ResultEnvelope.verify(signed, job: job, chainID: node.chainID, enclave: enclave.identity)
    }
}
