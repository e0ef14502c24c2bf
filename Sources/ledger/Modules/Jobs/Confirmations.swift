import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Results that several enclaves come to before anybody is paid (docs/spec/admission.md §6).
extension AssessmentsModule {
    /// Notes what another enclave came to. The same output confirms; another one ends the job: which of the two lies nobody can say.
    package static func confirm(_ message: WireConfirmAssessment, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, assessment) = try load(message.id, &state)
        guard assessment.status == .committed else { throw Refusal.assessmentsNotCommitted }
        guard context.block.time < assessment.request.deadline else { throw Refusal.assessmentsTooLate }
        guard assessment.hasTerms, !assessment.confirmedBy.contains(message.enclave) else { throw Refusal.assessmentsNotToConfirm }
        let enclave = try entitled(message.enclave, to: assessment, context, &state)
        guard let own = Hash32(message.enclave), let output = Hash32(message.outputHash), let commitment = Hash32(assessment.commitment)
        else { throw Refusal.assessmentsMalformed }
        let statement = EnclaveStatement.confirmation(
            chainID: context.genesis.chainID, job: id, enclave: own, commitment: commitment, outputHash: output)
        try KeysModule.verify(message.signature, of: statement, .jobConfirmation, enclave)
        guard message.outputHash == assessment.terms.outputHash else {
            state.emit("assessments.disputed", id: [UInt8](assessment.enclave))
            state.emit("assessments.disputed", id: own.bytes, label: enclave.label)
            return try refuse(id, &assessment, by: message.enclave, code: Refusal.assessmentsDisputed.code, &state)
        }
        assessment.confirmedBy = (assessment.confirmedBy + [message.enclave]).sorted { $0.lexicographicallyPrecedes($1) }
        state.set(StateKey.assessment(id), assessment)
        state.emit("assessments.confirmed", id: id.bytes, amount: UInt64(assessment.confirmedBy.count), label: enclave.label)
    }

    /// Checks the enclaves that a request names: admitted, holding the subject's key, and as different as is demanded.
    static func checkNamed(
        _ request: WireRequestAssessment, _ requirements: EnclaveRequirements, of subject: Address, _ context: MessageContext,
        _ state: inout ModuleState
    ) throws {
        let names = request.enclaves
        guard !names.isEmpty || requirements.confirmations == 1, names.count <= EnclaveRequirements.mostEnclaves,
            zip(names, names.dropFirst()).allSatisfy({ $0.lexicographicallyPrecedes($1) })
        else { throw Refusal.admissionWrongEnclaves }
        guard !names.isEmpty else { return }
        var enclaves: [WireEnclave] = []
        for name in names {
            let (_, enclave) = try KeysModule.active(name, context, &state)
            guard try KeysModule.isEnrolled(subject, dataset: request.dataset, vault: enclave.vault, &state) else {
                throw Refusal.admissionNotEnrolled
            }
            enclaves.append(enclave)
        }
        try requirements.check(group: enclaves)
    }

    /// The enclave `id`, if it may work on the job: admitted, as demanded, and named where the request names some.
    static func entitled(
        _ id: Data, to assessment: WireAssessment, _ context: MessageContext, _ state: inout ModuleState
    ) throws -> WireEnclave {
        let (_, enclave) = try KeysModule.active(id, context, &state)
        try EnclaveRequirements(dataset: assessment.demand).check(enclave)
        guard assessment.request.enclaves.isEmpty || assessment.request.enclaves.contains(id) else { throw Refusal.admissionWrongEnclaves }
        return enclave
    }

    /// What the first enclave signs. With terms if, and only if, others have to confirm: a salt for each of those.
    static func statement(
        _ message: WireCommitAssessment, job: Hash32, commitment: Hash32, _ assessment: WireAssessment, _ chainID: String
    ) throws -> [UInt8] {
        let isToBeConfirmed = assessment.demand.confirmations > 1
        guard message.hasTerms == isToBeConfirmed else { throw Refusal.assessmentsMalformed }
        guard isToBeConfirmed else { return EnclaveStatement.commitment(chainID: chainID, job: job, commitment: commitment) }
        let terms = message.terms
        guard Hash32(terms.outputHash) != nil, terms.salts.map(\.enclave) == assessment.request.enclaves.filter({ $0 != message.enclave }),
            terms.salts.allSatisfy({ $0.salt.ciphertext.count <= 256 && $0.salt.encapsulatedKey.count <= 4_096 })
        else { throw Refusal.assessmentsMalformed }
        return EnclaveStatement.commitment(chainID: chainID, job: job, commitment: commitment, terms: terms)
    }

    /// Returns if as many enclaves as are demanded have come to the result and are still admitted.
    static func requireConfirmed(_ assessment: WireAssessment, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard assessment.demand.confirmations > 1 else { return }
        var standing: UInt32 = 0
        for name in assessment.confirmedBy {
            do {
                _ = try KeysModule.active(name, context, &state)
                standing += 1
            } catch is Refusal {}
        }
        guard standing >= assessment.demand.confirmations else { throw Refusal.assessmentsUnconfirmed }
    }
}
