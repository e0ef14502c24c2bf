import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Modules
import Node
import Primitives
import WireTypes

// What the API answers about validators and what they decide.

struct ValidatorView: Encodable {
    let key: String
    /// The account that answers for it.
    let account: String
    let nodeId: String?
    let endpoint: String?
    let status: String
    let statusEpoch: UInt64
    let votingWeight, grantedWeight: UInt64
    /// By governance; the set holds it scaled by the score.
    let leaderWeight: UInt64
    let leaderScore: UInt32
    /// What it leads with in the present epoch.
    let presentLeaderWeight: UInt64
    let votesFrom: UInt64
    let log: String?
    let proposals, missed: UInt64

    init(_ record: WireValidatorRecord, in set: ValidatorSet) {
        (key, account) = (Hex.encode(record.node.validator), address(record.node.account))
        (nodeId, endpoint) = (hash(record.node.nodeID), record.node.endpoint.isEmpty ? nil : record.node.endpoint)
        (status, statusEpoch) = (statusName(record.status), record.statusEpoch)
        (votingWeight, grantedWeight) = (record.votingWeight, record.grantedWeight)
        (leaderWeight, leaderScore) = (record.leaderWeight, record.leaderScore)
        let member = Hash32(record.node.validator).flatMap { key in set.members.first { $0.key == key } }
        presentLeaderWeight = member?.leaderWeight ?? 0
        (votesFrom, log) = (record.votesFrom, hash(record.log))
        (proposals, missed) = (record.proposals, record.missed)
    }
}

/// A weight on its way to what governance decided.
struct PendingChangeView: Encodable {
    let validator: String
    let status: String
    let from, to: UInt64
    /// The epoch from which on it holds, when nothing else is decided; missing when it waits for something else.
    let epoch: UInt64?

    init(_ change: TrustView.PendingChange) {
        (validator, status) = ("\(change.validator)", statusName(change.status))
        (from, to, epoch) = (change.from, change.to, change.epoch)
    }
}

struct ValidatorsView: Encodable {
    /// All of this is the state after this block.
    let height: UInt64
    let epoch: UInt64
    let epochFirstHeight: UInt64
    /// Whether the epoch ends early because something waits for its end.
    let changeWaits: Bool
    let profile: String
    let totalWeight, quorumWeight: UInt64
    let validators: [ValidatorView]
    let pending: [PendingChangeView]
    /// Whether other parameters hold from the next epoch on.
    let parametersChange: Bool

    init(_ chain: ChainView) throws {
        let (height, trust) = (chain.head.height, chain.trust())
        let epoch = try trust.epoch()
        guard let set = try trust.validatorSet(epoch.epoch) else { throw NodeError.damagedChain("the validators") }
        (self.height, self.epoch, epochFirstHeight, changeWaits) = (height, epoch.epoch, epoch.firstHeight, epoch.changeWaits)
        profile = profileName(chain.genesis.wire.profile)
        (totalWeight, quorumWeight) = (set.totalWeight, leastQuorum(of: set.totalWeight, chain.genesis.wire.profile))
        validators = try trust.validators().map { ValidatorView($0, in: set) }
        pending = try trust.pending().map(PendingChangeView.init)
        parametersChange = try trust.parameters().hasNext
    }
}

package struct ProposalView: Encodable {
    struct Vote: Encodable {
        let validator: String
        let agrees: Bool
    }
    struct Change: Encodable {
        let kind: String
        var validator: String?
        var account: String?
        var nodeId: String?
        var endpoint: String?
        var votingWeight: UInt64?
        var leaderWeight: UInt64?
        var parameters: ParametersView?
        var platform: String?
        var measurement: String?
        var enclave: String?

        init(_ change: WireChange) {
            switch change.kind {
            case .addValidator(let change):
                kind = "addValidator"
                (validator, account) = (Hex.encode(change.node.validator), address(change.node.account))
                (nodeId, endpoint) = (hash(change.node.nodeID), change.node.endpoint)
                (votingWeight, leaderWeight) = (change.votingWeight, change.leaderWeight)
            case .removeValidator(let change): (kind, validator) = ("removeValidator", Hex.encode(change.validator))
            case .setVotingWeight(let change):
                (kind, validator, votingWeight) = ("setVotingWeight", Hex.encode(change.validator), change.votingWeight)
            case .unjail(let change): (kind, validator) = ("unjail", Hex.encode(change.validator))
            case .setParameters(let parameters): (kind, self.parameters) = ("setParameters", ParametersView(parameters))
            case .addReferenceValue(let change):
                (kind, platform) = ("addReferenceValue", change.measurement.platform)
                measurement = (try? ReferenceValue(change.measurement))?.hash.description
            case .revokeReferenceValue(let change):
                (kind, platform, measurement) = ("revokeReferenceValue", change.platform, hash(change.measurement))
            case .setAttestationRules: kind = "setAttestationRules"
            case .suspendEnclaves(let change):
                (kind, enclave) = ("suspendEnclaves", hash(change.enclave))
                platform = change.platform.isEmpty ? nil : change.platform
            case .resumeEnclave(let change): (kind, enclave) = ("resumeEnclave", hash(change.enclave))
            case .setRecoveryHolders: kind = "setRecoveryHolders"
            case nil: kind = "unknown"
            }
        }
    }
    let id: String
    let proposer: String
    let change: Change
    let expires: UInt64
    let status: String
    let votes: [Vote]
    /// Weights of those who agree and who do not, in the present set, and what makes a quorum of it.
    let weightFor, weightAgainst, quorumWeight: UInt64
    let height: UInt64
    let decidedHeight: UInt64?
    /// Why what was agreed on had become impossible.
    let failure: UInt32?

    package init(_ proposal: WireGovernanceProposal, set: ValidatorSet, profile: WireQuorumProfile) {
        (id, proposer, change) = (Hex.encode(proposal.id), address(proposal.proposer), Change(proposal.change))
        (expires, height) = (proposal.expires, proposal.height)
        status =
            switch proposal.status {
            case .open: "open"
            case .passed: "passed"
            case .rejected: "rejected"
            case .expired: "expired"
            case .failed: "failed"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        votes = proposal.votes.map { Vote(validator: Hex.encode($0.validator), agrees: $0.agrees) }
        (weightFor, weightAgainst) = GovernanceModule.tally(proposal, set)
        quorumWeight = leastQuorum(of: set.totalWeight, profile)
        decidedHeight = proposal.decidedHeight == 0 ? nil : proposal.decidedHeight
        failure = proposal.failure == 0 ? nil : proposal.failure
    }
}

/// The rules of a chain that governance may change.
struct ParametersView: Encodable {
    let minimumFee, maximumBlockBytes: UInt64
    let maximumBlockTransactions: UInt32
    let maximumValidityWindow: UInt64
    let maximumSidecarBytes: UInt32
    let idleInterval, subscriptionWindow: UInt64
    let epochLength, epochMinimum, leaderStep: UInt32

    init(_ wire: WireParameters) {
        (minimumFee, maximumBlockBytes) = (wire.minimumFee, wire.maximumBlockBytes)
        (maximumBlockTransactions, maximumValidityWindow) = (wire.maximumBlockTransactions, wire.maximumValidityWindow)
        (maximumSidecarBytes, idleInterval) = (wire.maximumSidecarBytes, wire.idleInterval)
        (subscriptionWindow, epochLength) = (wire.subscriptionWindow, wire.epochLength)
        (epochMinimum, leaderStep) = (wire.epochMinimum, wire.leaderStep)
    }
}

private func statusName(_ status: WireValidatorStatus) -> String {
    switch status {
    case .joining: "joining"
    case .active: "active"
    case .rejoining: "rejoining"
    case .leaving: "leaving"
    case .jailed: "jailed"
    case .left: "left"
    case .unspecified, .UNRECOGNIZED: "unknown"
    }
}

/// The least weight that `Quorum.isReached` accepts.
package func leastQuorum(of total: UInt64, _ profile: WireQuorumProfile) -> UInt64 {
    profile == .crash ? total / 2 + 1 : 2 * total / 3 + 1
}
