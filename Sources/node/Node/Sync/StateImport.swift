import AuthenticatedState
import ChainTypes
import Ledger
import Logging
import Networking
import Primitives
import Storage
import Synchronization

/// Fetches the chunks of one snapshot from several peers at the same time until nothing is missing.
final class StateImport: Sendable {
    private struct State {
        /// The ends of the ranges that somebody has been asked for: a part's end stays while its beginning moves.
        var asked: Set<Hash32> = []
        var progressed = ContinuousClock.now
        var reported = ContinuousClock.now
    }

    private let target: LedgerImport
    private let network: any PeerSending
    private let exchanges: Exchanges
    private let rota: PeerRota
    private let settings: SyncSettings
    private let pool: WorkerPool
    private let log: Logger
    private let state = Mutex(State())

    init(
        _ target: LedgerImport, network: any PeerSending, exchanges: Exchanges, rota: PeerRota, settings: SyncSettings, pool: WorkerPool,
        log: Logger
    ) {
        (self.target, self.network, self.exchanges, self.rota) = (target, network, exchanges, rota)
        (self.settings, self.pool, self.log) = (settings, pool, log)
    }

    /// - Throws: `SyncError.notServed` when nobody has had anything of it for too long; `StorageError`.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, settings.parallelChunks) { group.addTask { try await self.work() } }
            try await group.waitForAll()
        }
    }

    private func work() async throws {
        while let range = try claim() {
            try Task.checkCancellation()
            guard let range = range.first, let peer = rota.next(network.connected) else {
                // Everything missing is being asked for, or nobody can be asked.
                try await Task.sleep(for: settings.tick)
                if let range = range.first { release(range) }
                continue
            }
            defer { release(range) }
            do { try await fetch(range, from: peer) } catch let error as SyncError {
                if error == .stopped { throw CancellationError() }
                failed(peer, error)
            }
            report()
        }
    }

    /// A missing range that nobody was asked for, if there is one; `nil` when nothing is missing.
    private func claim() throws -> [PathRange]? {
        let missing = target.missing
        if missing.isEmpty { return nil }
        return try state.withLock { state in
            guard state.progressed + settings.importStall > .now else { throw SyncError.notServed }
            guard let range = missing.first(where: { !state.asked.contains($0.last) }) else { return [] }
            state.asked.insert(range.last)
            return [range]
        }
    }

    private func release(_ range: PathRange) { state.withLock { _ = $0.asked.remove(range.last) } }

    private func fetch(_ range: PathRange, from peer: Hash32) async throws {
        let manifest = target.manifest
        let frames = try await exchanges.ask(peer, .chunk, limit: StateChunk.maximumBytes + 1_024) { request in
            .chunkRequest(
                SnapshotChunkRequest(
                    request: request, height: manifest.height, block: manifest.blockHash, first: range.first, last: range.last))
        }
        guard case .chunk(_, let bytes)? = frames.first, !bytes.isEmpty else { throw SyncError.notServed }
        let result = try await pool.run { [target] in Result { try target.add(bytes) } }
        do { try result.get() } catch let error as StorageError { throw error } catch { throw SyncError.wrongChunk }
        state.withLock { $0.progressed = .now }
    }

    private func failed(_ peer: Hash32, _ error: SyncError) {
        guard error.isFault else { return rota.rest(peer, for: settings.rest) }
        log.warning("A peer sent a false part of the state.", metadata: ["peer": "\(peer)", "error": "\(error.text)"])
        network.punish(peer, for: error)
        rota.rest(peer, for: .seconds(3_600))
    }

    private func report() {
        let isDue = state.withLock { state in
            guard state.reported + settings.progressInterval < .now else { return false }
            state.reported = .now
            return true
        }
        guard isDue else { return }
        log.notice(
            "The state is imported.",
            metadata: [
                "height": "\(target.manifest.height)", "entries": "\(target.entries)", "of_about": "\(target.manifest.estimatedEntries)",
                "parts_left": "\(target.missing.count)",
            ])
    }
}
