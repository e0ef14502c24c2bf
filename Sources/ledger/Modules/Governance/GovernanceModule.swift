import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Changes that the validators decide together, by voting weight (docs/spec/trust.md §7).
///
/// A proposal passes when a quorum of the present set's weight agrees: the same share that makes a block final. The accounts that
/// answer for validators vote; a chain with one validator decides with one message.
package enum GovernanceModule {
    /// Heights for which a proposal may stay open.
    package static let longest: UInt64 = 1_000_000
    /// How many proposals may be open, in all and of one account, so that nobody can keep others from proposing.
    package static let mostOpen = 64
    package static let mostOpenOfOne = 8

    package static func propose(_ message: WireProposeChange, _ context: MessageContext, _ state: inout ModuleState) throws {
        let height = context.block.height
        let own = try voters(context.sender, &state)
        guard !own.isEmpty else { throw Refusal.governanceNotValidator }
        guard message.expires >= height, message.expires - height <= longest else { throw Refusal.governanceBadExpiry }
        try GovernanceChanges.check(message.change, context.genesis, &state)
        var open = try openProposals(&state)
        let sender = Data(context.sender.bytes)
        guard open.proposals.count < mostOpen, open.proposals.count(where: { $0.proposer == sender }) < mostOpenOfOne else {
            throw Refusal.governanceTooManyOpen
        }
        let id = context.identifier
        var entry = WireOpenProposal()
        (entry.id, entry.proposer, entry.expires) = (.init(id.bytes), sender, message.expires)
        open.proposals.append(entry)
        state.set(StateKey.openProposals, open)
        var proposal = WireGovernanceProposal()
        (proposal.id, proposal.proposer, proposal.change) = (entry.id, sender, message.change)
        (proposal.expires, proposal.status, proposal.height) = (message.expires, .open, height)
        state.emit("governance.proposed", id: id.bytes, account: context.sender)
        try cast(true, by: own, on: &proposal, context, &state)
    }

    package static func vote(_ message: WireVoteOnProposal, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let id = Hash32(message.proposal), var proposal: WireGovernanceProposal = try state.message(StateKey.proposal(id)) else {
            throw Refusal.governanceUnknownProposal
        }
        guard proposal.status == .open else { throw Refusal.governanceDecided }
        let own = try voters(context.sender, &state)
        guard !own.isEmpty else { throw Refusal.governanceNotValidator }
        state.emit("governance.voted", id: id.bytes, account: context.sender, amount: message.agrees ? 1 : 0)
        try cast(message.agrees, by: own, on: &proposal, context, &state)
    }

    /// At the start of a block: closes what nobody can vote for any more.
    package static func expire(_ block: BlockContext, _ state: inout ModuleState) throws {
        var open = try openProposals(&state)
        let expired = open.proposals.filter { $0.expires < block.height }
        guard !expired.isEmpty else { return }
        for entry in expired {
            guard let id = Hash32(entry.id), var proposal: WireGovernanceProposal = try state.message(StateKey.proposal(id)) else {
                continue
            }
            (proposal.status, proposal.decidedHeight) = (.expired, block.height)
            state.set(StateKey.proposal(id), proposal)
            state.emit("governance.expired", id: id.bytes)
        }
        open.proposals.removeAll { $0.expires < block.height }
        store(open, &state)
    }

    static func openProposals(_ state: inout ModuleState) throws -> WireOpenProposals {
        try state.message(StateKey.openProposals) ?? WireOpenProposals()
    }

    private static func store(_ open: WireOpenProposals, _ state: inout ModuleState) {
        if open.proposals.isEmpty { state.remove(StateKey.openProposals) } else { state.set(StateKey.openProposals, open) }
    }

    /// The validators with weight in the present set that `account` answers for.
    static func voters(_ account: Address, _ state: inout ModuleState) throws -> [Hash32] {
        let bytes = Data(account.bytes)
        return try TrustState.presentSet(&state).members.filter { $0.votingWeight > 0 }.map(\.key).filter { key in
            try TrustState.record(key, &state)?.node.account == bytes
        }
    }

    /// Notes the votes of `validators` and decides when that makes a quorum, or makes one impossible.
    private static func cast(
        _ agrees: Bool, by validators: [Hash32], on proposal: inout WireGovernanceProposal, _ context: MessageContext,
        _ state: inout ModuleState
    ) throws {
        for key in validators {
            proposal.votes.removeAll { $0.validator == Data(key.bytes) }
            var vote = WireProposalVote()
            (vote.validator, vote.agrees) = (.init(key.bytes), agrees)
            proposal.votes.append(vote)
        }
        let set = try TrustState.presentSet(&state)
        let profile = context.genesis.wire.profile
        let (yes, no) = tally(proposal, set)
        if Quorum.isReached(weight: yes, total: set.totalWeight, profile: profile) {
            try decide(&proposal, .passed, context, &state)
        } else if !Quorum.isReached(weight: set.totalWeight - no, total: set.totalWeight, profile: profile) {
            try decide(&proposal, .rejected, context, &state)
        }
        guard let id = Hash32(proposal.id) else { return }
        state.set(StateKey.proposal(id), proposal)
    }

    /// The weight of those who agree and of those who do not, as the present set weighs them.
    package static func tally(_ proposal: WireGovernanceProposal, _ set: ValidatorSet) -> (yes: UInt64, no: UInt64) {
        // A set holds no key twice.
        let weights = Dictionary(uniqueKeysWithValues: set.members.map { ($0.key, $0.votingWeight) })
        var tally: (yes: UInt64, no: UInt64) = (0, 0)
        for vote in proposal.votes {
            guard let weight = Hash32(vote.validator).flatMap({ weights[$0] }) else { continue }
            if vote.agrees { tally.yes += weight } else { tally.no += weight }
        }
        return tally
    }

    private static func decide(
        _ proposal: inout WireGovernanceProposal, _ status: WireProposalStatus, _ context: MessageContext, _ state: inout ModuleState
    ) throws {
        (proposal.status, proposal.decidedHeight) = (status, context.block.height)
        if status == .passed {
            do {
                try GovernanceChanges.apply(proposal.change, at: context.block.height, context.genesis, &state)
            } catch let refusal as Refusal {
                // Something that was decided meanwhile makes it impossible; nothing of it was written.
                (proposal.status, proposal.failure) = (.failed, refusal.code)
            }
        }
        var open = try openProposals(&state)
        let id = proposal.id
        open.proposals.removeAll { $0.id == id }
        store(open, &state)
        let event =
            switch proposal.status {
            case .passed: "governance.passed"
            case .failed: "governance.failed"
            default: "governance.rejected"
            }
        state.emit(event, id: [UInt8](id), amount: UInt64(proposal.failure))
    }
}

extension Refusal {
    package static let governanceNotValidator = Refusal(
        2050, "governance.notValidator", "the account answers for no validator with voting weight")
    package static let governanceBadExpiry = Refusal(
        2051, "governance.badExpiry", "a proposal stays open for at least this block and at most a million heights")
    package static let governanceTooManyOpen = Refusal(2052, "governance.tooManyOpen", "too many proposals are open; let some be decided")
    package static let governanceUnknownProposal = Refusal(2053, "governance.unknownProposal", "there is no such proposal")
    package static let governanceDecided = Refusal(2054, "governance.decided", "the proposal is decided or has expired")
    package static let governanceMalformed = Refusal(
        2055, "governance.malformed", "the change has no kind, or a key, weight, node or parameter that cannot be")
    package static let governanceUnknownValidator = Refusal(
        2056, "governance.unknownValidator", "no such validator is or will be in the set, or it is leaving")
    package static let governanceExists = Refusal(2057, "governance.exists", "the key or its node belongs to a validator already")
    package static let governanceNoPossession = Refusal(
        2058, "governance.noPossession", "the new validator's key did not sign for this chain and account")
    package static let governanceLastValidator = Refusal(
        2059, "governance.lastValidator", "nobody would be left to vote: add another validator first")
    package static let governanceNotJailed = Refusal(2060, "governance.notJailed", "the validator is not jailed")
    package static let governanceNoChange = Refusal(2061, "governance.noChange", "that is decided already")
    package static let governanceFull = Refusal(2062, "governance.full", "the chain has as many validators as it can have")

    package static let allGovernance: [Refusal] = [
        governanceNotValidator, governanceBadExpiry, governanceTooManyOpen, governanceUnknownProposal, governanceDecided,
        governanceMalformed, governanceUnknownValidator, governanceExists, governanceNoPossession, governanceLastValidator,
        governanceNotJailed, governanceNoChange, governanceFull,
    ]
}
