import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What a state says about validators and what is decided but not done: for status, peers and the engine. Pure; nothing here decides.
package struct TrustView: Sendable {
    private let genesis: Genesis
    private let committed: any CommittedState

    package init(_ committed: any CommittedState, genesis: Genesis) { (self.committed, self.genesis) = (committed, genesis) }

    /// A validator's way to where governance wants it.
    package struct PendingChange: Sendable, Equatable {
        package let validator: Hash32
        package let status: WireValidatorStatus
        /// Voting weight now and at the end of the way.
        package let from: UInt64
        package let to: UInt64
        /// The epoch from which on the last step holds, when nothing else is decided; `nil` when it waits for something else.
        package let epoch: UInt64?
    }

    /// The present epoch: that of the next block.
    package func epoch() throws -> WireEpochRecord {
        var state = ModuleState(committed)
        return try TrustState.epoch(&state)
    }

    package func parameters() throws -> WireChainParameters {
        var state = ModuleState(committed)
        return try TrustState.parameters(&state)
    }

    /// The set of an epoch that is not older than evidence counts.
    package func validatorSet(_ epoch: UInt64) throws -> ValidatorSet? {
        var state = ModuleState(committed)
        return try TrustState.set(epoch, &state)
    }

    /// What a block on this state would make of contradicting votes.
    package func judge(evidence: [UInt8]) throws -> EvidenceJudgement {
        var state = ModuleState(committed)
        return try TrustEvidence.judge(evidence, in: TrustState.epoch(&state).epoch, genesis, &state)
    }

    /// Everybody who is or will be in a set, with the service of the present epoch counted in.
    package func validators() throws -> [WireValidatorRecord] {
        var state = ModuleState(committed)
        return try Roster(&state).entries.map { entry in
            var record = entry.record
            record.count(entry.service)
            return record
        }
    }

    package func validator(_ key: Hash32) throws -> WireValidatorRecord? {
        var state = ModuleState(committed)
        return try TrustState.record(key, &state)
    }

    /// From which epoch on a validator may vote, and with which log: no name is the log that it began with.
    package func votesFrom(_ key: Hash32) throws -> (epoch: UInt64, log: Hash32?)? {
        try validator(key).map { ($0.votesFrom, Hash32($0.log)) }
    }

    /// The nodes that validators run, those of the ones still joining included.
    package func nodes() throws -> [WireValidatorNode] { try validators().map(\.node).filter { !$0.nodeID.isEmpty } }

    package func proposal(_ id: Hash32) throws -> WireGovernanceProposal? {
        var state = ModuleState(committed)
        return try state.message(StateKey.proposal(id))
    }

    package func openProposals() throws -> [WireGovernanceProposal] {
        var state = ModuleState(committed)
        return try GovernanceModule.openProposals(&state).proposals.compactMap { entry in
            try Hash32(entry.id).flatMap { try state.message(StateKey.proposal($0)) }
        }
    }

    /// How many epochs `pending` looks ahead.
    private static let horizon: UInt64 = 256

    /// What waits for the ends of coming epochs, and when each is expected: the rules of pacing, run ahead.
    package func pending() throws -> [PendingChange] {
        var state = ModuleState(committed)
        let present = try TrustState.epoch(&state).epoch
        let entries = try Roster(&state).entries
        var weights = entries.map(\.record.pace)
        let goals = weights.map { $0.isBarred ? 0 : $0.target }
        var reached = entries.map { entry in entry.record.status == .rejoining ? entry.record.votesFrom : present }
        for epoch in present + 1...present + Self.horizon {
            guard let next = WeightPacing.next(weights, profile: genesis.wire.profile), next != weights.map(\.present) else { break }
            for position in weights.indices where next[position] != weights[position].present {
                weights[position].present = next[position]
                reached[position] = max(reached[position], epoch)
            }
        }
        return entries.indices.compactMap { position in
            let record = entries[position].record
            guard record.votingWeight != goals[position] || reached[position] > present || record.status == .leaving else { return nil }
            let isReached = weights[position].present == goals[position]
            return PendingChange(
                validator: entries[position].key, status: record.status, from: record.votingWeight, to: goals[position],
                epoch: isReached ? max(reached[position], present + 1) : nil)
        }
    }
}
