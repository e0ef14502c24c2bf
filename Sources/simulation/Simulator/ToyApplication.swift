import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// A block of a simulated chain: a real header over a payload of one number.
package final class SimulatedBlock: Sendable {
    let header: BlockHeader
    let payload: UInt64

    init(header: BlockHeader, payload: UInt64) { (self.header, self.payload) = (header, payload) }
}

/// The ledger of a simulated chain: its state is a running mix of all payloads, so that any difference in history shows in the root.
enum ToyApplication {
    static let genesisRoot = Hash32(1, 2, 3, 4)

    static func root(after root: Hash32, payload: UInt64) -> Hash32 {
        let a = SimulatedVoteKeys.mix(root.w0 ^ payload)
        let b = SimulatedVoteKeys.mix(root.w1 &+ a)
        return Hash32(a, b, SimulatedVoteKeys.mix(root.w2 ^ b), SimulatedVoteKeys.mix(root.w3 &+ b))
    }

    static func transactionsRoot(_ payload: UInt64) -> Hash32 { Hash32(7, payload, SimulatedVoteKeys.mix(payload), 7) }

    /// What the rules of the application say about a payload: every fifth number is against them.
    static func isAcceptable(_ payload: UInt64) -> Bool { payload % 5 != 0 }

    static func acceptablePayload(_ random: inout SeededGenerator) -> UInt64 {
        let payload = random.next()
        return isAcceptable(payload) ? payload : payload &+ 1
    }

    /// What a proposer fills in beside what follows from parent and plan.
    struct Draft {
        var view: UInt64
        var proposer: Hash32
        var time: UInt64
        var payload: UInt64
    }

    /// The block of `draft` after `parent`, whose outcome is `root` and `plan`.
    static func block(_ draft: Draft, chainID: String, parent: BlockReferenceAndRoot, plan: EpochPlan) -> SimulatedBlock {
        var wire = WireHeader()
        wire.version = BlockHeader.version
        wire.chainID = chainID
        wire.height = parent.height + 1
        wire.epoch = plan.epoch
        wire.view = draft.view
        wire.parent = .init(parent.hash.bytes)
        wire.proposer = .init(draft.proposer.bytes)
        wire.time = draft.time
        wire.transactionsRoot = .init(transactionsRoot(draft.payload).bytes)
        wire.evidenceRoot = .init(Hash32.zero.bytes)
        wire.stateRoot = .init(parent.root.bytes)
        wire.receiptsRoot = .init(Hash32.zero.bytes)
        wire.validatorsHash = .init(plan.validators.hash.bytes)
        wire.nextValidatorsHash = .init((plan.following ?? plan.validators).hash.bytes)
        wire.lastOfEpoch = plan.closes
        wire.applicationVersion = 1
        return seal(wire, payload: draft.payload)
    }

    static func seal(_ wire: WireHeader, payload: UInt64) -> SimulatedBlock {
        guard let header = try? BlockHeader(encoding: wire) else { preconditionFailure("the simulator writes well-formed headers") }
        return SimulatedBlock(header: header, payload: payload)
    }
}

/// A block and the state after it.
struct BlockReferenceAndRoot {
    let hash: Hash32
    let height: UInt64
    let root: Hash32
}
