import ChainTypes
import FoundationEssentials
import Primitives
import Simplex
import WireTypes

/// As leader proposes blocks that nobody may vote for: against the application's rules, with a false state, from the future, outside
/// the epoch's plan, on a parent that was not notarised, or with a payload that nobody can get.
struct InvalidPayloadLeader: ByzantineActor {
    mutating func send(_ message: ConsensusMessage, to receiver: Int?, in scene: inout ActorScene) {
        guard case .proposal(let proposal) = message, !proposal.isRepeated, let block = scene.blocks[proposal.header.hash],
            scene.random.chance(permille: 800)
        else { return scene.pass(message, to: receiver) }
        scene.pass(.proposal(spoilt(proposal, block, in: &scene)), to: receiver)
    }

    private func spoilt(_ proposal: Proposal, _ block: SimulatedBlock, in scene: inout ActorScene) -> Proposal {
        let payload = ToyApplication.acceptablePayload(&scene.random)
        var isServed = true
        let bad: SimulatedBlock
        switch scene.random.draw(UInt64(0)...6) {
        case 0: bad = scene.variant(of: block, payload: payload - payload % 5) { _ in }
        case 1: bad = scene.variant(of: block, payload: payload) { $0.stateRoot = .init(Hash32(9, 9, 9, 9).bytes) }
        case 2: bad = scene.variant(of: block, payload: payload) { $0.time += 60_000 }
        case 3: bad = scene.variant(of: block, payload: payload) { $0.time = 1 }
        case 4:
            bad = scene.variant(of: block, payload: payload) {
                $0.lastOfEpoch.toggle()
                $0.nextValidatorsHash = $0.validatorsHash
            }
        case 5: bad = scene.variant(of: block, payload: payload) { $0.height += 1_000 }
        default:
            bad = scene.variant(of: block, payload: payload) { _ in }
            isServed = false
        }
        return scene.propose(bad, view: proposal.view, isServed: isServed)
    }
}
