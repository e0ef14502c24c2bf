import ChainTypes
import Primitives
import WireTypes

/// A block to be built by this replica as leader.
package struct BuildRequest: Sendable, Equatable {
    package let epoch: UInt64
    package let view: UInt64
    package let parent: BlockReference

    package init(epoch: UInt64, view: UInt64, parent: BlockReference) { (self.epoch, self.view, self.parent) = (epoch, view, parent) }
}

/// What a replica asks of the shell around it: done in order, and nothing after the `persist` of a vote before that entry is durable, and all
/// entries before it. Certificates need not be durable before what follows them: one that is lost is as one that has not come yet.
package enum ReplicaEffect: Sendable {
    case persist(LogEntry)
    case broadcast(ConsensusMessage)
    /// To the validator at this position of the present epoch's set.
    case send(ConsensusMessage, to: Int)
    /// Milliseconds from now; replaces the timer set before.
    case setTimer(ViewTimer, after: UInt64)
    /// Answer with `built`, or not at all.
    case build(BuildRequest)
    /// Get the block's payload, from this validator first; answer with `received(payload:)`. Repeat until then, or `isWanted` is false.
    case fetch(BlockReference, from: Int?)
    /// Judge a proposal whose payload is here and whose parent is executed; answer with `judged`.
    indirect case judge(Proposal)
    /// Execute a block whose parent is executed; answer with `executed`.
    indirect case execute(BlockHeader)
    /// Make the executed child of the head durable. After an epoch's last block, answer with `begin`, but only once that block is
    /// durable: a replica that restarts reads the log of the epoch that its durable head says, and no other. Void if the shell has
    /// synchronised past it while the effect was held.
    indirect case commit(BlockHeader, WireCertificate?)
    /// Too far behind this final block to fetch one by one; answer with `synchronised`.
    case synchronise(BlockReference)
    /// A message of a later epoch came: ask the peers where they are.
    case behind(epoch: UInt64)
    indirect case equivocation(Vote, Vote)
    /// Close the connection to the validator at this position.
    case misbehaviour(signer: Int, ConsensusError)
    case entered(view: UInt64, leader: Int)
    indirect case began(EpochContext)
}
