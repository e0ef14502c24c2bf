import NIOCore
import NIOPosix
import NIOSSL
import Primitives
import Synchronization

/// The connections of a node with the other nodes of its chain (docs/spec/networking.md).
///
/// Knows who may connect and carries frames; what they mean is the handlers' matter. Callable from any thread.
package final class PeerNetwork: Sendable {
    package typealias Settings = PeerSettings
    /// Called on event loops, in the order in which a connection's frames came: must not block. What takes time belongs elsewhere;
    /// whoever keeps a frame for later answers `held` and gives it back with `release`.
    package typealias FrameHandler = @Sendable (ReceivedFrame) -> FrameDisposition
    /// Called in order, on one event loop. Frames of a peer may come before it is told that the peer is there.
    package typealias ChangeHandler = @Sendable (PeerChange) -> Void

    package let identity: NodeIdentity
    package let chainID: String
    package let genesis: Hash32
    let settings: PeerSettings
    let onFrame: FrameHandler
    let onChange: ChangeHandler
    let host: String
    let port: Int
    let context: PeerTLS

    struct State {
        var table: PeerTable
        var group: MultiThreadedEventLoopGroup?
        var changes: (any EventLoop)?
        var listeningPort: Int?
        var nextLink: UInt64 = 0
        /// Dialling that is under way.
        var attempts: [Hash32: EventLoopFuture<Void>] = [:]
    }

    let state: Mutex<State>
    private let session: UInt64
    private let headHeight = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - port: 0 lets the system choose; see `listeningPort`.
    ///   - registry: who may connect; replaced with `update`.
    package init(
        identity: NodeIdentity, chainID: String, genesis: Hash32, host: String, port: Int, registry: PeerRegistry,
        settings: PeerSettings = PeerSettings(), onChange: @escaping ChangeHandler = { _ in }, onFrame: @escaping FrameHandler
    ) throws {
        (self.identity, self.chainID, self.genesis) = (identity, chainID, genesis)
        (self.host, self.port, self.settings, self.onChange, self.onFrame) = (host, port, settings, onChange, onFrame)
        context = try PeerTLS(identity)
        var generator = SystemRandomNumberGenerator()
        session = generator.next()
        state = Mutex(State(table: PeerTable(ownID: identity.nodeID, registry: registry, settings: settings)))
    }

    /// Where it listens, once `run` does.
    package var listeningPort: Int? { state.withLock { $0.listeningPort } }

    /// What the next hello says of this node's head.
    package func announce(headHeight height: UInt64) { headHeight.store(height, ordering: .relaxed) }

    var hello: PeerHello {
        PeerHello(
            protocol: PeerLimits.protocolVersion, chainID: chainID, genesis: genesis, headHeight: headHeight.load(ordering: .relaxed),
            session: session)
    }

    /// Milliseconds of a clock that never goes back.
    static var now: UInt64 { NIODeadline.now().uptimeNanoseconds / 1_000_000 }
}

// What the node does with it.
extension PeerNetwork {
    /// Sends `frame` to one node.
    package func send(_ frame: PeerFrame, to node: Hash32) -> SendResult {
        guard let link = state.withLock({ $0.table.peers[node]?.link }) else { return .notConnected }
        guard let encoded = try? EncodedFrame(frame) else { return .tooLarge }
        return link.send(encoded) ? .queued : .full
    }

    /// Sends `frame`, encoded once, to the `nodes` that are connected, or to all; says to how many it goes.
    @discardableResult
    package func broadcast(_ frame: PeerFrame, to nodes: [Hash32]? = nil) -> BroadcastResult {
        let links = state.withLock { state in
            nodes.map { $0.compactMap { state.table.peers[$0]?.link } } ?? state.table.peers.values.compactMap(\.link)
        }
        guard let encoded = try? EncodedFrame(frame) else { return BroadcastResult(queued: 0, full: 0, isTooLarge: true) }
        let queued = links.count { $0.send(encoded) }
        return BroadcastResult(queued: queued, full: links.count - queued, isTooLarge: false)
    }

    /// Gives back a frame that the handler had `held`, exactly once.
    package func release(_ received: ReceivedFrame) { received.link.order(.release(received.cost)) }

    /// Takes over the registry of a new state: disconnects who left it, dials who came.
    package func update(_ registry: PeerRegistry) {
        let left = state.withLock { $0.table.update(registry) }
        for link in left { link.order(.close(.notRegistered, flushing: false)) }
        for entry in registry.entries { redial(entry.nodeID) }
    }

    /// Disconnects a node whose frames broke a rule, and bans it for a while, each time for longer.
    package func punish(_ node: Hash32, for error: any CodedError) { ban(node, error)?.order(.close(.punished, flushing: false)) }

    /// Lets a banned node in again.
    package func pardon(_ node: Hash32) {
        state.withLock { $0.table.pardon(node) }
        redial(node)
    }

    /// Connections that are open, those included that have not said who they are.
    package var openConnections: Int { state.withLock { $0.table.links.count } }

    /// All nodes of the registry but this one, by id.
    package var peers: [PeerStatus] {
        let now = Self.now
        return state.withLock { state in
            state.table.peers.values.map { PeerStatus($0, bannedUntil: state.table.bans.until($0.entry.nodeID, now: now), now: now) }
        }.sorted { $0.nodeID < $1.nodeID }
    }
}

// What connections ask.
extension PeerNetwork {
    func objection(to node: Hash32) -> PeerError? { state.withLock { $0.table.objection(to: node, now: Self.now) } }

    /// Whether this node decides which of several connections with `node` stays, and so answers the hello: the lower id does.
    func decides(over node: Hash32) -> Bool { identity.nodeID < node }

    func objection(to hello: PeerHello) -> PeerError? {
        if hello.protocol != PeerLimits.protocolVersion { return .wrongProtocol }
        if hello.chainID != chainID { return .wrongChain }
        return hello.genesis == genesis ? nil : .wrongGenesis
    }

    func meet(_ link: PeerLink, _ node: Hash32, _ hello: PeerHello) -> PeerTable.Meeting {
        let meeting = state.withLock { state in
            let meeting = state.table.meet(link, node, hello, now: Self.now)
            if case .settled = meeting { report(.connected(node, headHeight: hello.headHeight), to: state.changes) }
            return meeting
        }
        if case .settled(let replaced?) = meeting { replaced.order(.close(.replaced, flushing: false)) }
        return meeting
    }

    @discardableResult
    func ban(_ node: Hash32, _ error: any CodedError) -> PeerLink? {
        state.withLock { state in
            guard let (link, _) = state.table.punish(node, error, now: Self.now) else { return nil }
            report(.banned(node, error), to: state.changes)
            return link
        }
    }

    func closed(_ link: PeerLink, _ node: Hash32?, _ error: PeerError) {
        let delay = state.withLock { state in
            let (wasCurrent, delay) = state.table.close(link, node, error, now: Self.now)
            if wasCurrent, let node { report(.disconnected(node, error), to: state.changes) }
            return delay
        }
        if let node, let delay { schedule(node, delay) }
    }

    /// Inside the lock, so that changes are told in the order in which they happened.
    private func report(_ change: PeerChange, to loop: (any EventLoop)?) {
        let onChange = onChange
        loop?.execute { onChange(change) }
    }
}
