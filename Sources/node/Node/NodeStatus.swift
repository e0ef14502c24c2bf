import ChainTypes
import Engine
import Networking
import Primitives

/// How a node of the chain's registry stands, as this node sees it.
package struct PeerView: Sendable, Encodable, Equatable {
    package var nodeId: String
    /// The key of the validator that it runs.
    package var validator: String?
    package var endpoint: String
    package var connected: Bool
    /// `dialled` or `accepted`, while connected.
    package var direction: String?
    /// The newest block that it said it has.
    package var height: UInt64?
    package var roundTripMicroseconds: UInt64?
    package var sentBytes: UInt64 = 0
    package var receivedBytes: UInt64 = 0
    package var queuedFrames = 0
    package var queuedBytes = 0
    /// Frames that gave way to newer ones on the present connection.
    package var droppedFrames: UInt64 = 0
    /// Milliseconds for which it is refused because it broke the protocol.
    package var bannedForMilliseconds: UInt64?
    /// Why the last connection or attempt ended.
    package var lastError: String?

    package init(nodeId: Hash32, validator: Hash32?, endpoint: String, connected: Bool) {
        (self.nodeId, self.validator) = ("\(nodeId)", validator.map { "\($0)" })
        (self.endpoint, self.connected) = (endpoint, connected)
    }

    /// - Parameter height: the head that the peer last told, if it did.
    package init(_ status: PeerStatus, height: UInt64?) {
        self.init(nodeId: status.nodeID, validator: status.validatorKey, endpoint: status.endpoint, connected: status.connected)
        (direction, self.height) = (status.direction, height)
        roundTripMicroseconds = status.rtt.map { Self.whole($0, .microseconds(1)) }
        (sentBytes, receivedBytes) = (status.traffic.bytesOut, status.traffic.bytesIn)
        (queuedFrames, queuedBytes, droppedFrames) = (status.queuedFrames, status.queuedBytes, status.dropped)
        bannedForMilliseconds = status.bannedFor.map { Self.whole($0, .milliseconds(1)) }
        lastError = status.lastError.map { "\($0.name): \($0.reason)" }
    }

    private static func whole(_ duration: Duration, _ unit: Duration) -> UInt64 { UInt64(max(0, duration / unit)) }
}

/// Where a node's engine is.
package struct EngineView: Sendable, Encodable, Equatable {
    /// The key of this node's validator, whether it is in the set or not.
    package var validator: String?
    package var epoch: UInt64
    package var view: UInt64
    /// The key of the present view's leader, when it is known.
    package var leader: String?
    /// Whether this node votes in the present epoch; it follows otherwise.
    package var votes: Bool
    package var timeouts: UInt64
    package var proposals: UInt64
    /// Contradicting votes of others that were seen.
    package var equivocations: UInt64

    package init(_ status: EngineStatus, validator: Hash32?) {
        (self.validator, leader) = (validator.map { "\($0)" }, status.leader.map { "\($0)" })
        (epoch, view, votes) = (status.epoch, status.view, status.votes)
        (timeouts, proposals, equivocations) = (status.timeouts, status.proposals, status.equivocations)
    }
}

/// How far a node has caught up with its chain.
package struct SyncView: Sendable, Encodable, Equatable {
    package enum State: String, Sendable, Encodable {
        /// The head is that of the chain, as far as this node knows.
        case current
        /// Blocks are fetched from peers.
        case blocks
        /// The state is fetched from peers.
        case state
        /// The state is here, ciphertext is still missing: the node is not complete yet.
        case sidecars
        /// Most peers do not have the next block any more: only a new start with a snapshot helps.
        case stranded
    }

    package var state: State
    /// The greatest height that a peer told, while behind it.
    package var target: UInt64?

    package init(state: State, target: UInt64? = nil) { (self.state, self.target) = (state, target) }
}
