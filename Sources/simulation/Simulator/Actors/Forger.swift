import ChainTypes
import FoundationEssentials
import Primitives
import Simplex
import WireTypes

/// Speaks in the name of others: votes and proposals with signatures that are not theirs, certificates without a quorum.
struct Forger: ByzantineActor {
    mutating func send(_ message: ConsensusMessage, to receiver: Int?, in scene: inout ActorScene) {
        scene.pass(message, to: receiver)
        guard case .vote(let vote) = message, vote.epoch == scene.context.epoch else { return }
        let victim = scene.random.draw(0...(scene.context.validators.members.count - 1))
        scene.send(
            .vote(Vote(epoch: vote.epoch, ballot: vote.ballot, signer: victim, signature: vote.signature)), to: scene.some(permille: 300))
        for kind in [WireVoteKind.notarise, .finalise, .nullify] where kind == .nullify || vote.ballot.kind != .nullify {
            let ballot =
                kind == .nullify
                ? Ballot.nullify(vote.ballot.view)
                : Ballot(
                    kind, view: vote.ballot.view + 1, height: vote.ballot.height, block: vote.ballot.block)
            scene.send(.certificate(certificate(ballot, in: scene)), to: scene.some(permille: 200))
        }
    }

    mutating func receive(_ message: ConsensusMessage, in scene: inout ActorScene) {
        guard case .proposal(let proposal) = message, scene.random.chance(permille: 300) else { return }
        // The leader's own proposal, altered so that its signature is another one's.
        let forged = Proposal(
            header: proposal.header, view: proposal.view, signature: scene.keys.sign(scene.context.statement(proposal.ballot)))
        scene.send(.proposal(forged), to: scene.some())
    }

    /// Either its own vote alone, or everybody's bits over its own signature.
    private func certificate(_ ballot: Ballot, in scene: ActorScene) -> WireCertificate {
        let own = scene.keys.sign(scene.context.statement(ballot))
        let isAlone = ballot.view % 2 == 0
        let signers = isAlone ? scene.context.own.map { [$0] } ?? [] : Array(scene.context.validators.members.indices)
        return scene.context.certificate(ballot, signatures: Dictionary(uniqueKeysWithValues: signers.map { ($0, own) }))
    }
}
