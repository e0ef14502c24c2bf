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
    /// Signers whose equivocation was reported, and peers that were helped out of this view.
    var accused: Set<Int> = []
    var helped: Set<Int> = []
    /// Whether missing certificates were asked for since the last timer.
    var hasAsked = false
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
