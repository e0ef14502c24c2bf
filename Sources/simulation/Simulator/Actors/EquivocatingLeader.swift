import ChainTypes
import FoundationEssentials
import Primitives
import Simplex
import WireTypes

/// As leader tells different nodes different blocks: siblings of each other, or one beside the newest notarised block; or
/// everybody the latter.
struct EquivocatingLeader: ByzantineActor {
    private var doubled: Set<UInt64> = []
    private var epoch: UInt64 = 0

    mutating func send(_ message: ConsensusMessage, to receiver: Int?, in scene: inout ActorScene) {
        guard case .proposal(let proposal) = message, !proposal.isRepeated, let block = scene.blocks[proposal.header.hash] else {
            return scene.pass(message, to: receiver)
        }
        if epoch != proposal.header.epoch { (epoch, doubled) = (proposal.header.epoch, []) }
        guard doubled.insert(proposal.view).inserted else { return scene.pass(message, to: receiver) }
        if scene.random.chance(permille: 600), let stale = fork(of: proposal, in: &scene) {
            return scene.pass(.proposal(stale), to: receiver)
        }
        let other = rival(of: proposal, block: block, in: &scene)
        scene.noteEquivocation()
        for node in scene.everybody {
            switch scene.random.draw(UInt64(0)...9) {
            case 0..<4: scene.send(.proposal(other), to: [node])
            case 4..<8: scene.send(message, to: [node])
            case 8:
                scene.send(.proposal(other), to: [node])
                scene.send(message, to: [node])
            default: break
            }
        }
    }

    /// A block beside the newest notarised one instead of on it: fine in itself, and against what was decided since.
    private func fork(of proposal: Proposal, in scene: inout ActorScene) -> Proposal? {
        let header = proposal.header
        guard let parent = scene.blocks[header.parent], parent.header.epoch == header.epoch else { return nil }
        let sibling = scene.variant(of: parent, payload: ToyApplication.acceptablePayload(&scene.random)) { wire in
            wire.view = header.view
            wire.proposer = .init(header.proposer.bytes)
            wire.time += 1
        }
        return scene.propose(sibling, view: proposal.view)
    }

    private func rival(of proposal: Proposal, block: SimulatedBlock, in scene: inout ActorScene) -> Proposal {
        if scene.random.chance(permille: 500), let fork = fork(of: proposal, in: &scene) { return fork }
        let payload = ToyApplication.acceptablePayload(&scene.random)
        let sibling = scene.variant(of: block, payload: payload) { $0.time += scene.random.chance(permille: 500) ? 1 : 0 }
        return scene.propose(sibling, view: proposal.view)
    }
}
