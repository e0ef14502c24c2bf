import Engine
import Ledger
import Logging
import Networking
import Primitives
import Storage

/// Keeps a running node at the height of its chain, and helps others to get there (docs/spec/sync.md).
package final class SyncService: Sendable {
    /// What the service is made from.
    package struct Parts: Sendable {
        package var ledger: LedgerApplication
        /// This validator's; `nil` for a node that only follows.
        package var validatorKey: Hash32?
        package var network: any PeerSending
        package var settings: SyncSettings
        package var log: Logger
        /// Gives final blocks to the engine (`SimplexEngine.install`).
        package var install: @Sendable ([Engine.SyncedBlock]) -> Void

        package init(
            ledger: LedgerApplication, validatorKey: Hash32?, network: any PeerSending, settings: SyncSettings = SyncSettings(),
            log: Logger, install: @escaping @Sendable ([Engine.SyncedBlock]) -> Void
        ) {
            (self.ledger, self.validatorKey, self.network) = (ledger, validatorKey, network)
            (self.settings, self.log, self.install) = (settings, log, install)
        }
    }

    private let exchanges: Exchanges
    private let server: SyncServer
    private let blocks: BlockSync
    private let sidecars: SidecarSync
    private let settings: SyncSettings

    /// - Throws: `StorageError` or `NodeError` when the store cannot be read.
    package init(_ parts: Parts) throws {
        settings = parts.settings
        let (ledger, network, log) = (parts.ledger, parts.network, parts.log)
        let exchanges = Exchanges(network: network, timeout: settings.answerTimeout)
        self.exchanges = exchanges
        // What others ask for must not delay what this node needs.
        server = SyncServer(
            ledger, network: network, settings: settings, pool: WorkerPool(width: settings.workers), log: log)
        let pool = WorkerPool(width: settings.workers)
        let sidecars = try SidecarSync(
            SidecarSync.Parts(ledger: ledger, network: network, exchanges: exchanges, settings: settings, pool: pool, log: log))
        self.sidecars = sidecars
        blocks = BlockSync(
            BlockSync.Parts(
                ledger: ledger, validatorKey: parts.validatorKey, network: network, exchanges: exchanges, settings: settings, pool: pool,
                log: log, install: parts.install, onLack: { sidecars.lack(by: $0) }))
    }

    /// Takes a frame from a peer; whether it was one of synchronisation. Returns at once.
    package func handle(_ frame: PeerFrame, from peer: Hash32) -> Bool {
        exchanges.take(frame, from: peer) || server.take(frame, from: peer)
    }

    /// A peer has said where it is.
    package func status(_ head: PeerHead, from peer: Hash32) { blocks.claim(head.height, by: peer) }

    /// A peer has connected, and its hello says where it is.
    package func joined(_ peer: Hash32, headHeight: UInt64) { blocks.claim(headHeight, by: peer) }

    /// A peer has left, or is banned.
    package func left(_ peer: Hash32) {
        exchanges.abandon(peer)
        blocks.left(peer)
        sidecars.left(peer)
    }

    /// The chain is known to have this height (`ConsensusNetwork.synchronise`).
    package func synchronise(to height: UInt64) { blocks.synchronise(to: height) }

    /// Somebody is in this epoch (`ConsensusNetwork.behind`).
    package func behind(epoch: UInt64) { blocks.behind(epoch: epoch) }

    /// A block is durable.
    package func committed(_ height: UInt64) { blocks.committed(height) }

    /// Whether every sidecar is here that the newest state calls live. It votes before: see docs/spec/sync.md §7.
    package var isComplete: Bool { sidecars.isComplete }

    /// Whether no peer has the next block any more, so that only a snapshot would help.
    package var isStranded: Bool { blocks.isStranded }

    /// How far the node has caught up.
    package var view: SyncView {
        let target = blocks.target
        if isStranded { return SyncView(state: .stranded, target: target) }
        if target != nil { return SyncView(state: .blocks, target: target) }
        return SyncView(state: isComplete ? .current : .sidecars)
    }

    /// Runs until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.server.run() }
            group.addTask { await self.blocks.run() }
            group.addTask { await self.sidecars.run() }
            while !Task.isCancelled {
                exchanges.expire()
                server.expire()
                blocks.wake()
                try? await Task.sleep(for: settings.tick)
            }
        }
    }
}
