import Primitives
import WireTypes

/// What an engine tells the application about the block it is about to build, judge or execute.
package struct BlockContext: Sendable, Equatable {
    package var chainID: String
    package var height: UInt64
    /// Milliseconds since 1970.
    package var time: UInt64
    /// The proposer's Ed25519 key.
    package var proposer: Hash32
    /// The block it follows; of the genesis for height 1.
    package var parent: Hash32
    package var epoch: UInt64
    /// In which it is proposed; views count from 1 in each epoch.
    package var view: UInt64
    /// Whether it ends its epoch, as the plan of its parent said.
    package var lastOfEpoch: Bool

    package init(
        chainID: String, height: UInt64, time: UInt64, proposer: Hash32, parent: Hash32, epoch: UInt64 = 0, view: UInt64 = 1,
        lastOfEpoch: Bool = false
    ) {
        (self.chainID, self.height, self.time, self.proposer) = (chainID, height, time, proposer)
        (self.parent, self.epoch, self.view, self.lastOfEpoch) = (parent, epoch, view, lastOfEpoch)
    }

    /// The context that a header states.
    package init(_ header: BlockHeader) {
        self.init(
            chainID: header.chainID, height: header.height, time: header.time, proposer: header.proposer, parent: header.parent,
            epoch: header.epoch, view: header.view, lastOfEpoch: header.lastOfEpoch)
    }
}

/// What a block holds beside its header: transactions with their sidecars, and evidence against validators.
package struct BlockContent: Sendable {
    package var transactions: [SubmittedTransaction]
    /// Encoded `WireEquivocation`s.
    package var evidence: [[UInt8]]

    package init(_ transactions: [SubmittedTransaction] = [], evidence: [[UInt8]] = []) {
        (self.transactions, self.evidence) = (transactions, evidence)
    }
}

/// What executing a block gave; nothing of it is durable before `commit`.
package struct BlockOutcome: Sendable {
    /// Encoded receipts, in the order of the transactions.
    package var receipts: [[UInt8]]
    package var receiptsRoot: Hash32
    /// The root of the state after the block: the next header's `stateRoot`.
    package var stateRoot: Hash32
    /// Of the block after this one.
    package var plan: EpochPlan
    /// Whether the block lets go of sidecars: their bytes are to leave whatever files an engine keeps payloads in.
    package var erasesSidecars: Bool

    package init(receipts: [[UInt8]], receiptsRoot: Hash32, stateRoot: Hash32, plan: EpochPlan, erasesSidecars: Bool = false) {
        (self.receipts, self.receiptsRoot, self.stateRoot, self.plan) = (receipts, receiptsRoot, stateRoot, plan)
        self.erasesSidecars = erasesSidecars
    }
}

/// Where an application stands after its last commit.
package struct ApplicationHead: Sendable, Equatable {
    package var height: UInt64
    package var blockHash: Hash32
    package var time: UInt64
    package var stateRoot: Hash32
    package var receiptsRoot: Hash32
    /// Of the next block.
    package var plan: EpochPlan

    package init(height: UInt64, blockHash: Hash32, time: UInt64, stateRoot: Hash32, receiptsRoot: Hash32, plan: EpochPlan) {
        (self.height, self.blockHash, self.time) = (height, blockHash, time)
        (self.stateRoot, self.receiptsRoot, self.plan) = (stateRoot, receiptsRoot, plan)
    }
}

/// The seam between consensus and the ledger, shaped like ABCI 2.0 so that another engine can drive the same application.
///
/// Blocks are executed before they are final: `finalizeBlock` executes on top of `context.parent`, which is the committed head or a
/// block executed before and not committed yet, and keeps the outcome in memory under the block's hash. `commit` makes one such child of
/// the head durable and forgets everything that does not descend from it. An engine that executes only final blocks (CometBFT) calls the
/// two in turn. Calls that execute or commit come from one place at a time; the others from anywhere.
package protocol Application: AnyObject, Sendable {
    /// Where the last commit left off; height 0 on a new chain.
    var head: ApplicationHead { get }

    /// Whether a transaction may enter the mempool now (its signature has been checked).
    func checkTransaction(_ transaction: SubmittedTransaction) throws

    /// Orders and bounds what a proposal on `context.parent` holds: withdrawals first, then by arrival.
    func prepareProposal(_ candidates: BlockContent, context: BlockContext) throws -> BlockContent

    /// Whether a proposal of another validator on `context.parent` may be voted for.
    func processProposal(_ content: BlockContent, context: BlockContext) throws -> Bool

    /// Executes a block on top of `context.parent`; deterministic. Executing the same block again gives the same outcome.
    func finalizeBlock(_ content: BlockContent, hash: Hash32, context: BlockContext) throws -> BlockOutcome

    /// Makes an executed child of the head durable in one atomic step, together with its certificate; `nil` for a block that is final
    /// only as an ancestor of one with a certificate.
    func commit(_ block: Block, certificate: QuorumCertificate?) throws

    /// A value of the committed state, with its proof under the next header when asked for.
    func query(_ key: [UInt8], height: UInt64?, prove: Bool) throws -> QueryAnswer
}

/// A value of the state after block `height`, which header `height + 1` proves.
package struct QueryAnswer: Sendable {
    package var height: UInt64
    package var value: [UInt8]?
    package var proof: [UInt8]?

    package init(height: UInt64, value: [UInt8]?, proof: [UInt8]?) {
        (self.height, self.value, self.proof) = (height, value, proof)
    }
}
