import ChainTypes
import FoundationEssentials
import Primitives
import Simplex
import WireTypes

/// The ways to be faulty that are simulated, each a type of its own.
enum ByzantineKind: String, CaseIterable {
    case equivocatingLeader, equivocatingVoter, silent, selectiveSender, staleReplayer, invalidPayload, forger

    /// Leaders that equivocate twice as often as each of the others: they can do the most harm.
    static func draw(_ random: inout SeededGenerator) -> ByzantineKind {
        let index = random.draw(0...allCases.count)
        return index < allCases.count ? allCases[index] : .equivocatingLeader
    }

    func actor() -> any ByzantineActor {
        switch self {
        case .equivocatingLeader: EquivocatingLeader()
        case .equivocatingVoter: EquivocatingVoter()
        case .silent: SilentActor()
        case .selectiveSender: SelectiveSender()
        case .staleReplayer: StaleReplayer()
        case .invalidPayload: InvalidPayloadLeader()
        case .forger: Forger()
        }
    }
}

/// A node that is not honest: an honest replica runs inside, and the actor decides what leaves it.
protocol ByzantineActor {
    /// The replica wants to send `message`, to one node or to all.
    mutating func send(_ message: ConsensusMessage, to receiver: Int?, in scene: inout ActorScene)
    /// A message came; the replica takes it as well.
    mutating func receive(_ message: ConsensusMessage, in scene: inout ActorScene)
}

extension ByzantineActor {
    mutating func receive(_ message: ConsensusMessage, in scene: inout ActorScene) {}
}

/// What an actor sees and does in one moment. It signs with its own keys only.
struct ActorScene {
    let own: Int
    let count: Int
    let keys: SimulatedVoteKeys
    let context: EpochContext
    let blocks: [Hash32: SimulatedBlock]
    var random: SeededGenerator
    private(set) var outgoing: [(message: ConsensusMessage, receiver: Int)] = []
    /// Blocks made here; `isServed` when others may fetch the payload.
    private(set) var made: [(block: SimulatedBlock, isServed: Bool)] = []
    private(set) var equivocations = 0

    init(
        own: Int, count: Int, keys: SimulatedVoteKeys, context: EpochContext, blocks: [Hash32: SimulatedBlock], random: SeededGenerator
    ) {
        (self.own, self.count, self.keys, self.context) = (own, count, keys, context)
        (self.blocks, self.random) = (blocks, random)
    }

    var everybody: [Int] { (0..<count).filter { $0 != own } }

    /// Some of the others, perhaps none.
    mutating func some(permille: UInt64 = 500) -> [Int] { everybody.filter { _ in random.chance(permille: permille) } }

    mutating func send(_ message: ConsensusMessage, to receivers: [Int]) {
        for receiver in receivers { outgoing.append((message, receiver)) }
    }

    /// As an honest node would.
    mutating func pass(_ message: ConsensusMessage, to receiver: Int?) { send(message, to: receiver.map { [$0] } ?? everybody) }

    mutating func noteEquivocation() { equivocations += 1 }

    /// The actor's own vote; `nil` outside the epoch's set.
    func vote(_ ballot: Ballot) -> Vote? {
        guard let signer = context.own else { return nil }
        return Vote(epoch: context.epoch, ballot: ballot, signer: signer, signature: keys.sign(context.statement(ballot)))
    }

    /// A proposal of `block` by the actor.
    mutating func propose(_ block: SimulatedBlock, view: UInt64, isServed: Bool = true) -> Proposal {
        made.append((block, isServed))
        let ballot = Ballot(.notarise, view: view, height: block.header.height, block: block.header.hash)
        return Proposal(header: block.header, view: view, signature: keys.sign(context.statement(ballot)))
    }

    /// A copy of `block` with the header changed.
    func variant(of block: SimulatedBlock, payload: UInt64, _ change: (inout WireHeader) -> Void) -> SimulatedBlock {
        guard var wire = try? WireHeader(strictly: block.header.bytes, limit: Limits.header) else {
            preconditionFailure("a block's header decodes")
        }
        wire.transactionsRoot = .init(ToyApplication.transactionsRoot(payload).bytes)
        change(&wire)
        return ToyApplication.seal(wire, payload: payload)
    }
}
