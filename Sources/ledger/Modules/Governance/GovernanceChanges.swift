import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What can be decided, and what a decision writes: of validators and parameters always something that the end of the epoch makes true.
enum GovernanceChanges {
    /// The most voting weight of one validator.
    static let largestWeight: UInt64 = 1 << 50

    /// Whether the change is possible now; it is judged again when it is decided.
    static func check(_ change: WireChange, _ genesis: Genesis, _ state: inout ModuleState) throws {
        switch change.kind {
        case .addValidator(let change): try check(change, genesis, &state)
        case .removeValidator(let change):
            let (key, _) = try staying(change.validator, &state)
            try checkOthers(than: key, &state)
        case .setVotingWeight(let change):
            guard (1...largestWeight).contains(change.votingWeight) else { throw Refusal.governanceMalformed }
            let (_, record) = try staying(change.validator, &state)
            guard record.grantedWeight != change.votingWeight else { throw Refusal.governanceNoChange }
        case .unjail(let change):
            let (_, record) = try staying(change.validator, &state)
            guard record.status == .jailed else { throw Refusal.governanceNotJailed }
        case .setParameters(let parameters):
            guard Genesis.isSensible(parameters) else { throw Refusal.governanceMalformed }
            let known = try TrustState.parameters(&state)
            guard parameters != (known.hasNext ? known.next : known.present) else { throw Refusal.governanceNoChange }
        case .setRecoveryHolders(let change): try RecoveryModule.check(change, genesis, &state)
        case .addReferenceValue, .revokeReferenceValue, .setAttestationRules, .suspendEnclaves, .resumeEnclave:
            if let kind = change.kind { try AdmissionChanges.check(kind, genesis, &state) }
        case nil: throw Refusal.governanceMalformed
        }
    }

    /// Queues the change for the end of the epoch; what is about enclaves holds at once.
    static func apply(_ change: WireChange, at height: UInt64, _ genesis: Genesis, _ state: inout ModuleState) throws {
        try check(change, genesis, &state)
        switch change.kind {
        case .addValidator(let change): try add(change, at: height, &state)
        case .removeValidator(let change): try remove(change, at: height, &state)
        case .setVotingWeight(let change):
            var (key, record) = try staying(change.validator, &state)
            (record.grantedWeight, record.decided) = (change.votingWeight, height)
            TrustState.store(record, of: key, &state)
        case .unjail(let change):
            var (key, record) = try staying(change.validator, &state)
            (record.status, record.statusEpoch) = (.active, try TrustState.epoch(&state).epoch)
            record.decided = height
            TrustState.store(record, of: key, &state)
        case .setParameters(let parameters):
            var known = try TrustState.parameters(&state)
            if parameters == known.present { known.clearNext() } else { known.next = parameters }
            state.set(StateKey.parameters, known)
        case .setRecoveryHolders(let change):
            try RecoveryModule.apply(change, at: height, genesis, &state)
            return
        case .addReferenceValue, .revokeReferenceValue, .setAttestationRules, .suspendEnclaves, .resumeEnclave:
            if let kind = change.kind { try AdmissionChanges.apply(kind, at: height, genesis, &state) }
            return
        case nil: throw Refusal.governanceMalformed
        }
        try TrustState.noteChange(&state)
    }

    private static func check(_ change: WireAddValidator, _ genesis: Genesis, _ state: inout ModuleState) throws {
        guard change.node.isWellFormed, (1...largestWeight).contains(change.votingWeight),
            change.leaderWeight <= LeaderScore.largestWeight, let key = Hash32(change.node.validator),
            let node = Hash32(change.node.nodeID), let account = Address(change.node.account)
        else { throw Refusal.governanceMalformed }
        guard VerificationKey.ed25519(key).isUsable else { throw Refusal.governanceMalformed }
        if let record = try TrustState.record(key, &state), record.status != .left { throw Refusal.governanceExists }
        guard try state.value(StateKey.node(node)) == nil else { throw Refusal.governanceExists }
        guard try TrustState.list(&state).count < Limits.validators else { throw Refusal.governanceFull }
        let statement = ValidatorStatement.possession(chainID: genesis.chainID, account: account)
        do {
            try VerificationKey.ed25519(key).verify([UInt8](change.signature), of: statement, context: .validatorPossession)
        } catch { throw Refusal.governanceNoPossession }
    }

    private static func add(_ change: WireAddValidator, at height: UInt64, _ state: inout ModuleState) throws {
        guard let key = Hash32(change.node.validator), let node = Hash32(change.node.nodeID) else { throw Refusal.governanceMalformed }
        let epoch = try TrustState.epoch(&state).epoch
        var record = WireValidatorRecord()
        record.node = change.node
        (record.status, record.statusEpoch) = (.joining, epoch)
        (record.grantedWeight, record.decided) = (change.votingWeight, height)
        (record.leaderWeight, record.leaderScore) = (change.leaderWeight, LeaderScore.full)
        // Its first vote can be of the next epoch; what it may have done as a member before was another membership's.
        record.accountableFrom = epoch + 1
        TrustState.store(record, of: key, &state)
        state.set(StateKey.node(node), bytes: key.bytes)
        TrustState.store(list: try TrustState.list(&state) + [key], &state)
    }

    private static func remove(_ change: WireRemoveValidator, at height: UInt64, _ state: inout ModuleState) throws {
        var (key, record) = try staying(change.validator, &state)
        let epoch = try TrustState.epoch(&state).epoch
        if record.status == .joining {
            // It never was in a set.
            (record.status, record.statusEpoch, record.grantedWeight) = (.left, epoch, 0)
            if let node = Hash32(record.node.nodeID) { state.remove(StateKey.node(node)) }
            TrustState.store(list: try TrustState.list(&state).filter { $0 != key }, &state)
        } else {
            (record.status, record.statusEpoch, record.grantedWeight) = (.leaving, epoch, 0)
        }
        record.decided = height
        TrustState.store(record, of: key, &state)
    }

    /// A validator that is in the set or on its way into it, and not on its way out.
    private static func staying(_ validator: Data, _ state: inout ModuleState) throws -> (key: Hash32, record: WireValidatorRecord) {
        guard let key = Hash32(validator), let record = try TrustState.record(key, &state), record.status != .left,
            record.status != .leaving
        else { throw Refusal.governanceUnknownValidator }
        return (key, record)
    }

    /// Somebody else must have weight, or be about to, before `key` may go.
    private static func checkOthers(than key: Hash32, _ state: inout ModuleState) throws {
        for other in try TrustState.list(&state) where other != key {
            guard let record = try TrustState.record(other, &state) else { continue }
            if record.grantedWeight > 0, record.status != .leaving, record.status != .jailed { return }
        }
        throw Refusal.governanceLastValidator
    }
}
