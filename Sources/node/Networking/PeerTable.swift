import Primitives

/// Who the peers are and how each stands: the decisions of the network, without sockets or clocks. Milliseconds are given.
package struct PeerTable {
    package struct Peer {
        package fileprivate(set) var entry: PeerEntry
        package fileprivate(set) var link: PeerLink?
        fileprivate var hello: PeerHello?
        fileprivate var connectedAt: UInt64 = 0
        fileprivate var backOff: BackOff
        /// An attempt to dial is scheduled or under way.
        fileprivate var isDialling = false
        package fileprivate(set) var lastError: (any CodedError)?
        /// Of connections that are over.
        fileprivate(set) var past = PeerTraffic()
    }

    let ownID: Hash32
    let settings: PeerSettings
    package private(set) var peers: [Hash32: Peer] = [:]
    private(set) var bans: BanList
    /// Every open connection, whether its peer is known yet or not.
    package private(set) var links: [UInt64: PeerLink] = [:]
    /// Accepted connections that have not said who they are, by address.
    private var pending: [String: Int] = [:]
    private var pendingCount = 0
    private var settled: Set<UInt64> = []
    private var generator: SeededGenerator
    private(set) var isStopping = false

    package init(ownID: Hash32, registry: PeerRegistry, settings: PeerSettings) {
        (self.ownID, self.settings) = (ownID, settings)
        bans = BanList(settings.bans)
        var system = SystemRandomNumberGenerator()
        generator = SeededGenerator(seed: settings.seed ?? system.next())
        _ = update(registry)
    }

    /// Takes over a registry; returns the connections to close.
    package mutating func update(_ registry: PeerRegistry) -> [PeerLink] {
        var next: [Hash32: Peer] = [:]
        for entry in registry.entries where entry.nodeID != ownID {
            var peer = peers[entry.nodeID] ?? Peer(entry: entry, backOff: newBackOff)
            peer.entry = entry
            next[entry.nodeID] = peer
        }
        let left = peers.filter { next[$0.key] == nil }.compactMap(\.value.link)
        peers = next
        return left
    }

    private var newBackOff: BackOff { BackOff(shortest: settings.shortestBackOff, longest: settings.longestBackOff) }

    package mutating func stop() -> [PeerLink] {
        isStopping = true
        return Array(links.values)
    }
}

// Connections.
extension PeerTable {
    /// Notes a new connection; refuses an accepted one when too many are pending.
    package mutating func open(_ link: PeerLink) -> Bool {
        guard !isStopping else { return false }
        if let address = link.address {
            guard pendingCount < settings.pendingConnections, pending[address, default: 0] < settings.pendingPerAddress else {
                return false
            }
            pending[address, default: 0] += 1
            pendingCount += 1
        }
        links[link.number] = link
        return true
    }

    private mutating func settle(_ link: PeerLink) {
        guard let address = link.address, settled.insert(link.number).inserted else { return }
        pendingCount -= 1
        let left = pending[address, default: 1] - 1
        pending[address] = left > 0 ? left : nil
    }

    /// Why a node with this key is not let in, if it is not.
    package func objection(to node: Hash32, now: UInt64) -> PeerError? {
        if isStopping { return .stopping }
        guard peers[node] != nil else { return .notRegistered }
        return bans.until(node, now: now) == nil ? nil : .banned
    }

    package enum Meeting {
        /// The connection is the peer's from now on, in place of another perhaps.
        case settled(replaced: PeerLink?)
        case refused(PeerError)
    }

    /// A connection over which the peer has said who it is.
    ///
    /// When both nodes dial at once there are two connections. The higher id says hello on both; the lower one answers on the first of
    /// them and closes the other, so that neither ever sends on a connection that does not stay. The higher one takes whatever is
    /// answered. A second connection the same way round, or of another session, means that the peer has lost the first.
    package mutating func meet(_ link: PeerLink, _ node: Hash32, _ hello: PeerHello, now: UInt64) -> Meeting {
        settle(link)
        if let error = objection(to: node, now: now) { return .refused(error) }
        guard var peer = peers[node] else { return .refused(.notRegistered) }
        let other = peer.link
        if let other, ownID < node, peer.hello?.session == hello.session, other.direction != link.direction {
            return .refused(.duplicate)
        }
        if let other { peer.past = peer.past + other.counters.traffic }
        (peer.link, peer.hello, peer.connectedAt) = (link, hello, now)
        peer.isDialling = false
        peers[node] = peer
        return .settled(replaced: other)
    }

    /// A connection is over: to be said once. Returns whether it was the peer's, and after how many milliseconds to dial.
    package mutating func close(_ link: PeerLink, _ node: Hash32?, _ error: PeerError, now: UInt64) -> (wasCurrent: Bool, redial: UInt64?) {
        guard links.removeValue(forKey: link.number) != nil else { return (false, nil) }
        settle(link)
        settled.remove(link.number)
        guard let node, var peer = peers[node] else { return (false, nil) }
        let wasCurrent = peer.link === link
        if wasCurrent {
            peer.past = peer.past + link.counters.traffic
            peer.link = nil
            // A connection that held for a while starts the waiting anew; one that breaks at once does not.
            if now - peer.connectedAt >= settings.longestBackOff { peer.backOff.reset() }
        } else if link.direction == .dialled, peer.link == nil {
            peer.isDialling = false
        }
        // While it is banned the reason for that is what people want to see.
        if peer.link == nil, bans.until(node, now: now) == nil { peer.lastError = error }
        peers[node] = peer
        return (wasCurrent, redial(node, now: now))
    }

    /// Bans a node; returns its connection.
    package mutating func punish(_ node: Hash32, _ error: any CodedError, now: UInt64) -> (link: PeerLink?, until: UInt64)? {
        guard peers[node] != nil else { return nil }
        let until = bans.ban(node, now: now)
        peers[node]?.lastError = error
        return (peers[node]?.link, until)
    }
}

extension PeerTable {
    package mutating func pardon(_ node: Hash32) { bans.lift(node) }
}

// Dialling.
extension PeerTable {
    /// After how many milliseconds to dial `node`; nil when it need not be dialled or that is arranged already.
    package mutating func redial(_ node: Hash32, now: UInt64) -> UInt64? {
        guard !isStopping, var peer = peers[node], peer.link == nil, !peer.isDialling, !peer.entry.endpoint.isEmpty else { return nil }
        var delay = peer.backOff.next(using: &generator)
        if let until = bans.until(node, now: now) { delay = max(delay, until - now) }
        peer.isDialling = true
        peers[node] = peer
        return delay
    }

    /// Where to dial now; nil when there is no need any more.
    package mutating func dial(_ node: Hash32, now: UInt64) -> PeerEndpoint? {
        guard !isStopping, let peer = peers[node], peer.link == nil else {
            peers[node]?.isDialling = false
            return nil
        }
        guard bans.until(node, now: now) == nil, let endpoint = try? PeerEndpoint(peer.entry.endpoint) else {
            peers[node]?.isDialling = false
            if bans.until(node, now: now) == nil { peers[node]?.lastError = PeerError.badEndpoint }
            return nil
        }
        return endpoint
    }

    /// Nobody answered. Returns after how many milliseconds to dial again.
    package mutating func unreachable(_ node: Hash32, now: UInt64) -> UInt64? {
        guard let peer = peers[node] else { return nil }
        peers[node]?.isDialling = false
        if peer.link == nil { peers[node]?.lastError = PeerError.unreachable }
        return redial(node, now: now)
    }
}
