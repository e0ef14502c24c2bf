import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What is known of a block on top of which another may stand: a committed head, or an executed block.
package struct ParentState: Sendable {
    package let hash: Hash32
    package let height: UInt64
    /// Milliseconds since 1970.
    package let time: UInt64
    package let stateRoot: Hash32
    package let receiptsRoot: Hash32
    package let plan: EpochPlan

    package init(_ head: ApplicationHead) {
        (hash, height, time) = (head.blockHash, head.height, head.time)
        (stateRoot, receiptsRoot, plan) = (head.stateRoot, head.receiptsRoot, head.plan)
    }

    package init(_ header: BlockHeader, outcome: BlockOutcome) {
        (hash, height, time) = (header.hash, header.height, header.time)
        (stateRoot, receiptsRoot, plan) = (outcome.stateRoot, outcome.receiptsRoot, outcome.plan)
    }
}

/// The one header that a block of given content, proposer, time and view has on its parent: for those who build and those who judge.
package enum BlockMaker {
    package static let applicationVersion: UInt32 = 1

    /// The context of the block after `parent`; time rises strictly and is not behind `now` (milliseconds since 1970).
    package static func context(
        chainID: String, after parent: ParentState, view: UInt64, proposer: Hash32, now: UInt64
    ) -> BlockContext {
        BlockContext(
            chainID: chainID, height: parent.height + 1, time: max(now, parent.time + 1), proposer: proposer, parent: parent.hash,
            epoch: parent.plan.epoch, view: view, lastOfEpoch: parent.plan.closes)
    }

    /// The header of a block with these roots.
    package static func header(
        _ context: BlockContext, after parent: ParentState, transactionsRoot: Hash32, evidenceRoot: Hash32
    ) throws(BlockError) -> BlockHeader {
        var wire = WireHeader()
        wire.version = BlockHeader.version
        wire.chainID = context.chainID
        wire.height = context.height
        wire.epoch = context.epoch
        wire.view = context.view
        wire.parent = .init(context.parent.bytes)
        wire.proposer = .init(context.proposer.bytes)
        wire.time = context.time
        wire.transactionsRoot = .init(transactionsRoot.bytes)
        wire.evidenceRoot = .init(evidenceRoot.bytes)
        wire.stateRoot = .init(parent.stateRoot.bytes)
        wire.receiptsRoot = .init(parent.receiptsRoot.bytes)
        wire.validatorsHash = .init(parent.plan.validators.hash.bytes)
        wire.nextValidatorsHash = .init((parent.plan.following ?? parent.plan.validators).hash.bytes)
        wire.lastOfEpoch = parent.plan.closes
        wire.applicationVersion = applicationVersion
        return try BlockHeader(encoding: wire)
    }

    /// The payload of `content` in `context` after `parent`.
    package static func payload(
        _ content: BlockContent, _ context: BlockContext, after parent: ParentState
    ) throws(BlockError) -> BlockPayload {
        let header = try header(
            context, after: parent, transactionsRoot: Block.transactionsRoot(content.transactions.map(\.transaction)),
            evidenceRoot: MerkleList.root(content.evidence.map(MerkleList.leaf)))
        return try BlockPayload(header: header, content: content)
    }

    /// Whether `header` is the one that its content has after `parent`; its time must rise.
    package static func isHeader(_ header: BlockHeader, after parent: ParentState) -> Bool {
        guard header.parent == parent.hash, header.time > parent.time else { return false }
        let expected = try? self.header(
            BlockContext(header), after: parent, transactionsRoot: header.transactionsRoot, evidenceRoot: header.evidenceRoot)
        return expected?.hash == header.hash && header.height == parent.height + 1 && header.epoch == parent.plan.epoch
    }
}
