import ChainTypes
import Primitives
import WireTypes

extension SimplexCore {
    /// As leader of the present view: asks for a block on the newest notarised one (paper §2.1, "leader proposal").
    mutating func propose(into effects: inout [CoreEffect]) {
        guard mayVote, leader == context.own, let round = rounds[view], !round.hasVoted, !round.proposeRequested else { return }
        var parentView = view - 1
        while parentView > finalView {
            guard let before = rounds[parentView] else { return ask(parentView, into: &effects) }
            if let notarisation = before.notarisation {
                rounds[view]?.proposeRequested = true
                let ballot = notarisation.ballot
                let parent = BlockReference(hash: ballot.block, height: ballot.height)
                return effects.append(.propose(view: view, parent: parent))
            }
            guard before.nullification != nil else { return ask(parentView, into: &effects) }
            parentView -= 1
        }
        rounds[view]?.proposeRequested = true
        effects.append(.propose(view: view, parent: final))
    }

    /// The block that `propose` asked for; too late when the view is over or was given up.
    package mutating func built(_ header: BlockHeader, view: UInt64, into effects: inout [CoreEffect]) {
        guard view == self.view, leader == context.own, let own = context.own, let round = rounds[view], !round.hasVoted else { return }
        let ballot = Ballot(.notarise, view: view, height: header.height, block: header.hash)
        let signature = keys.sign(context.statement(ballot))
        let proposal = Proposal(header: header, view: view, signature: signature)
        rounds[view]?.proposal = proposal
        rounds[view]?.examination = .accepted
        mark(ballot)
        let vote = Vote(epoch: context.epoch, ballot: ballot, signer: own, signature: signature)
        send(.proposal(proposal), after: vote, into: &effects)
        count(vote, into: &effects)
    }

    /// A proposal, from whomever: what counts is the leader's signature. Only the leader sends it, so whoever sent a bad one is to
    /// blame, and nobody can make a leader look bad by a forgery.
    mutating func receive(_ proposal: Proposal, from sender: Int?, into effects: inout [CoreEffect]) {
        let view = proposal.view
        guard view > finalView, view + 1 >= self.view, view <= self.view + settings.lookahead else { return }
        let leader = context.leader(view)
        guard leader != context.own, rounds[view]?.proposal == nil else {
            // A second block of the leader in one view shows as a conflicting vote.
            if leader != context.own, rounds[view]?.proposal?.header.hash != proposal.header.hash {
                receive(vote(of: proposal, leader: leader), from: sender, into: &effects)
            }
            return
        }
        guard proposal.header.epoch == context.epoch, proposal.header.chainID == context.chainID,
            proposal.header.validatorsHash == context.validators.hash,
            proposal.header.proposer == context.validators.members[context.leader(proposal.header.view)].key
        else { return blame(sender, .badProposal, into: &effects) }
        let vote = vote(of: proposal, leader: leader)
        guard isValid(vote) else { return blame(sender, .badSignature, into: &effects) }
        rounds[view, default: ViewRound()].proposal = proposal
        register(vote, into: &effects)
        if view == self.view { consider(into: &effects) }
    }

    private func vote(of proposal: Proposal, leader: Int) -> Vote {
        Vote(epoch: context.epoch, ballot: proposal.ballot, signer: leader, signature: proposal.signature)
    }

    /// Has the present view's proposal examined once its parent is known to be notarised in a view p and all views after p to be
    /// nullified (paper §2.1: a voter has seen a notarised parent chain). Which view p is follows from the certificates: a proposal
    /// says nothing that its leader has not signed.
    mutating func consider(into effects: inout [CoreEffect]) {
        guard let round = rounds[view], let proposal = round.proposal, round.examination == .waiting, !round.hasVoted else { return }
        if context.plantedBug == .skippedParentCheck { return examine(proposal, into: &effects) }
        var parentView = view - 1
        while parentView > finalView {
            guard let before = rounds[parentView] else { return ask(parentView, into: &effects) }
            if let notarisation = before.notarisation, notarisation.ballot.block == proposal.base {
                return notarisation.height == proposal.baseHeight ? examine(proposal, into: &effects) : reject(into: &effects)
            }
            guard before.nullification != nil else { return ask(parentView, into: &effects) }
            parentView -= 1
        }
        guard proposal.base == final.hash, proposal.baseHeight == final.height else { return reject(into: &effects) }
        examine(proposal, into: &effects)
    }

    private mutating func examine(_ proposal: Proposal, into effects: inout [CoreEffect]) {
        rounds[view]?.examination = .running
        effects.append(.examine(proposal))
    }

    /// The answer to `examine`.
    package mutating func examined(_ block: Hash32, view: UInt64, isValid: Bool, into effects: inout [CoreEffect]) {
        guard let round = rounds[view], round.examination == .running, let proposal = round.proposal, proposal.header.hash == block else {
            return
        }
        rounds[view]?.examination = isValid ? .accepted : .rejected
        guard view == self.view else { return }
        guard isValid else { return nullify(into: &effects) }
        // Never after an own vote in this view: one notarise vote a view, and none after giving it up.
        guard !round.hasVoted else { return }
        cast(proposal.ballot, into: &effects)
    }

    private mutating func reject(into effects: inout [CoreEffect]) {
        rounds[view]?.examination = .rejected
        nullify(into: &effects)
    }

    /// Asks everybody for what certifies `missing` and the views before it, as many as one answer covers; again when all of these are
    /// known, or after the timer. A request that began at the last final view would never close a longer gap.
    private mutating func ask(_ missing: UInt64, into effects: inout [CoreEffect]) {
        guard let round = rounds[view], missing < round.askedFrom ?? .max else { return }
        let first = max(finalView + 1, missing - min(missing, Self.answeredViews - 1))
        rounds[view]?.askedFrom = first
        effects.append(.broadcast(.request(epoch: context.epoch, first: first, last: missing)))
    }
}
