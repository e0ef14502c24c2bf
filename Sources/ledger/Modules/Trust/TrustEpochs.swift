import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Epochs: who votes, when that changes, and how well leaders led (docs/spec/trust.md §2, §3).
package enum TrustEpochs {
    /// Writes the state of block 0: the genesis's validators, all with the full score.
    package static func begin(_ genesis: Genesis, _ state: inout ModuleState) {
        var list: [Hash32] = []
        for (position, member) in genesis.validators.members.enumerated() {
            var record = WireValidatorRecord()
            if genesis.wire.nodes.isEmpty {
                record.node.validator = .init(member.key.bytes)
                record.node.account = genesis.wire.operator
            } else {
                record.node = genesis.wire.nodes[position]
            }
            record.status = .active
            (record.votingWeight, record.grantedWeight) = (member.votingWeight, member.votingWeight)
            (record.leaderWeight, record.leaderScore) = (member.leaderWeight, LeaderScore.full)
            TrustState.store(record, of: member.key, &state)
            if let node = Hash32(record.node.nodeID) { state.set(StateKey.node(node), bytes: member.key.bytes) }
            list.append(member.key)
        }
        TrustState.store(list: list, &state)
        var epoch = WireEpochRecord()
        epoch.firstHeight = 1
        state.set(StateKey.epoch, epoch)
        state.set(StateKey.validatorSet(0), bytes: genesis.validators.bytes)
        var parameters = WireChainParameters()
        parameters.present = genesis.parameters
        state.set(StateKey.parameters, parameters)
    }

    /// The plan of the block after block `height`, whose state this is.
    package static func plan(after height: UInt64, _ genesis: Genesis, _ state: inout ModuleState) throws -> EpochPlan {
        let epoch = try TrustState.epoch(&state)
        let present = try TrustState.presentSet(&state)
        let parameters = try TrustState.parameters(&state).present
        // How many blocks the epoch has with the next one.
        let blocks = height + 2 - epoch.firstHeight
        guard blocks >= UInt64(parameters.epochLength) || (epoch.changeWaits && blocks >= UInt64(parameters.epochMinimum)) else {
            return EpochPlan(epoch: epoch.epoch, validators: present, parameters: parameters)
        }
        let next = try Roster(&state).next(
            after: present, epoch: epoch.epoch, profile: genesis.wire.profile, leaderStep: parameters.leaderStep)
        return EpochPlan(epoch: epoch.epoch, validators: present, following: next.set, parameters: parameters)
    }

    /// The chain's present rules.
    package static func parameters(_ state: inout ModuleState) throws -> WireParameters { try TrustState.parameters(&state).present }

    /// At the start of a block: ends the epoch with its last block, and counts who led well and who did not.
    ///
    /// The next set is what the state of the parent says, so it comes before anything that this block changes; what this block
    /// changes counts for the epoch after.
    /// - Throws: `wrongEpoch` when the block's header contradicts the plan: the engine has checked that.
    package static func begin(_ block: BlockContext, _ genesis: Genesis, _ state: inout ModuleState) throws {
        var epoch = try TrustState.epoch(&state)
        let present = try TrustState.presentSet(&state)
        guard block.epoch == epoch.epoch else { throw TrustError.wrongEpoch }
        let parentView = epoch.lastView
        if block.lastOfEpoch {
            guard try plan(after: block.height - 1, genesis, &state).closes else { throw TrustError.wrongEpoch }
            try close(epoch, at: block.height, present, genesis, &state)
        } else {
            epoch.lastView = block.view
            state.set(StateKey.epoch, epoch)
        }
        try count(block, after: parentView, present, &state)
    }

    private static func close(
        _ epoch: WireEpochRecord, at height: UInt64, _ present: ValidatorSet, _ genesis: Genesis, _ state: inout ModuleState
    ) throws {
        var parameters = try TrustState.parameters(&state)
        let next = try Roster(&state).next(
            after: present, epoch: epoch.epoch, profile: genesis.wire.profile, leaderStep: parameters.present.leaderStep)
        var list: [Hash32] = []
        for entry in next.entries {
            TrustState.store(entry.record, of: entry.key, &state)
            if try state.value(StateKey.leaderService(entry.key)) != nil { state.remove(StateKey.leaderService(entry.key)) }
            if entry.record.status != .left {
                list.append(entry.key)
            } else if let node = Hash32(entry.record.node.nodeID) {
                state.remove(StateKey.node(node))
            }
        }
        TrustState.store(list: list, &state)
        if parameters.hasNext {
            parameters.present = parameters.next
            parameters.clearNext()
            state.set(StateKey.parameters, parameters)
        }
        var following = WireEpochRecord()
        following.epoch = epoch.epoch + 1
        following.firstHeight = height + 1
        state.set(StateKey.validatorSet(following.epoch), bytes: next.set.bytes)
        if epoch.epoch >= TrustEvidence.window { state.remove(StateKey.validatorSet(epoch.epoch - TrustEvidence.window)) }
        // A change that takes several epochs goes on with the next one.
        following.changeWaits = try Roster(&state).changes(next.set, epoch: following.epoch, profile: genesis.wire.profile)
        state.set(StateKey.epoch, following)
        state.emit(next.isKept ? "trust.setKept" : "trust.epochBegan", id: next.set.hash.bytes, amount: following.epoch)
    }

    /// Counts the proposer's service, and the leaders of the views between the parent's and this block's: they were nullified.
    private static func count(
        _ block: BlockContext, after parentView: UInt64, _ validators: ValidatorSet, _ state: inout ModuleState
    ) throws {
        if block.view > parentView, block.view - parentView > 1 {
            let turns = LeaderSchedule(validators).turns(from: parentView + 1, to: block.view)
            for (position, missed) in turns.sorted(by: { $0.key < $1.key }) {
                try serve(validators.members[position].key, &state) { $0.missed = $0.missed.clampedSum(missed) }
            }
        }
        guard validators.members.contains(where: { $0.key == block.proposer }) else { return }
        try serve(block.proposer, &state) { $0.proposals += 1 }
    }

    private static func serve(_ key: Hash32, _ state: inout ModuleState, _ change: (inout WireLeaderService) -> Void) throws {
        // An epoch's last block may be led by one who leaves with it.
        guard try TrustState.record(key, &state)?.status != .left else { return }
        var service: WireLeaderService = try state.message(StateKey.leaderService(key)) ?? WireLeaderService()
        change(&service)
        state.set(StateKey.leaderService(key), service)
    }
}
