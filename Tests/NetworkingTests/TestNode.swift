import Networking
import Primitives
import Synchronization
import Testing

/// A node of a chain for tests: its network on a port of the loopback, what it received, and what it was told.
final class TestNode: Sendable {
    static let chainID = "jupiter-test"
    static let genesis = Hash32(9, 9, 9, 9)

    let identity: NodeIdentity
    let network: PeerNetwork
    private let received = Mutex<[ReceivedFrame]>([])
    private let holds: Atomic<Bool>
    private let told = Mutex<[String]>([])
    private let running = Mutex<Task<Void, any Error>?>(nil)

    init(
        _ identity: NodeIdentity? = nil, port: Int = 0, registry: PeerRegistry = PeerRegistry([]), genesis: Hash32 = TestNode.genesis,
        settings: PeerSettings = TestNode.settings, holds: Bool = false
    ) async throws {
        self.identity = try identity ?? NodeIdentity.generate()
        self.holds = Atomic(holds)
        let box = Box()
        network = try PeerNetwork(
            identity: self.identity, chainID: Self.chainID, genesis: genesis, host: "127.0.0.1", port: port, registry: registry,
            settings: settings, onChange: { box.node?.note($0) }, onFrame: { box.node?.take($0) ?? .consumed })
        box.set(self)
        running.withLock { [network] in $0 = Task { try await network.run() } }
        try await eventually("the node listens") { self.network.listeningPort != nil }
    }

    /// Short waits, so that tests are over soon; generous timeouts, so that a busy machine changes no outcome.
    static var settings: PeerSettings {
        var settings = PeerSettings()
        settings.shortestBackOff = 10
        settings.longestBackOff = 200
        settings.connectTimeout = .seconds(60)
        settings.handshakeTimeout = .seconds(60)
        settings.idleTimeout = .seconds(60)
        settings.pingInterval = .milliseconds(50)
        settings.seed = 1
        settings.threads = 1
        return settings
    }

    /// The node's entry in a registry, with where it listens or without.
    func entry(reachable: Bool = true) -> PeerEntry {
        PeerEntry(
            nodeID: identity.nodeID, validatorKey: nil, endpoint: reachable ? "127.0.0.1:\(network.listeningPort ?? 0)" : "")
    }

    var id: Hash32 { identity.nodeID }
    var frames: [PeerFrame] { received.withLock { $0.map(\.frame) } }
    var changes: [String] { told.withLock { $0 } }

    func status(_ node: Hash32) -> PeerStatus? { network.peers.first { $0.nodeID == node } }
    func isConnected(to node: Hash32) -> Bool { status(node)?.connected == true }

    /// Gives back everything that is held, and holds nothing more.
    func releaseAll() {
        holds.store(false, ordering: .sequentiallyConsistent)
        for frame in received.withLock({ $0 }) { network.release(frame) }
    }

    func stop() async throws {
        let task = running.withLock { $0.take() }
        task?.cancel()
        try await task?.value
    }

    private func take(_ frame: ReceivedFrame) -> FrameDisposition {
        received.withLock { $0.append(frame) }
        return holds.load(ordering: .sequentiallyConsistent) ? .held : .consumed
    }

    private func note(_ change: PeerChange) {
        let text =
            switch change {
            case .connected(let node, _): "connected \(node)"
            case .disconnected(let node, let error): "disconnected \(node) \(error.name)"
            case .banned(let node, let error): "banned \(node) \(error.name)"
            }
        told.withLock { $0.append(text) }
    }

    /// Lets the network's handlers find the node that is made after them.
    private final class Box: Sendable {
        private let content = Mutex<TestNode?>(nil)
        var node: TestNode? { content.withLock { $0 } }
        func set(_ node: TestNode) { content.withLock { $0 = node } }
    }

    /// Runs `body` with nodes that all know each other, and stops them afterwards.
    static func together(_ count: Int, settings: PeerSettings = TestNode.settings, _ body: ([TestNode]) async throws -> Void) async throws {
        var nodes: [TestNode] = []
        for _ in 0..<count { nodes.append(try await TestNode(settings: settings)) }
        let registry = PeerRegistry(nodes.map { $0.entry() })
        for node in nodes { node.network.update(registry) }
        try await stopping(nodes) {
            for node in nodes {
                for other in nodes where other.id != node.id {
                    try await eventually("nodes connect") { node.isConnected(to: other.id) }
                }
            }
            try await body(nodes)
        }
    }

    /// Stops `nodes` after `body`, whatever becomes of it.
    static func stopping(_ nodes: [TestNode], _ body: () async throws -> Void) async throws {
        do { try await body() } catch {
            for node in nodes { try? await node.stop() }
            throw error
        }
        for node in nodes { try await node.stop() }
    }
}

struct NeverHappened: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` holds; gives up after a minute, which no healthy machine needs.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<6_000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw NeverHappened(description: "never: \(what)")
}
