import Primitives
import Simplex
import WireTypes

/// Votes for every block it hears of, gives every view up, and finalises what it gave up; different things to different nodes.
struct EquivocatingVoter: ByzantineActor {
    /// Ballots already cast, so that its own noise ends.
    private var cast: Set<Ballot> = []
    private var epoch: UInt64 = 0

    mutating func send(_ message: ConsensusMessage, to receiver: Int?, in scene: inout ActorScene) {
        scene.pass(message, to: receiver)
        guard case .vote(let vote) = message, vote.signer == scene.context.own, vote.epoch == scene.context.epoch else { return }
        switch vote.ballot.kind {
        case .notarise, .finalise: contradict(vote.ballot, in: &scene)
        default: break
        }
    }

    mutating func receive(_ message: ConsensusMessage, in scene: inout ActorScene) {
        guard message.epoch == scene.context.epoch else { return }
        switch message {
        case .proposal(let proposal): contradict(proposal.ballot, in: &scene)
        case .vote(let vote) where vote.ballot.kind == .notarise: contradict(vote.ballot, in: &scene)
        default: break
        }
    }

    private mutating func contradict(_ ballot: Ballot, in scene: inout ActorScene) {
        if epoch != scene.context.epoch { (epoch, cast) = (scene.context.epoch, []) }
        for ballot in [
            Ballot(.notarise, view: ballot.view, height: ballot.height, block: ballot.block),
            Ballot(.finalise, view: ballot.view, height: ballot.height, block: ballot.block), Ballot.nullify(ballot.view),
        ] where cast.insert(ballot).inserted {
            guard let vote = scene.vote(ballot) else { return }
            if ballot.kind == .nullify { scene.noteEquivocation() }
            scene.send(.vote(vote), to: scene.random.chance(permille: 500) ? scene.everybody : scene.some())
        }
    }
}
