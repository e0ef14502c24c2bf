import Primitives
import WireTypes

/// What an engine tells the application about the block it is about to build or execute.
package struct BlockContext: Sendable {
    package var chainID: String
    package var height: UInt64
    /// Milliseconds since 1970.
    package var time: UInt64
    package var proposer: Hash32

    package init(chainID: String, height: UInt64, time: UInt64, proposer: Hash32) {
        (self.chainID, self.height, self.time, self.proposer) = (chainID, height, time, proposer)
    }
}

/// What executing a block gave; nothing of it is kept before `commit`.
package struct BlockOutcome: Sendable {
    /// Encoded receipts, in the order of the transactions.
    package var receipts: [[UInt8]]
    package var receiptsRoot: Hash32
    /// The root of the state after the block: the next header's `stateRoot`.
    package var stateRoot: Hash32
    /// The set of the next epoch, when this block ends one.
    package var nextValidators: ValidatorSet?

    package init(receipts: [[UInt8]], receiptsRoot: Hash32, stateRoot: Hash32, nextValidators: ValidatorSet? = nil) {
        (self.receipts, self.receiptsRoot) = (receipts, receiptsRoot)
        (self.stateRoot, self.nextValidators) = (stateRoot, nextValidators)
    }
}

/// Where an application stands after its last commit.
package struct ApplicationHead: Sendable, Equatable {
    package var height: UInt64
    package var blockHash: Hash32
    package var time: UInt64
    package var stateRoot: Hash32
    package var receiptsRoot: Hash32

    package init(height: UInt64, blockHash: Hash32, time: UInt64, stateRoot: Hash32, receiptsRoot: Hash32) {
        (self.height, self.blockHash, self.time) = (height, blockHash, time)
        (self.stateRoot, self.receiptsRoot) = (stateRoot, receiptsRoot)
    }
}

/// The seam between consensus and the ledger, shaped like ABCI 2.0 so that another engine can drive the same application.
///
/// An engine calls `finalizeBlock` and `commit` from one place at a time, in this order, once per height.
package protocol Application: AnyObject, Sendable {
    /// Where the last commit left off; height 0 on a new chain.
    var head: ApplicationHead { get }

    /// Whether a transaction may enter the mempool now (its signature has been checked).
    func checkTransaction(_ transaction: SubmittedTransaction) throws

    /// Orders and bounds what a proposal holds: withdrawals first, then by arrival.
    func prepareProposal(_ candidates: [SubmittedTransaction], context: BlockContext) throws -> [SubmittedTransaction]

    /// Whether a proposal of another validator may be voted for.
    func processProposal(_ transactions: [SubmittedTransaction], context: BlockContext) throws -> Bool

    /// Executes a decided block; deterministic.
    func finalizeBlock(_ transactions: [SubmittedTransaction], context: BlockContext) throws -> BlockOutcome

    /// Makes the block finalised last durable, together with its certificate, in one atomic step.
    func commit(_ block: Block, certificate: QuorumCertificate) throws

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
