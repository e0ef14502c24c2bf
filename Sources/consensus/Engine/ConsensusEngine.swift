import ChainTypes
import Primitives

/// Decides blocks and drives an `Application` with them, until its task is cancelled.
///
/// The one-validator engine and the many-validator engine stand behind this seam; both write the same certificates.
package protocol ConsensusEngine: Sendable {
    /// Returns when the task is cancelled; throws when the chain cannot go on (a full disk, a damaged store).
    func run() async throws
}

/// How much one proposal may hold.
package struct ProposalBounds: Sendable, Equatable {
    /// Bytes of the transactions, without their sidecars.
    package var bytes: Int
    package var transactions: Int
    /// Bytes of the sidecars that travel beside the block.
    package var sidecarBytes: Int

    package init(bytes: Int, transactions: Int, sidecarBytes: Int) {
        (self.bytes, self.transactions, self.sidecarBytes) = (bytes, transactions, sidecarBytes)
    }
}

/// Where an engine takes candidates from: the mempool.
///
/// What `take` gave out is in flight until `putBack` or until its block is reported through `onCommit`.
package protocol ProposalSource: Sendable {
    /// The next candidates within `bounds`, withdrawals first; checked before, decoded once.
    func take(_ bounds: ProposalBounds) -> [SubmittedTransaction]

    /// Candidates that the application left out of its proposal.
    func putBack(_ transactions: [SubmittedTransaction])

    /// How many candidates `take` would give now, at least; 0 only if it would give none.
    var backlog: Int { get }

    /// Returns when a candidate waits, or when the task is cancelled.
    func arrival() async
}

/// What an engine reports once a block is durable, and only then.
package struct CommittedBlock: Sendable {
    package let block: Block
    package let certificate: QuorumCertificate
    /// Encoded receipts, in the order of the block's transactions.
    package let receipts: [[UInt8]]

    package init(block: Block, certificate: QuorumCertificate, receipts: [[UInt8]]) {
        (self.block, self.certificate, self.receipts) = (block, certificate, receipts)
    }
}

/// Time for an engine: the machine's, or a simulation's.
package protocol EngineClock: Sendable {
    /// Milliseconds since 1970.
    func now() -> UInt64

    /// Returns at `time` (milliseconds since 1970) or later, or when the task is cancelled.
    func sleep(until time: UInt64) async
}
