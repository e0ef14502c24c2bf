import Attestation
import ChainTypes
import ConsentRules
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Assessments, programs over one subject's data: requested, committed, then opened (design §8).
package enum AssessmentsModule {
    /// Checks consent, charges the use and takes the price into escrow.
    package static func request(_ message: WireRequestAssessment, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let subject = Address(message.subject), let grant = Hash32(message.grant), let code = Hash32(message.program),
            ConsentPolicy.isCanonical(message.fields, limit: 128), (try? SealingPublicKey(message.recipientKey)) != nil
        else { throw Refusal.assessmentsMalformed }
        let dataset = try RegistryModule.dataset(message.dataset, &state)
        let requirements = try EnclaveRequirements(dataset: dataset.demand, request: message.demand)
        try checkNamed(message, requirements, of: subject, context, &state)
        let program = try ProgramsModule.program(code, kind: .assessment, &state)
        let time = context.block.time
        guard message.deadline > time, message.deadline - time <= Deadlines.longest else { throw Refusal.assessmentsBadDeadline }
        let use = use(message, requester: context.sender, program: code, program.manifest, context.genesis.chainID)
        let (useNumber, version) = try ConsentModule.charge(grant, of: subject, use: use, context.block, &state)
        if let consent = try ConsentModule.consent(grant, of: subject, &state), message.deadline > consent.scope.validUntil {
            throw Refusal.assessmentsBadDeadline
        }
        try AssetsModule.escrow(message.price, from: context.sender, &state)
        var assessment = WireAssessment()
        assessment.id = .init(context.identifier.bytes)
        assessment.requester = .init(context.sender.bytes)
        assessment.request = message
        assessment.transactionID = .init(context.transaction.id.bytes)
        assessment.messageIndex = UInt32(context.index)
        assessment.status = .pending
        assessment.useNumber = useNumber
        assessment.grantVersion = version
        assessment.height = context.block.height
        if dataset.hasDemand || message.hasDemand { assessment.demand = requirements.wire }
        state.set(StateKey.assessment(context.identifier), assessment)
        try Deadlines.schedule(context.identifier, kind: .assessment, deadline: message.deadline, &state)
        state.emit("assessments.requested", id: context.identifier.bytes, account: subject, amount: message.price)
    }

    /// Accepts an enclave's commitment to its sealed result, unless the grant has meanwhile been withdrawn or suspended.
    package static func commit(_ message: WireCommitAssessment, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, assessment) = try load(message.id, &state)
        guard assessment.status == .pending else { throw Refusal.assessmentsNotPending }
        guard context.block.time < assessment.request.deadline else { throw Refusal.assessmentsTooLate }
        let enclave = try entitled(message.enclave, to: assessment, context, &state)
        guard let commitment = Hash32(message.commitment), message.size <= context.parameters.maximumSidecarBytes else {
            throw Refusal.assessmentsMalformed
        }
        let statement = try statement(message, job: id, commitment: commitment, assessment, context.genesis.chainID)
        try KeysModule.verify(message.signature, of: statement, .jobCommitment, enclave)
        guard let subject = Address(assessment.request.subject), let grant = Hash32(assessment.request.grant),
            let requester = Address(assessment.requester), let code = Hash32(assessment.request.program)
        else { throw Refusal.assessmentsMalformed }
        guard try !HoldingsState.isErased(subject, in: assessment.request.dataset, &state) else { throw Refusal.erasureErased }
        let program = try ProgramsModule.program(code, kind: .assessment, &state)
        let use = use(assessment.request, requester: requester, program: code, program.manifest, context.genesis.chainID)
        try ConsentPolicy.checkCharged(
            ConsentModule.consent(grant, of: subject, &state), use: use, useNumber: assessment.useNumber, at: context.block.time)
        assessment.status = .committed
        assessment.enclave = message.enclave
        assessment.commitment = message.commitment
        assessment.committedHeight = context.block.height
        if message.hasTerms { (assessment.terms, assessment.confirmedBy) = (message.terms, [message.enclave]) }
        state.set(StateKey.assessment(id), assessment)
        try SidecarReferences.add(commitment, &state)
        state.emit("assessments.committed", id: id.bytes, account: subject, label: enclave.label)
    }

    /// Publishes the key box, which alone releases the escrow to the subject.
    package static func open(_ message: WireOpenAssessment, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, assessment) = try load(message.id, &state)
        guard assessment.status == .committed else { throw Refusal.assessmentsNotCommitted }
        guard context.block.time < assessment.request.deadline else { throw Refusal.assessmentsTooLate }
        let (_, enclave) = try KeysModule.active(message.enclave, context, &state)
        guard try KeysModule.holdsSameVault(assessment.enclave, as: enclave, &state) else { throw Refusal.assessmentsOtherEnclave }
        try requireConfirmed(assessment, context, &state)
        let statement = EnclaveStatement.opening(chainID: context.genesis.chainID, job: id, keyBox: message.keyBox)
        try KeysModule.verify(message.signature, of: statement, .jobOpening, enclave)
        guard let subject = Address(assessment.request.subject) else { throw Refusal.assessmentsMalformed }
        guard try !HoldingsState.isErased(subject, in: assessment.request.dataset, &state) else { throw Refusal.erasureErased }
        assessment.status = .opened
        assessment.keyBox = message.keyBox
        assessment.openedHeight = context.block.height
        state.set(StateKey.assessment(id), assessment)
        try AssetsModule.release(assessment.request.price, to: subject, &state)
        state.emit(
            "assessments.opened", id: id.bytes, account: subject, amount: assessment.request.price, label: enclave.label)
    }

    /// Records an enclave's signed refusal and refunds at once; also that of one which is to confirm what another has committed to.
    package static func refuse(_ message: WireRefuseAssessment, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, assessment) = try load(message.id, &state)
        let isToConfirm = assessment.status == .committed && assessment.hasTerms && !assessment.confirmedBy.contains(message.enclave)
        guard assessment.status == .pending || isToConfirm else { throw Refusal.assessmentsNotPending }
        let enclave = try entitled(message.enclave, to: assessment, context, &state)
        let statement = EnclaveStatement.refusal(chainID: context.genesis.chainID, job: id, code: message.code)
        try KeysModule.verify(message.signature, of: statement, .jobRefusal, enclave)
        try refuse(id, &assessment, by: message.enclave, code: message.code, &state)
    }

    /// Ends the job without a result: the price goes back, and what was committed to is let go of.
    static func refuse(
        _ id: Hash32, _ assessment: inout WireAssessment, by enclave: Data, code: UInt32, _ state: inout ModuleState
    ) throws {
        if assessment.status == .committed, let commitment = Hash32(assessment.commitment) {
            try SidecarReferences.drop(commitment, &state)
        }
        assessment.status = .refused
        if assessment.enclave.isEmpty { assessment.enclave = enclave } else { assessment.disputedBy = enclave }
        assessment.refusalCode = code
        state.set(StateKey.assessment(id), assessment)
        try repay(assessment, &state)
        state.emit("assessments.refused", id: id.bytes, account: Address(assessment.requester), amount: assessment.request.price)
    }

    /// Gives the escrow back when the deadline has passed without an opening.
    static func refund(_ id: Hash32, _ state: inout ModuleState) throws {
        guard var assessment: WireAssessment = try state.message(StateKey.assessment(id)),
            assessment.status == .pending || assessment.status == .committed
        else { return }
        assessment.status = .refunded
        state.set(StateKey.assessment(id), assessment)
        try repay(assessment, &state)
        state.emit("assessments.refunded", id: id.bytes, account: Address(assessment.requester), amount: assessment.request.price)
    }

    private static func repay(_ assessment: WireAssessment, _ state: inout ModuleState) throws {
        guard let requester = Address(assessment.requester) else { return }
        try AssetsModule.release(assessment.request.price, to: requester, &state)
    }

    /// The use of data that `request` asks for.
    package static func use(
        _ request: WireRequestAssessment, requester: Address, program: Hash32, _ manifest: WireProgramManifest, _ chainID: String
    ) -> ConsentUse {
        ConsentUse(
            recipient: requester, dataset: request.dataset, fields: request.fields, purpose: request.purpose, program: program,
            locality: chainID, price: request.price, outputBytes: UInt64(manifest.maximumOutput))
    }

    static func load(_ id: some Sequence<UInt8>, _ state: inout ModuleState) throws -> (Hash32, WireAssessment) {
        guard let id = Hash32(id), let assessment: WireAssessment = try state.message(StateKey.assessment(id)) else {
            throw Refusal.assessmentsUnknown
        }
        return (id, assessment)
    }
}

extension Refusal {
    package static let assessmentsMalformed = Refusal(500, "assessments.malformed", "the request is not well formed")
    package static let assessmentsBadDeadline = Refusal(
        501, "assessments.badDeadline", "the deadline is past, over a day away, or after the grant's end")
    package static let assessmentsUnknown = Refusal(502, "assessments.unknown", "there is no such assessment")
    package static let assessmentsNotPending = Refusal(503, "assessments.notPending", "the assessment is not waiting for a result")
    package static let assessmentsTooLate = Refusal(504, "assessments.tooLate", "the deadline has passed")
    package static let assessmentsNotCommitted = Refusal(505, "assessments.notCommitted", "the assessment has no committed result")
    package static let assessmentsOtherEnclave = Refusal(
        506, "assessments.otherEnclave", "an enclave of another vault committed to this result")

    package static let assessmentsUnconfirmed = Refusal(
        507, "assessments.unconfirmed", "fewer enclaves have come to this result than are demanded")
    package static let assessmentsNotToConfirm = Refusal(
        508, "assessments.notToConfirm", "the result needs no confirmation, or not by this enclave, or has it already")
    package static let assessmentsDisputed = Refusal(
        509, "assessments.disputed", "two enclaves came to different results, so there is none")

    package static let allAssessments: [Refusal] = [
        assessmentsMalformed, assessmentsBadDeadline, assessmentsUnknown, assessmentsNotPending, assessmentsTooLate,
        assessmentsNotCommitted, assessmentsOtherEnclave, assessmentsUnconfirmed, assessmentsNotToConfirm, assessmentsDisputed,
    ]
}
