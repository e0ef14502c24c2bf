import ChainTypes
import Primitives
import WireTypes

/// The voting of one epoch: Simplex (Chan & Pass, IACR 2023/463), with weighted quorums.
///
/// A pure state machine: inputs in, effects out; no clock, randomness or I/O. The paper's iteration is a view here, its dummy block
/// a nullification. A replica that restarts is made from its log and never contradicts what it signed.
package struct SimplexCore<Keys: VoteKeys>: ~Copyable {
    package let context: EpochContext
    let keys: Keys
    let settings: SimplexSettings
    /// Whether this replica may vote: it is a member, and its log of this epoch is whole.
    let mayVote: Bool

    /// The present view: all before it are certified.
    package internal(set) var view: UInt64 = 0
    /// The newest final block of the epoch (or its base, in view 0), and the certificate that says so.
    package internal(set) var finalView: UInt64 = 0
    package internal(set) var final: BlockReference
    package internal(set) var finalisation: WireCertificate?
    var rounds: [UInt64: ViewRound] = [:]
    /// Whether anybody has something to propose, as far as this replica knows.
    var hasWork = false
    /// The view to enter once the present one has begun; `nil` outside `enter`.
    private var entering: UInt64?
    /// By leader: the last view that it led and that was nullified, while nothing was heard from it since.
    var absences: [Int: UInt64] = [:]

    /// - Parameters:
    ///   - mayVote: false for a validator whose log is lost.
    ///   - log: what this replica persisted in this epoch, in order.
    package init(
        context: EpochContext, keys: Keys, settings: SimplexSettings = SimplexSettings(), mayVote: Bool = true, log: [LogEntry] = []
    ) {
        self.context = context
        self.keys = keys
        self.settings = settings
        self.mayVote = mayVote && context.own != nil
        final = context.base
        for entry in log { recover(entry) }
    }

    /// The leader of the present view.
    package var leader: Int { context.leader(view) }

    /// Begins, or goes on after a restart: enters the first view that is neither certified nor behind an own vote.
    package mutating func start(into effects: inout [CoreEffect]) {
        var next = finalView + 1
        for (view, round) in rounds {
            if round.notarisation != nil || round.nullification != nil || round.finalisation != nil { next = max(next, view + 1) }
            if round.hasVoted { next = max(next, view) }
        }
        enter(next, into: &effects)
        if rounds[view]?.hasVoted == true { repeatOneself(into: &effects) }
        recount(into: &effects)
    }

    /// Makes the certificate of own votes that weigh a quorum by themselves: nobody else would.
    private mutating func recount(into effects: inout [CoreEffect]) {
        guard let own = context.own, context.isQuorum(context.weight(own)), let round = rounds[view] else { return }
        for kind in [WireVoteKind.notarise, .nullify] {
            guard let ballot = round.vote(own, kind)?.ballot else { continue }
            return accept(context.certificate(ballot, signatures: round.signatures(ballot)), into: &effects)
        }
    }

    /// Tells whether anybody has something to propose: an idle view may take longer.
    package mutating func work(_ exists: Bool, into effects: inout [CoreEffect]) {
        hasWork = exists
        guard view > 0, let round = rounds[view], round.isHurried != exists, !round.ownNullified else { return }
        // Once a view the timer may be lengthened, when it began in a hurry that is over; more often, and a view might never end.
        guard exists || !round.isRelaxed else { return }
        if !exists { rounds[view]?.isRelaxed = true }
        rounds[view]?.isHurried = exists
        effects.append(.setTimer(timer, after: timeout + (exists ? 0 : settings.idleInterval)))
    }

    var timer: ViewTimer { ViewTimer(epoch: context.epoch, view: view) }

    /// How long the present view may take once there is something to propose.
    var timeout: UInt64 {
        settings.viewTimeout << UInt64(max(0, failuresInARow(upTo: settings.patience + 4) - settings.patience))
    }

    /// How many views just before the present one ended without a block, counted up to `bound`.
    private func failuresInARow(upTo bound: Int) -> Int {
        var count = 0
        while count < bound, UInt64(count) < view - 1, let round = rounds[view - 1 - UInt64(count)], round.notarisation == nil,
            round.nullification != nil
        {
            count += 1
        }
        return count
    }

    /// Moves to `next` (paper §2.1: on entering an iteration, start its timer; its leader proposes).
    ///
    /// An own vote in the new view may end that view at once, and so on: what is entered meanwhile waits here, so that no number of such
    /// views needs a deeper stack.
    mutating func enter(_ next: UInt64, into effects: inout [CoreEffect]) {
        guard next > view else { return }
        guard entering == nil else {
            entering = max(entering ?? next, next)
            return
        }
        var target = next
        while target > view {
            entering = target
            view = target
            begin(into: &effects)
            target = entering ?? target
        }
        entering = nil
    }

    /// What happens on entering the present view.
    private mutating func begin(into effects: inout [CoreEffect]) {
        rounds[view, default: ViewRound()].isHurried = hasWork
        let leader = leader
        effects.append(.entered(view: view, leader: leader))
        effects.append(.setTimer(timer, after: timeout + (hasWork ? 0 : settings.idleInterval)))
        if leader == context.own {
            propose(into: &effects)
        } else if absences[leader] != nil, failuresInARow(upTo: context.validators.members.count) < context.validators.members.count {
            // It missed its last turn and was not heard since: nobody waits for it. Unless nobody leads any more: then to hurry would be
            // to spin.
            nullify(into: &effects)
        } else {
            consider(into: &effects)
        }
    }

    /// The time for `timer` is over (paper §2.1: on the timer, vote for the dummy block).
    package mutating func timeout(_ timer: ViewTimer, into effects: inout [CoreEffect]) {
        guard timer == self.timer, view > 0 else { return }
        nullify(into: &effects)
        // The own vote may have been the last one missing: then the next view has its own timer already.
        guard timer == self.timer else { return }
        repeatOneself(into: &effects)
        rounds[view]?.askedFrom = nil
        rounds[view]?.helped = []
        rounds[view]?.answered = [:]
        effects.append(.setTimer(self.timer, after: settings.repeatInterval))
        // What was asked for may have been lost.
        if leader == context.own { propose(into: &effects) } else { consider(into: &effects) }
    }

    /// Sends again what could end the view for those who missed it.
    mutating func repeatOneself(into effects: inout [CoreEffect]) {
        guard let round = rounds[view] else { return }
        if let own = context.own {
            for kind in [WireVoteKind.notarise, .nullify] {
                if let vote = round.vote(own, kind) { effects.append(.broadcast(.vote(vote))) }
            }
            if let proposal = round.proposal, leader == own { effects.append(.broadcast(.proposal(proposal))) }
        }
        // The leader's own vote: who got another proposal from it learns of the equivocation.
        if leader != context.own, let vote = round.vote(leader, .notarise) { effects.append(.broadcast(.vote(vote))) }
        if let before = rounds[view - 1], let certificate = before.notarisation ?? before.nullification {
            effects.append(.broadcast(.certificate(certificate)))
        }
        if let finalisation { effects.append(.broadcast(.certificate(finalisation))) }
        if !mayVote { effects.append(.broadcast(.request(epoch: context.epoch, first: view, last: view))) }
    }

    /// Takes in a message of the validator at position `sender` (checked by the transport), or `nil` for one that only follows.
    package mutating func receive(_ message: ConsensusMessage, from sender: Int?, into effects: inout [CoreEffect]) {
        switch message {
        case .vote(let vote): receive(vote, from: sender, into: &effects)
        case .proposal(let proposal): receive(proposal, from: sender, into: &effects)
        case .certificate(let certificate): receive(certificate, from: sender, into: &effects)
        case .request(_, let first, let last):
            // A request is small and its answer large: nobody gets more than it can use.
            guard let sender, let given = rounds[view]?.answered[sender, default: 0], given < Self.answeredRequests else { return }
            rounds[view]?.answered[sender] = given + 1
            answer(sender, first: first, last: last, into: &effects)
        }
    }

    /// Restores one entry of the log, without effects.
    private mutating func recover(_ entry: LogEntry) {
        switch entry {
        case .vote(let vote):
            guard vote.epoch == context.epoch, vote.signer == context.own else { return }
            mark(vote.ballot)
            _ = rounds[vote.ballot.view, default: ViewRound()].count(vote, weight: context.weight(vote.signer))
        case .certificate(let certificate):
            guard certificate.epoch == context.epoch else { return }
            keep(certificate)
        }
    }

    /// Notes an own vote.
    mutating func mark(_ ballot: Ballot) {
        switch ballot.kind {
        case .notarise: rounds[ballot.view, default: ViewRound()].ownNotarised = ballot.block
        case .nullify: rounds[ballot.view, default: ViewRound()].ownNullified = true
        case .finalise: rounds[ballot.view, default: ViewRound()].ownFinalised = true
        case .unspecified, .UNRECOGNIZED: break
        }
    }

    /// Stores a certificate that is known to be valid; answers whether it is new.
    @discardableResult
    mutating func keep(_ certificate: WireCertificate) -> Bool {
        let view = certificate.view
        guard view > finalView || context.plantedBug == .staleCertificateAccepted else { return false }
        guard rounds[view]?.certificate(certificate.kind) == nil else { return false }
        switch certificate.kind {
        case .notarise: rounds[view, default: ViewRound()].notarisation = certificate
        case .nullify: rounds[view, default: ViewRound()].nullification = certificate
        case .finalise:
            rounds[view, default: ViewRound()].finalisation = certificate
            (finalView, finalisation) = (view, certificate)
            final = BlockReference(hash: certificate.ballot.block, height: certificate.height)
            rounds = rounds.filter { $0.key + settings.lookback > view }
        case .unspecified, .UNRECOGNIZED: return false
        }
        return true
    }
}
