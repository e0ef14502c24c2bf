/// How a node treats its peers. The defaults suit a chain of up to about a hundred nodes.
package struct PeerSettings: Sendable {
    /// What may wait for one peer, a bound for each lane in order.
    package var lanes: [LaneBound] = [
        LaneBound(frames: 32, bytes: 8 * 1024, dropsOldest: true),
        LaneBound(frames: 4_096, bytes: 8 * 1024 * 1024, dropsOldest: true),
        LaneBound(frames: 1_024, bytes: 4 * 1024 * 1024),
        LaneBound(frames: 64, bytes: 2 * PeerLimits.frame),
        LaneBound(frames: 4_096, bytes: 8 * 1024 * 1024),
        LaneBound(frames: 64, bytes: 2 * PeerLimits.frame),
    ]
    /// Bytes of frames that the consumer holds before a peer is no longer read; at least one frame is always delivered.
    package var inboundBudget = 32 * 1024 * 1024
    package var connectTimeout = Duration.seconds(5)
    /// From a connection's start until both have said who they are.
    package var handshakeTimeout = Duration.seconds(5)
    package var pingInterval = Duration.seconds(2)
    /// A peer that is silent for so long is disconnected.
    package var idleTimeout = Duration.seconds(10)
    /// Milliseconds between attempts to dial.
    package var shortestBackOff: UInt64 = 50
    package var longestBackOff: UInt64 = 5_000
    /// Of the jitter; random when nil.
    package var seed: UInt64?
    package var bans = BanList.Settings()
    /// Accepted connections that have not yet said who they are: in all, and from one address.
    package var pendingConnections = 64
    package var pendingPerAddress = 16
    package var threads = 2
    /// FOR TESTS AND BENCHMARKS ONLY, zero otherwise: every frame is delivered so much later than it came, in order, as if the
    /// line were that long. Keeps what is under way within `inboundBudget`.
    package var artificialDelay = Duration.zero

    package init() {}
}
