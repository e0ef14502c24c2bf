import Primitives

/// A frame that came.
package struct ReceivedFrame: Sendable {
    package let peer: Hash32
    package let frame: PeerFrame
    /// What it counts in the peer's budget until it is consumed or released.
    package let cost: Int
    let link: PeerLink
}

package enum FrameDisposition: Sendable {
    /// Done with it, or whatever was kept is bounded elsewhere.
    case consumed
    /// Kept; counts against the peer until `PeerNetwork.release`.
    case held
}

package enum SendResult: Sendable, Equatable {
    case queued
    case notConnected
    /// The peer does not keep up; try again later or elsewhere.
    case full
    /// Larger than the kind may be: the caller must split it.
    case tooLarge
}

package struct BroadcastResult: Sendable, Equatable {
    /// Peers to which the frame goes.
    package let queued: Int
    /// Connected peers that do not keep up.
    package let full: Int
    package let isTooLarge: Bool
}

package enum PeerChange: Sendable {
    /// Connected, or connected anew without having been seen to leave.
    case connected(Hash32, headHeight: UInt64)
    case disconnected(Hash32, PeerError)
    case banned(Hash32, any CodedError)
}

/// How a node of the registry stands, for metrics and the command line.
package struct PeerStatus: Sendable {
    package let nodeID: Hash32
    package let validatorKey: Hash32?
    package let endpoint: String
    package let connected: Bool
    /// `dialled` or `accepted`; nil when not connected.
    package let direction: String?
    package let traffic: PeerTraffic
    package let queuedFrames: Int
    package let queuedBytes: Int
    /// Frames that gave way to newer ones on the present connection.
    package let dropped: UInt64
    package let rtt: Duration?
    /// How much longer it is banned.
    package let bannedFor: Duration?
    package let lastError: (any CodedError)?

    init(_ peer: PeerTable.Peer, bannedUntil: UInt64?, now: UInt64) {
        nodeID = peer.entry.nodeID
        validatorKey = peer.entry.validatorKey
        endpoint = peer.entry.endpoint
        connected = peer.link != nil
        direction = peer.link?.direction.rawValue
        traffic = peer.link.map { peer.past + $0.counters.traffic } ?? peer.past
        (queuedFrames, queuedBytes, dropped) = peer.link?.waiting ?? (0, 0, 0)
        rtt = peer.link?.counters.rtt
        bannedFor = bannedUntil.map { .milliseconds(Int64(clamping: $0 - now)) }
        lastError = peer.lastError
    }
}
