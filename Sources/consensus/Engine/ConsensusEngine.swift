import ChainTypes
import LightClient
import Primitives
import Simplex
import WireTypes

/// Decides blocks and drives an `Application` with them, until its task is cancelled.
///
/// Our own engine and another's behind ABCI stand behind this seam.
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

    /// What fits into a block under a chain's rules.
    package init(_ parameters: WireParameters) {
        self.init(
            // The header and the length prefixes of the transactions need room too.
            bytes: Int(parameters.maximumBlockBytes) * 15 / 16 - Limits.header / 8,
            transactions: Int(parameters.maximumBlockTransactions), sidecarBytes: BlockPayload.sidecarBytesPerBlock)
    }
}

/// Where an engine takes candidates from: the mempool.
///
/// What `take` gave out or `hold` named is in flight until `putBack`, `release`, or until its block is reported through `onCommit`.
package protocol ProposalSource: Sendable {
    /// The next candidates within `bounds`, withdrawals first; checked before, decoded once.
    func take(_ bounds: ProposalBounds) -> [SubmittedTransaction]

    /// Candidates that the application left out of its proposal.
    func putBack(_ transactions: [SubmittedTransaction])

    /// These are in a block that may become final: the next proposal must not offer them again.
    func hold(_ transactions: [SubmittedTransaction])

    /// The block that held them will not become final.
    func release(_ transactions: [SubmittedTransaction])

    /// How many candidates `take` would give now, at least; 0 only if it would give none.
    var backlog: Int { get }

    /// `notify` is called, from anywhere, whenever a candidate comes while there was none.
    func onArrival(_ notify: @escaping @Sendable () -> Void)
}

/// How an engine reaches the other validators. Calls return at once; answers come back through the engine's own methods.
package protocol ConsensusNetwork: Sendable {
    /// The validators that messages go to from now on.
    func began(_ context: EpochContext)
    /// To all other validators of the epoch.
    func broadcast(_ message: ConsensusMessage)
    /// To the validator with this key.
    func send(_ message: ConsensusMessage, to validator: Hash32)
    /// The content of an own proposal, to all who lack it.
    func distribute(_ payload: BlockPayload)
    /// Get the payload of a block, from this validator first; until it is delivered or `isWanted` says no.
    func fetch(_ block: BlockReference, from validator: Hash32?)
    /// Bring the chain to this final block or beyond.
    func synchronise(_ block: BlockReference)
    /// Somebody is in a later epoch.
    func behind(_ epoch: UInt64)
    /// Evidence against a validator, for others to include.
    func share(_ evidence: ProvenEquivocation)
    /// A validator sent what no honest one sends.
    func punish(_ validator: Hash32, _ error: ConsensusError)
}

/// The network of a validator that is alone.
package struct NoNetwork: ConsensusNetwork {
    package init() {}
    package func began(_ context: EpochContext) {}
    package func broadcast(_ message: ConsensusMessage) {}
    package func send(_ message: ConsensusMessage, to validator: Hash32) {}
    package func distribute(_ payload: BlockPayload) {}
    package func fetch(_ block: BlockReference, from validator: Hash32?) {}
    package func synchronise(_ block: BlockReference) {}
    package func behind(_ epoch: UInt64) {}
    package func share(_ evidence: ProvenEquivocation) {}
    package func punish(_ validator: Hash32, _ error: ConsensusError) {}
}

/// A final block that a peer or the store gave, to be executed and committed without voting.
///
/// Whoever delivers it has checked that it is final, and its transactions' signatures or its place under a certificate.
package struct SyncedBlock: Sendable {
    package let payload: BlockPayload
    /// `nil` when a later block of the same delivery, or its last, is certified.
    package let certificate: WireCertificate?

    package init(payload: BlockPayload, certificate: WireCertificate?) { (self.payload, self.certificate) = (payload, certificate) }
}

/// What an engine reports once a block is durable, and only then.
package struct CommittedBlock: Sendable {
    package let block: Block
    /// `nil` when it is final only as an ancestor of a block with a certificate.
    package let certificate: QuorumCertificate?
    /// Encoded receipts, in the order of the block's transactions.
    package let receipts: [[UInt8]]

    package init(block: Block, certificate: QuorumCertificate?, receipts: [[UInt8]]) {
        (self.block, self.certificate, self.receipts) = (block, certificate, receipts)
    }
}

/// Time for an engine: the machine's, or a test's.
package protocol EngineClock: Sendable {
    /// Milliseconds since 1970.
    func now() -> UInt64
}
