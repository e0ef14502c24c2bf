import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Reads and writes what the state knows of admission.
enum AdmissionState {
    /// How many enclaves may be admitted at one time: what a decision about all of them has to go through.
    static let mostEnclaves = 1_024

    /// What the genesis says, written into the state of block 0.
    static func begin(_ genesis: Genesis, _ state: inout ModuleState) {
        state.set(StateKey.attestationRules, genesis.attestationRules)
        var known = WireReferenceValue()
        known.description_p = "genesis"
        for reference in genesis.wire.referenceValues { store(reference, known, &state) }
    }

    static func rules(_ genesis: Genesis, _ state: inout ModuleState) throws -> WireAttestationRules {
        try state.message(StateKey.attestationRules) ?? genesis.attestationRules
    }

    static func reference(_ platform: String, _ measurement: Data, _ state: inout ModuleState) throws -> WireReferenceValue? {
        guard platform.utf8.count <= Limits.identifier, let measurement = Hash32(measurement) else { return nil }
        return try state.message(StateKey.referenceValue(platform, measurement: measurement))
    }

    static func store(_ reference: WireReferenceValue, _ state: inout ModuleState) {
        guard let measurement = Hash32(reference.measurement) else { return }
        state.set(StateKey.referenceValue(reference.platform, measurement: measurement), reference)
    }

    /// Adds a reference value. One that stands keeps its heights, and is of other approvals from now on.
    static func add(
        _ measured: WireReferenceMeasurement, description: String, approvals: [WireHolderApproval], at height: UInt64, activeFrom: UInt64,
        _ state: inout ModuleState
    ) throws {
        var value = WireReferenceValue()
        (value.description_p, value.approvals) = (description, approvals)
        (value.addedHeight, value.activeHeight) = (height, activeFrom)
        if let reference = try? ReferenceValue(measured),
            let known = try self.reference(measured.platform, .init(reference.hash.bytes), &state), !known.revoked
        {
            (value.addedHeight, value.activeHeight) = (known.addedHeight, known.activeHeight)
        }
        store(measured, value, &state)
    }

    /// Writes what is known of a build; of a platform that this program does not know it would admit nobody, and is left out.
    private static func store(_ measured: WireReferenceMeasurement, _ known: WireReferenceValue, _ state: inout ModuleState) {
        guard let reference = try? ReferenceValue(measured) else { return }
        var value = known
        (value.platform, value.registers) = (measured.platform, measured.registers)
        value.measurement = .init(reference.hash.bytes)
        store(value, &state)
    }

    // MARK: Enclaves

    /// Puts `id` among the enclaves that may be active. When there are too many, those whose evidence is long too old make room.
    static func admit(_ id: Hash32, at time: UInt64, _ state: inout ModuleState) throws {
        var ids = try admitted(&state)
        guard !ids.contains(id) else { return }
        if ids.count >= mostEnclaves {
            ids = try ids.filter { id in
                guard let enclave: WireEnclave = try state.message(StateKey.enclave(id)) else { return false }
                return !enclave.isExpired(at: time)
            }
        }
        guard ids.count < mostEnclaves else { throw Refusal.admissionTooManyEnclaves }
        ids.append(id)
        var list = WireAdmittedEnclaves()
        list.enclaves = ids.sorted().map { .init($0.bytes) }
        state.set(StateKey.admittedEnclaves, list)
    }

    /// Changes those of the admitted enclaves that `change` answers `true` for.
    /// - Returns: their ids, in order.
    @discardableResult
    static func update(_ state: inout ModuleState, _ change: (inout WireEnclave) -> Bool) throws -> [Hash32] {
        var changed: [Hash32] = []
        for id in try admitted(&state) {
            guard var enclave: WireEnclave = try state.message(StateKey.enclave(id)), change(&enclave) else { continue }
            state.set(StateKey.enclave(id), enclave)
            changed.append(id)
        }
        return changed
    }

    private static func admitted(_ state: inout ModuleState) throws -> [Hash32] {
        let list: WireAdmittedEnclaves? = try state.message(StateKey.admittedEnclaves)
        return list?.enclaves.compactMap { Hash32($0) } ?? []
    }
}

extension WireEnclave {
    /// Whether its evidence is too old at `time`, in milliseconds of block time.
    package func isExpired(at time: UInt64) -> Bool { expires != 0 && time >= expires }

    /// Suspends it unless it is already. A decision of governance takes the place of a reason that the enclave could end by itself.
    mutating func suspend(_ reason: String) -> Bool {
        guard status == .active || EnclaveSuspension.isOwn(suspension) && !EnclaveSuspension.isOwn(reason) else { return false }
        (status, suspension) = (.suspended, reason)
        return true
    }
}
