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
    /// Microseconds from a proposal's arrival (or making) to its finality here, for the newest blocks.
    package var finality: [UInt32] = []
    /// How many such times there were since the start, and their sum in microseconds.
    package var finalised: UInt64 = 0
    package var finalityTotal: UInt64 = 0

    /// How many samples are kept at most.
    package static let keptSamples = 4_096

    package init() {}
}
