import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What governance decides about admission. Unlike changes of validators it holds from the block on that decides it: a broken platform
/// does not wait for the end of an epoch.
enum AdmissionChanges {
    /// Whether the change is possible now.
    static func check(_ change: WireChange.OneOf_Kind, _ genesis: Genesis, _ state: inout ModuleState) throws {
        switch change {
        case .addReferenceValue(let change): try check(change, genesis, &state)
        case .revokeReferenceValue(let change): _ = try standing(change, &state)
        case .setAttestationRules(let rules):
            guard rules.isSensible(in: genesis.wire), areKnown(rules) else { throw Refusal.admissionMalformedChange }
            guard try rules != AdmissionState.rules(genesis, &state) else { throw Refusal.governanceNoChange }
        case .suspendEnclaves(let change): try check(change, genesis, &state)
        case .resumeEnclave(let change): _ = try suspended(change, genesis, &state)
        default: throw Refusal.governanceMalformed
        }
    }

    /// Makes it so.
    static func apply(_ change: WireChange.OneOf_Kind, at height: UInt64, _ genesis: Genesis, _ state: inout ModuleState) throws {
        switch change {
        case .addReferenceValue(let change):
            let delay = try AdmissionState.rules(genesis, &state).measurementDelay
            try AdmissionState.add(
                change.measurement, description: change.description_p, approvals: change.approvals, at: height,
                activeFrom: height + delay, &state)
        case .revokeReferenceValue(let change):
            var value = try standing(change, &state)
            value.revoked = true
            AdmissionState.store(value, &state)
            try suspend(EnclaveSuspension.reference, &state) { enclave in
                enclave.identity.platform == value.platform && enclave.identity.measurement == value.measurement
            }
        case .setAttestationRules(let rules): state.set(StateKey.attestationRules, rules)
        case .suspendEnclaves(let change) where change.enclave.isEmpty:
            var rules = try AdmissionState.rules(genesis, &state)
            // Whoever broke it could make evidence for as many enclaves of it as it likes.
            rules.excludedPlatforms = Set(rules.excludedPlatforms + [change.platform]).sorted()
            state.set(StateKey.attestationRules, rules)
            try suspend(EnclaveSuspension.platform, &state) { $0.identity.platform == change.platform }
        case .suspendEnclaves(let change):
            var (id, enclave) = try enclave(change.enclave, &state)
            guard enclave.suspend(EnclaveSuspension.byGovernance) else { throw Refusal.governanceNoChange }
            state.set(StateKey.enclave(id), enclave)
            state.emit("keys.enclaveSuspended", id: id.bytes, label: enclave.label)
        case .resumeEnclave(let change):
            var (id, enclave) = try suspended(change, genesis, &state)
            (enclave.status, enclave.suspension) = (.active, "")
            state.set(StateKey.enclave(id), enclave)
            state.emit("keys.enclaveResumed", id: id.bytes, label: enclave.label)
        default: throw Refusal.governanceMalformed
        }
    }

    private static func suspend(_ reason: String, _ state: inout ModuleState, _ isMeant: (WireEnclave) -> Bool) throws {
        for id in try AdmissionState.update(&state, { isMeant($0) && $0.suspend(reason) }) {
            state.emit("keys.enclaveSuspended", id: id.bytes)
        }
    }

    // MARK: Checks

    private static func check(_ change: WireAddReferenceValue, _ genesis: Genesis, _ state: inout ModuleState) throws {
        guard change.measurement.isWellFormed, change.description_p.utf8.count <= 256,
            let value = try? ReferenceValue(change.measurement)
        else { throw Refusal.admissionMalformedChange }
        try checkApprovals(change, hash: value.hash, genesis, &state)
        let known = try AdmissionState.reference(change.measurement.platform, .init(value.hash.bytes), &state)
        // A value that stands is decided anew only to put the words of the present holders in the place of former ones'.
        guard known.map({ $0.revoked || $0.approvals != change.approvals }) ?? true else { throw Refusal.governanceNoChange }
    }

    /// Where there are recovery holders, vaults give keys to no build that these have not approved of (docs/spec/vault.md §7).
    private static func checkApprovals(
        _ change: WireAddReferenceValue, hash: Hash32, _ genesis: Genesis, _ state: inout ModuleState
    ) throws {
        guard let plan = try RecoveryModule.plan(&state) else {
            guard change.approvals.isEmpty else { throw Refusal.admissionMalformedChange }
            return
        }
        let statement = HolderStatement.reference(change.measurement, hash: hash, chainID: genesis.chainID)
        guard plan.isApproved(by: change.approvals, statement, .referenceApproval),
            plan.count(change.approvals, of: statement, .referenceApproval) == change.approvals.count
        else { throw Refusal.admissionUnapproved }
    }

    private static func standing(_ change: WireRevokeReferenceValue, _ state: inout ModuleState) throws -> WireReferenceValue {
        guard let value = try AdmissionState.reference(change.platform, change.measurement, &state), !value.revoked else {
            throw Refusal.admissionUnknownReference
        }
        return value
    }

    private static func check(_ change: WireSuspendEnclaves, _ genesis: Genesis, _ state: inout ModuleState) throws {
        if change.enclave.isEmpty {
            guard EvidencePlatform(rawValue: change.platform) != nil else { throw Refusal.admissionMalformedChange }
            let rules = try AdmissionState.rules(genesis, &state)
            guard !rules.excludedPlatforms.contains(change.platform) else { throw Refusal.governanceNoChange }
        } else {
            guard change.platform.isEmpty else { throw Refusal.admissionMalformedChange }
            var (_, enclave) = try enclave(change.enclave, &state)
            guard enclave.suspend(EnclaveSuspension.byGovernance) else { throw Refusal.governanceNoChange }
        }
    }

    /// A suspended enclave that nothing keeps from going on.
    private static func suspended(
        _ change: WireResumeEnclave, _ genesis: Genesis, _ state: inout ModuleState
    ) throws -> (id: Hash32, enclave: WireEnclave) {
        let (id, enclave) = try enclave(change.enclave, &state)
        guard enclave.status == .suspended else { throw Refusal.governanceNoChange }
        let rules = try AdmissionState.rules(genesis, &state)
        guard !rules.excludedPlatforms.contains(enclave.identity.platform) else { throw Refusal.admissionPlatformExcluded }
        let reference = try AdmissionState.reference(enclave.identity.platform, enclave.identity.measurement, &state)
        guard reference?.revoked != true else { throw Refusal.admissionUnknownReference }
        return (id, enclave)
    }

    private static func enclave(_ id: Data, _ state: inout ModuleState) throws -> (id: Hash32, enclave: WireEnclave) {
        guard let id = Hash32(id), let enclave: WireEnclave = try state.message(StateKey.enclave(id)) else {
            throw Refusal.keysUnknownEnclave
        }
        return (id, enclave)
    }

    /// Names that no platform, status or product line has would look like a decision and decide nothing.
    private static func areKnown(_ rules: WireAttestationRules) -> Bool {
        rules.tcbStatuses.allSatisfy { TcbStatus(rawValue: $0) != nil && $0 != TcbStatus.revoked.rawValue }
            && rules.excludedProductLines.allSatisfy { AmdProduct(rawValue: $0) != nil }
            && rules.floors.allSatisfy { AmdProduct(rawValue: $0.productLine) != nil }
            && rules.excludedPlatforms.allSatisfy { EvidencePlatform(rawValue: $0) != nil }
    }
}
