import ChainTypes
import Primitives
import WireTypes

/// What must survive a crash: written to the write-ahead log in order.
package enum LogEntry: Sendable, Equatable {
    case vote(Vote)
    case certificate(WireCertificate)
}

/// A view of an epoch: what a timer is about. Setting it again replaces the one before.
package struct ViewTimer: Sendable, Hashable {
    package let epoch: UInt64
    package let view: UInt64

    package init(epoch: UInt64, view: UInt64) { (self.epoch, self.view) = (epoch, view) }
}

/// What the voting of one epoch asks of those around it, in order.
///
/// Whatever follows the `persist` of a vote may be done only once that entry is durable.
package enum CoreEffect: Sendable {
    case persist(LogEntry)
    case broadcast(ConsensusMessage)
    case send(ConsensusMessage, to: Int)
    /// Milliseconds from now.
    case setTimer(ViewTimer, after: UInt64)
    /// Build a block for `view` on `parent`; answer with `built`.
    case propose(view: UInt64, parent: BlockReference)
    /// Judge the leader's proposal; answer with `examined`.
    indirect case examine(Proposal)
    /// A quorum holds this block.
    case notarised(BlockReference)
    /// This block and all its ancestors are final.
    case finalised(BlockReference, WireCertificate)
    /// Two conflicting votes of one validator.
    indirect case equivocation(Vote, Vote)
    /// A message that no honest validator sends.
    case misbehaviour(signer: Int, ConsensusError)
    /// For metrics: a view began.
    case entered(view: UInt64, leader: Int)
}

/// Times and bounds of a replica. Milliseconds, unless the name says otherwise.
package struct SimplexSettings: Sendable, Equatable {
    /// How long a view may take before it is nullified (the paper's 3Δ).
    package var viewTimeout: UInt64 = 1_000
    /// How long a leader may wait for something to propose when nobody has anything.
    package var idleInterval: UInt64 = 1_000
    /// How often a validator repeats itself in a view that does not end.
    package var repeatInterval: UInt64 = 500
    /// How many views beyond the present one votes and proposals are kept for.
    package var lookahead: UInt64 = 8
    /// How many views behind the final one votes are kept for, to catch late equivocation.
    package var lookback: UInt64 = 4
    /// After so many nullified views in a row each further one doubles the timeout, up to sixteen-fold: the real delay may exceed Δ.
    package var patience = 4

    /// Beyond so many heights a lagging replica synchronises instead of fetching blocks by hash.
    package var fetchedHeights: UInt64 = 16

    package init() {}
}
