import ChainTypes
import Logging
import Networking
import Primitives
import Synchronization
import WireTypes

extension JupiterNode {
    /// Begins a chain that is not here yet with the state that peers have; to be called before the node opens its home.
    ///
    /// - Throws: `NodeError`, `StorageError` or `PeerError`; what was received so far is kept, and the next call goes on with it.
    package static func synchroniseState(
        home: NodeHome, configuration: NodeConfiguration, passphrase: String, log: Logger? = nil
    ) async throws {
        guard configuration.stateSync, configuration.peerPort > 0 else { return }
        let log = log ?? LineLogHandler.logger("jupiter.node", level: configuration.logLevel, json: configuration.logJSON)
        let genesis = try home.genesis()
        let entries = genesis.wire.nodes.compactMap { node -> PeerEntry? in
            guard let id = Hash32(node.nodeID), let validator = Hash32(node.validator) else { return nil }
            return PeerEntry(nodeID: id, validatorKey: validator, endpoint: node.endpoint)
        }
        let target = Mutex<StateSync?>(nil)
        let network = try PeerNetwork(
            identity: home.peerIdentity(passphrase: passphrase), chainID: genesis.chainID, genesis: genesis.hash,
            host: configuration.peerHost, port: configuration.peerPort,
            registry: PeerRegistry(entries + (try configuration.bootstrap())),
            onChange: { change in
                switch change {
                case .disconnected(let node, _), .banned(let node, _): target.withLock { $0 }?.left(node)
                case .connected: break
                }
            },
            onFrame: { received in
                _ = target.withLock { $0 }?.handle(received.frame, from: received.peer)
                return .consumed
            })
        let sync = StateSync(genesis: genesis, path: home.dataFolder, network: network, log: log)
        target.withLock { $0 = sync }
        // Peers need not meet a node that they lose again at once.
        guard try sync.isNeeded() else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await network.run() }
            let outcome = try await sync.run()
            log.notice("The state of the chain is looked for among peers.", metadata: ["outcome": "\(outcome)"])
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
