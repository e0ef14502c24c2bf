import ChainTypes
import Primitives
import WireTypes

/// What a replica knows of one view.
struct ViewRound {
    enum Examination { case waiting, running, accepted, rejected }

    /// The first proposal of the view's leader.
    var proposal: Proposal?
    var examination = Examination.waiting
    /// The first vote of each signer, by kind.
    private(set) var votes: [Slot: Vote] = [:]
    private var tallies: [Ballot: Tally] = [:]
    var notarisation: WireCertificate?
    var nullification: WireCertificate?
    var finalisation: WireCertificate?

    /// What this replica itself has voted; never undone, and recovered from the log.
    var ownNotarised: Hash32?
    var ownNullified = false
    var ownFinalised = false

    var proposeRequested = false
    /// Signers whose equivocation was reported.
    var accused: Set<Int> = []
    /// Since the last timer: peers that were helped out of their view, and how many requests of each were answered.
    var helped: Set<Int> = []
    var answered: [Int: Int] = [:]
    /// From which view on certificates were asked for since the last timer.
    var askedFrom: UInt64?
    /// Whether the timer was shortened because there is work.
    var isHurried = false
    /// Whether the timer was lengthened because the work was done.
    var isRelaxed = false

    struct Slot: Hashable {
        let signer: Int
        let kind: WireVoteKind
    }

    private struct Tally {
        var weight: UInt64 = 0
        var signatures: [Int: [UInt8]] = [:]
    }

    var hasVoted: Bool { ownNotarised != nil || ownNullified || ownFinalised }

    func vote(_ signer: Int, _ kind: WireVoteKind) -> Vote? { votes[Slot(signer: signer, kind: kind)] }

    /// Whether any vote of `signer` in this view was heard.
    func hasHeard(_ signer: Int) -> Bool {
        vote(signer, .notarise) != nil || vote(signer, .nullify) != nil || vote(signer, .finalise) != nil
    }

    /// A vote of the same signer in this view that no honest validator casts together with `ballot`.
    func conflict(with ballot: Ballot, of signer: Int) -> Vote? {
        if let same = vote(signer, ballot.kind), same.ballot != ballot { return same }
        return switch ballot.kind {
        case .nullify: vote(signer, .finalise)
        case .finalise: vote(signer, .nullify)
        default: nil
        }
    }

    /// Counts a checked vote; answers the weight for its ballot so far.
    mutating func count(_ vote: Vote, weight: UInt64) -> UInt64 {
        votes[Slot(signer: vote.signer, kind: vote.ballot.kind)] = vote
        tallies[vote.ballot, default: Tally()].weight += weight
        tallies[vote.ballot, default: Tally()].signatures[vote.signer] = vote.signature
        return tallies[vote.ballot]?.weight ?? 0
    }

    func signatures(_ ballot: Ballot) -> [Int: [UInt8]] { tallies[ballot]?.signatures ?? [:] }

    func certificate(_ kind: WireVoteKind) -> WireCertificate? {
        switch kind {
        case .notarise: notarisation
        case .nullify: nullification
        case .finalise: finalisation
        case .unspecified, .UNRECOGNIZED: nil
        }
    }
}
