import ChainTypes
import Primitives

/// Where an engine is and what it has seen, for `status` and metrics.
package struct EngineStatus: Sendable, Equatable {
    package var epoch: UInt64 = 0
    package var view: UInt64 = 0
    /// The key of the present view's leader.
    package var leader: Hash32?
    /// Whether this node votes in this epoch.
    package var votes = false
    /// The name of the log that a validator votes with: zero for its first one, `nil` without a log.
    package var log: Hash32?
    package var views: UInt64 = 0
    /// Own votes, by what they say.
    package var notariseVotes: UInt64 = 0
    package var nullifyVotes: UInt64 = 0
    package var finaliseVotes: UInt64 = 0
    package var timeouts: UInt64 = 0
    package var proposals: UInt64 = 0
    package var equivocations: UInt64 = 0
    package var misbehaviours: UInt64 = 0
    /// From making a proposal to its finality here, for this node's own blocks: what a client of the leader waits for.
    package var ownFinality = LatencySamples()

    package init() {}
}
