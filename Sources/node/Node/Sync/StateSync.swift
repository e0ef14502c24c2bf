import AuthenticatedState
import ChainTypes
import Glibc
import Ledger
import Logging
import Networking
import Primitives
import Storage
import Synchronization
import WireTypes

/// Begins a chain that is not here yet with the state that peers have, before the node opens its store (docs/spec/sync.md).
///
/// Peers are not trusted: their offers are followed from the genesis by certificates, and each chunk proves itself under the header that they
/// lead to. A run that is cut off goes on with what it has.
package final class StateSync: Sendable {
    package enum Outcome: Sendable, Equatable {
        /// There is a chain, or the peers' are so young that their blocks do as well.
        case notNeeded
        /// The chain begins at this height now; blocks and sidecars follow when the node runs.
        case imported(height: UInt64)
        /// Nobody was there to ask.
        case alone
    }

    private let genesis: Genesis
    private let path: String
    private let network: any PeerSending
    private let settings: SyncSettings
    private let log: Logger
    private let exchanges: Exchanges
    private let rota = PeerRota()
    private let pool: WorkerPool
    /// The ends of all epochs that the offers have led over: those of a long chain are more than should be in memory.
    private let ends = Mutex<RecordFile?>(nil)
    /// Whether a store at the path has no block beyond the genesis, and gives way.
    private let isReplacing = Mutex(false)

    /// How many offers are kept at the same time: each may be tens of megabytes.
    private static let offersAtOnce = 4

    /// - Parameter path: the chain's folder (`NodeHome.dataFolder`); nobody may have it open until `run` returns.
    package init(genesis: Genesis, path: String, network: any PeerSending, settings: SyncSettings = SyncSettings(), log: Logger) {
        (self.genesis, self.path, self.network, self.settings, self.log) = (genesis, path, network, settings, log)
        exchanges = Exchanges(network: network, timeout: settings.answerTimeout)
        pool = WorkerPool(width: settings.workers)
    }

    /// Takes a frame from a peer; whether it was one of synchronisation. Others are told that there is nothing here yet.
    package func handle(_ frame: PeerFrame, from peer: Hash32) -> Bool {
        if exchanges.take(frame, from: peer) { return true }
        switch frame {
        case .blockRequest(let request):
            _ = network.send(.blocks(BlockRangeResponse(request: request.request, blocks: [], last: true)), to: peer)
        case .snapshotRequest(let request):
            _ = network.send(.snapshots(request: request.request, part: [], last: true), to: peer)
        case .chunkRequest(let request): _ = network.send(.chunk(request: request.request, bytes: []), to: peer)
        case .sidecarRequest(let request, _): _ = network.send(.sidecars(request: request, sidecars: [], last: true), to: peer)
        default: return false
        }
        return true
    }

    /// A peer has left, or is banned.
    package func left(_ peer: Hash32) { exchanges.abandon(peer) }

    /// Whether there is no chain yet, or an import that was begun. To be called before the store is opened.
    package func isNeeded() throws -> Bool { try SnapshotImporter.started(path) != nil || !hasChain() }

    /// Imports a snapshot if one is needed and offered. To be called before the store is opened, while the network runs.
    /// - Throws: `StorageError`; `CancellationError`.
    package func run() async throws -> Outcome {
        let started = try SnapshotImporter.started(path)
        let ends = try RecordFile(path + ".epochs")
        defer { try? ends.remove() }
        guard try started != nil || !hasChain() else { return .notNeeded }
        self.ends.withLock { $0 = ends }
        return try await withThrowingTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    self.exchanges.expire()
                    try? await Task.sleep(for: self.settings.tick)
                }
                return nil
            }
            group.addTask { try await self.synchronise(started) }
            defer { group.cancelAll() }
            while let outcome = try await group.next() { if let outcome { return outcome } }
            throw CancellationError()
        }
    }

    /// Whether there is a chain with a block of its own at the path.
    private func hasChain() throws -> Bool {
        guard access(path + "/CURRENT", F_OK) == 0 else { return false }
        let store = try ChainStore(path: path)
        defer { store.close() }
        guard (store.head()?.height ?? 0) == 0 else { return true }
        isReplacing.withLock { $0 = true }
        return false
    }

    private func synchronise(_ begun: SnapshotManifest?) async throws -> Outcome {
        var (way, begun) = (EpochWay(genesis: genesis), begun)
        var (start, reported) = (ContinuousClock.now, ContinuousClock.now)
        // Half of the other validators' nodes are enough to tell.
        let enough = max(1, genesis.wire.nodes.count / 2)
        while true {
            try Task.checkCancellation()
            let answers = try await offers(network.connected, &way, wanted: begun?.height ?? 0)
            let isLate = start + settings.patience < .now
            if let best = answers.best, isLate || (begun == nil && answers.count >= enough) || begun?.blockHash == best.manifest.blockHash {
                guard begun != nil || best.next.height > settings.farBehind || best.oldest > 1 else { return .notNeeded }
                do {
                    try await importState(best)
                    return .imported(height: best.manifest.height)
                } catch let error where Self.isOver(error) {
                    log.warning("The snapshot is not to be had any more; another one is begun.")
                    try SnapshotImporter.abandon(path)
                    (begun, start) = (nil, .now)
                }
            } else if answers.best == nil, begun == nil {
                if answers.count >= enough || (isLate && answers.count > 0) { return .notNeeded }
                // Peers that are there and say nothing may be busy; without any, waiting helps nobody.
                if start + settings.patience * (network.connected.isEmpty ? 1 : 6) < .now { return .alone }
            }
            if reported + settings.progressInterval < .now {
                reported = .now
                log.notice("Waiting for peers with a snapshot.", metadata: ["connected": "\(network.connected.count)"])
            }
            try await Task.sleep(for: settings.tick)
        }
    }

    private static func isOver(_ error: any Error) -> Bool {
        error as? SyncError == .notServed || error as? SnapshotError == .otherSnapshot
    }

    // MARK: Offers

    /// The highest proven offer of `peers`, or the one that is `wanted`; and how many have answered, be it that they have none.
    private func offers(_ peers: [Hash32], _ way: inout EpochWay, wanted: UInt64) async throws -> (best: SnapshotOffer?, count: Int) {
        var (best, count): (SnapshotOffer?, Int) = (nil, 0)
        for start in stride(from: 0, to: peers.count, by: Self.offersAtOnce) {
            let epoch = way.epoch
            let answers = await withTaskGroup(of: (Hash32, [UInt8]?).self) { group in
                for peer in peers[start..<min(start + Self.offersAtOnce, peers.count)] {
                    group.addTask { (peer, await self.ask(peer, epoch, wanted)) }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for (peer, bytes) in answers.sorted(by: { $0.0 < $1.0 }) {
                guard let bytes else { continue }
                guard let step = try await follow(peer, bytes, &way, wanted) else { continue }
                count += 1
                guard case .offer(let offer) = step else { continue }
                let isWanted = offer.manifest.height == wanted
                if best == nil || isWanted || (offer.manifest.height > best?.manifest.height ?? 0 && best?.manifest.height != wanted) {
                    best = offer
                }
            }
        }
        return (best, count)
    }

    private func ask(_ peer: Hash32, _ epoch: UInt64, _ wanted: UInt64) async -> [UInt8]? {
        let question = { @Sendable (request: UInt64) in
            PeerFrame.snapshotRequest(SnapshotRequest(request: request, epoch: epoch, height: wanted))
        }
        let limit = SnapshotOffer.maximumBytes + (64 << 10)
        guard let frames = try? await exchanges.ask(peer, .snapshot, limit: limit, question) else { return nil }
        var bytes: [UInt8] = []
        for case .snapshots(_, let part, _) in frames { bytes += part }
        return bytes
    }

    /// Follows what `peer` has answered to its end; `nil` when that was false, or there was no answer any more.
    private func follow(_ peer: Hash32, _ first: [UInt8], _ way: inout EpochWay, _ wanted: UInt64) async throws -> EpochWay.Step? {
        var bytes = first
        while !Task.isCancelled {
            let (before, offered) = (way, bytes)
            guard
                let result = try? await pool.run({
                    Result<(EpochWay, EpochWay.Step), SyncError> { () throws(SyncError) in
                        var way = before
                        let step = try way.take(offered)
                        return (way, step)
                    }
                })
            else { return nil }
            switch result {
            case .success((let after, let step)):
                way = after
                try ends.withLock { [fresh = way.drain()] ends in try ends?.append(fresh) }
                guard case .further = step else { return step }
                guard let more = await ask(peer, way.epoch, wanted) else { return nil }
                bytes = more
            case .failure(let error):
                log.warning("A peer offered a false snapshot.", metadata: ["peer": "\(peer)", "error": "\(error.text)"])
                network.punish(peer, for: error)
                rota.rest(peer, for: .seconds(3_600))
                return nil
            }
        }
        return nil
    }

    // MARK: Import

    private func importState(_ offer: SnapshotOffer) async throws {
        let target = try LedgerImport(path: path, genesis: genesis, manifest: offer.manifest, next: offer.next)
        log.notice(
            "The state is imported.",
            metadata: [
                "height": "\(offer.manifest.height)", "entries_here": "\(target.entries)", "of_about": "\(offer.manifest.estimatedEntries)",
            ])
        do {
            let chunks = StateImport(
                target, network: network, exchanges: exchanges, rota: rota, settings: settings, pool: pool, log: log)
            try await chunks.run()
            let ends = ends.withLock { $0 }
            let names: @Sendable (_ put: (String, [UInt8]) throws -> Void) throws -> Void = { put in
                var epoch: UInt64 = 0
                try ends?.forEach { end in
                    try put(LedgerApplication.name(ofEpoch: epoch), end)
                    epoch += 1
                }
            }
            let isReplacing = isReplacing.withLock { $0 }
            try await pool.run {
                Result { try target.finish(offer.base, certificate: offer.certificate, names: names, replacing: isReplacing) }
            }.get()
            log.notice("The state is complete.", metadata: ["height": "\(offer.manifest.height)", "entries": "\(target.entries)"])
        } catch {
            target.close()
            throw error
        }
    }
}
