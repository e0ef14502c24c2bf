import ChainTypes
import Primitives
import WireTypes

extension SimplexCore {
    /// Gives the present view up, unless it was finalised or given up before.
    mutating func nullify(into effects: inout [CoreEffect]) {
        guard let round = rounds[view], !round.ownNullified, !round.ownFinalised else { return }
        cast(.nullify(view), into: &effects)
    }

    /// Signs, persists, sends and counts an own vote.
    mutating func cast(_ ballot: Ballot, into effects: inout [CoreEffect]) {
        guard mayVote, let own = context.own else { return }
        mark(ballot)
        let vote = Vote(epoch: context.epoch, ballot: ballot, signer: own, signature: keys.sign(context.statement(ballot)))
        send(.vote(vote), after: vote, into: &effects)
        count(vote, into: &effects)
    }

    /// Sends what carries an own vote once that vote is durable: a restart must find it.
    func send(_ message: ConsensusMessage, after vote: Vote, into effects: inout [CoreEffect]) {
        if context.plantedBug == .voteBeforePersist { effects.append(.broadcast(message)) }
        effects.append(.persist(.vote(vote)))
        if context.plantedBug != .voteBeforePersist { effects.append(.broadcast(message)) }
    }

    func isValid(_ vote: Vote) -> Bool {
        keys.isValid(vote.signature, of: context.statement(vote.ballot), by: context.validators.members[vote.signer].key)
    }

    mutating func receive(_ vote: Vote, from sender: Int?, into effects: inout [CoreEffect]) {
        let ballot = vote.ballot
        guard vote.signer < context.validators.members.count, vote.signer != context.own, ballot.view <= view + settings.lookahead,
            ballot.view + settings.lookback > finalView
        else {
            if let sender, ballot.kind == .nullify { help(sender, stuckIn: ballot.view, into: &effects) }
            return
        }
        let round = rounds[ballot.view] ?? ViewRound()
        // Known, or no longer needed and not telling anything: costs no signature check.
        if round.vote(vote.signer, ballot.kind)?.ballot == ballot { return helpIfBehind(vote, from: sender, into: &effects) }
        let conflict = round.conflict(with: ballot, of: vote.signer)
        let isNeeded = ballot.view > finalView && round.certificate(ballot.kind) == nil
        guard isNeeded || conflict != nil || isNews(vote) else { return helpIfBehind(vote, from: sender, into: &effects) }
        guard isValid(vote) else {
            return blame(sender, .badSignature, into: &effects)
        }
        register(vote, into: &effects)
        helpIfBehind(vote, from: sender, into: &effects)
    }

    func blame(_ sender: Int?, _ error: ConsensusError, into effects: inout [CoreEffect]) {
        if let sender { effects.append(.misbehaviour(signer: sender, error)) }
    }

    /// Whether the vote shows that a leader thought absent is back.
    private func isNews(_ vote: Vote) -> Bool { absences[vote.signer].map { vote.ballot.view >= $0 } ?? false }

    /// Counts a vote whose signature is valid, or reports it as one half of an equivocation.
    mutating func register(_ vote: Vote, into effects: inout [CoreEffect]) {
        if isNews(vote) { absences[vote.signer] = nil }
        let round = rounds[vote.ballot.view] ?? ViewRound()
        if let conflict = round.conflict(with: vote.ballot, of: vote.signer), !round.accused.contains(vote.signer) {
            rounds[vote.ballot.view]?.accused.insert(vote.signer)
            effects.append(.equivocation(conflict, vote))
        }
        // Of two conflicting votes of a kind the first one counts.
        guard round.vote(vote.signer, vote.ballot.kind) == nil else { return }
        count(vote, into: &effects)
    }

    /// Adds a vote to its ballot; a quorum makes a certificate (paper §2.1: a block is notarised by votes of more than 2n/3).
    mutating func count(_ vote: Vote, into effects: inout [CoreEffect]) {
        let ballot = vote.ballot
        let weight = rounds[ballot.view, default: ViewRound()].count(vote, weight: context.weight(vote.signer))
        guard ballot.view > finalView, context.isQuorum(weight), let round = rounds[ballot.view], round.certificate(ballot.kind) == nil
        else { return }
        accept(context.certificate(ballot, signatures: round.signatures(ballot)), into: &effects)
    }

    private mutating func helpIfBehind(_ vote: Vote, from sender: Int?, into effects: inout [CoreEffect]) {
        guard let sender, vote.ballot.kind == .nullify, vote.signer == sender, vote.ballot.view < view else { return }
        help(sender, stuckIn: vote.ballot.view, into: &effects)
    }

    /// Shows a validator that gives up a view which is over how it ended; once per timer period.
    private mutating func help(_ peer: Int, stuckIn stuck: UInt64, into effects: inout [CoreEffect]) {
        guard stuck < view, rounds[view]?.helped.contains(peer) == false else { return }
        rounds[view]?.helped.insert(peer)
        answer(peer, first: stuck, last: view - 1, into: &effects)
    }
}
