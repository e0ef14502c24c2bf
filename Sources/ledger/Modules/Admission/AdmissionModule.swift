import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Which enclaves a chain admits, and for how long (docs/spec/admission.md). Evidence is appraised by every validator; time is block time.
package enum AdmissionModule {
    /// Writes what the genesis says of admission into the state of block 0.
    package static func begin(_ genesis: Genesis, _ state: inout ModuleState) { AdmissionState.begin(genesis, &state) }

    /// Admits an enclave whose evidence appraises well.
    ///
    /// Only accounts that governance knows may answer for one, the chain's operator and those of its validators: "different operators"
    /// would promise nothing if anybody could be ten of them.
    package static func register(_ message: WireRegisterEnclave, _ context: MessageContext, _ state: inout ModuleState) throws {
        try requireOperator(context, &state)
        let id = EnclaveStatement.identifier(message.identity)
        guard try state.value(StateKey.enclave(id)) == nil else { throw Refusal.keysEnclaveExists }
        var enclave = WireEnclave()
        (enclave.id, enclave.identity, enclave.operator) = (.init(id.bytes), message.identity, .init(context.sender.bytes))
        (enclave.status, enclave.height) = (.active, context.block.height)
        enclave.vault = enclave.id
        try appraise(message.evidence, &enclave, context, &state)
        try AdmissionState.admit(id, at: context.block.time, &state)
        state.set(StateKey.enclave(id), enclave)
        state.emit("keys.enclaveRegistered", id: id.bytes, account: context.sender, label: enclave.label)
    }

    /// Takes fresh evidence of a registered enclave. It also ends a suspension that the enclave's operator decided; nobody else's.
    package static func renew(_ message: WireRenewEvidence, _ context: MessageContext, _ state: inout ModuleState) throws {
        try requireOperator(context, &state)
        var (id, enclave) = try own(message.enclave, context, &state)
        if enclave.status != .active {
            guard enclave.suspension == EnclaveSuspension.byOperator else { throw Refusal.keysEnclaveSuspended }
            (enclave.status, enclave.suspension) = (.active, "")
        }
        try appraise(message.evidence, &enclave, context, &state)
        try AdmissionState.admit(id, at: context.block.time, &state)
        state.set(StateKey.enclave(id), enclave)
        state.emit("keys.evidenceRenewed", id: id.bytes, account: context.sender, amount: enclave.expires, label: enclave.label)
    }

    /// Lets an enclave rest: by the account that answers for it.
    package static func suspend(_ message: WireSuspendEnclave, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, enclave) = try own(message.enclave, context, &state)
        guard enclave.suspend(EnclaveSuspension.byOperator) else { throw Refusal.keysEnclaveSuspended }
        state.set(StateKey.enclave(id), enclave)
        state.emit("keys.enclaveSuspended", id: id.bytes, account: context.sender, label: enclave.label)
    }

    private static func requireOperator(_ context: MessageContext, _ state: inout ModuleState) throws {
        if context.isOperator { return }
        guard try !GovernanceModule.voters(context.sender, &state).isEmpty else { throw Refusal.keysNotOperator }
    }

    private static func own(
        _ id: Data, _ context: MessageContext, _ state: inout ModuleState
    ) throws -> (id: Hash32, enclave: WireEnclave) {
        guard let id = Hash32(id), let enclave: WireEnclave = try state.message(StateKey.enclave(id)) else {
            throw Refusal.keysUnknownEnclave
        }
        guard Address(enclave.operator) == context.sender else { throw Refusal.keysNotOperator }
        return (id, enclave)
    }

    /// Appraises `bytes` about `enclave` and writes the outcome into it.
    private static func appraise(
        _ bytes: Data, _ enclave: inout WireEnclave, _ context: MessageContext, _ state: inout ModuleState
    ) throws {
        let rules = try AdmissionState.rules(context.genesis, &state)
        guard !rules.excludedPlatforms.contains(enclave.identity.platform) else { throw Refusal.admissionPlatformExcluded }
        let height = context.block.height
        guard let evidence = try? WireEvidence(strictly: [UInt8](bytes), limit: EvidenceAppraiser.maximumEvidence),
            evidence.challengeHeight < height, height - evidence.challengeHeight <= UInt64(rules.evidenceWindow),
            let challenge = try RecentBlocks.hash(at: evidence.challengeHeight, &state)
        else { throw Refusal.keysStaleEvidence }
        // Each answers a later block than the one before, so none is taken twice.
        guard enclave.evidenceHash.isEmpty || evidence.challengeHeight > enclave.challengeHeight else {
            throw Refusal.admissionEvidenceReused
        }
        let (result, slots) = try result([UInt8](bytes), enclave.identity, challenge: challenge, rules, context, &state)
        enclave.assurance = result.assurance.rawValue
        enclave.label = label(result)
        enclave.machine = .init(result.machine?.bytes ?? [])
        enclave.evidenceHash = .init(Digest.hash(.evidence, [UInt8](bytes)).bytes)
        enclave.challengeHeight = evidence.challengeHeight
        enclave.endorsements = slots
        enclave.expires = min(context.block.time + rules.evidenceLifetime, result.expires ?? .max)
        guard !enclave.isExpired(at: context.block.time) else { throw Refusal.admissionExpired }
    }

    private static func result(
        _ bytes: [UInt8], _ identity: WireEnclaveIdentity, challenge: Hash32, _ rules: WireAttestationRules, _ context: MessageContext,
        _ state: inout ModuleState
    ) throws -> (AttestationResult, slots: [String]) {
        let reference = try AdmissionState.reference(identity.platform, identity.measurement, &state)
        // Also where reference values are not required.
        guard reference?.revoked != true else { throw Refusal.admissionUnknownReference }
        do {
            let slots = try EvidenceAppraiser.slots(of: bytes)
            let subject = AttestationSubject(chainID: context.genesis.chainID, identity: identity, challengeBlock: challenge)
            let result = try EvidenceAppraiser.appraise(
                bytes, about: subject, endorsements: try EndorsementRules.newest(slots, &state), anchors: context.anchors.adding(rules),
                references: ReferenceValues(claimed: reference, rules: rules),
                policy: AppraisalPolicy(rules, allowSimulated: context.genesis.wire.allowSimulatedEnclaves), at: context.block.time)
            return (result, Set(slots).sorted())
        } catch let error as AttestationError { throw Refusal(error) }
    }

    /// What people are shown: the platform, how it honestly is, and AMD's product line.
    private static func label(_ result: AttestationResult) -> String {
        AmdProduct(rawValue: result.product) == nil ? result.label : "\(result.label) (\(result.product))"
    }
}

extension Refusal {
    /// Evidence is refused by the rule that it breaks, not just as a whole.
    package init(_ error: AttestationError) { self.init(error.code, error.name, error.reason) }

    package static let admissionTooManyEnclaves = Refusal(
        2155, "admission.tooManyEnclaves", "the chain has as many admitted enclaves as it can have")
    package static let admissionEvidenceReused = Refusal(
        2156, "admission.evidenceReused", "the enclave's last evidence answered this block or a later one")
    package static let admissionExpired = Refusal(
        2157, "admission.expired", "the enclave's evidence is too old, or what vouches for it is: renew it")
    package static let admissionStaleEndorsement = Refusal(
        2158, "admission.staleEndorsement", "the chain has this endorsement of the vendor, or a newer one")
    package static let admissionEndorsementTooLarge = Refusal(
        2159, "admission.endorsementTooLarge", "the endorsement is larger than the chain takes")
    package static let admissionEndorsementFee = Refusal(
        2160, "admission.endorsementFee", "endorsements pay the minimum fee for each started kilobyte")
    package static let admissionEndorsementsFull = Refusal(
        2161, "admission.endorsementsFull", "the chain keeps as many different endorsements as it can")
    package static let admissionMalformedChange = Refusal(
        2162, "admission.malformedChange", "the reference value, rules or enclaves that are decided about are not well formed")
    package static let admissionUnknownReference = Refusal(
        2163, "admission.unknownReference", "there is no such reference value, or it is revoked")
    package static let admissionUnapproved = Refusal(
        2165, "admission.unapproved", "too few recovery holders approve of the build, an approval does not hold, or it is not a holder's")

    package static let allAdmission: [Refusal] =
        [
            admissionMalformedDemand, admissionPlatformExcluded, admissionAssuranceTooLow, admissionWrongEnclaves, admissionNotDistinct,
            admissionNotEnrolled, admissionTooManyEnclaves, admissionEvidenceReused, admissionExpired, admissionStaleEndorsement,
            admissionEndorsementTooLarge, admissionEndorsementFee, admissionEndorsementsFull, admissionMalformedChange,
            admissionUnknownReference, admissionUnapproved,
        ] + AttestationError.allCases.map { Refusal($0) }
}
