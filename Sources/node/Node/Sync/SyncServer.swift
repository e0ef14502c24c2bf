import Ledger
import Logging
import Networking
import Primitives
import Storage
import Synchronization

/// Answers other nodes' questions for blocks, states and sidecars: off the event loops, one question of a peer at a time, with at most one
/// frame of each answer in memory beside what waits in the peer's lane.
final class SyncServer: Sendable {
    private struct State {
        var questions: [Hash32: Fifo<PeerFrame>] = [:]
        /// Who is being served.
        var active: Set<Hash32> = []
    }

    private let ledger: LedgerApplication
    private let network: any PeerSending
    private let settings: SyncSettings
    private let pool: WorkerPool
    private let shelf: SnapshotShelf
    private let log: Logger
    private let state = Mutex(State())
    private let work: AsyncStream<Hash32>
    private let signal: AsyncStream<Hash32>.Continuation

    /// How often a full lane is tried again, and after how long.
    private static let attempts = 400
    private static let pause = Duration.milliseconds(25)

    init(
        _ ledger: LedgerApplication, network: any PeerSending, settings: SyncSettings, pool: WorkerPool, log: Logger
    ) {
        (self.ledger, self.network, self.settings, self.pool, self.log) = (ledger, network, settings, pool, log)
        shelf = SnapshotShelf(ledger, settings: settings)
        (work, signal) = AsyncStream.makeStream()
    }

    /// Takes a question; whether it was one. More than a peer may have waiting are passed over.
    func take(_ frame: PeerFrame, from peer: Hash32) -> Bool {
        guard frame.isQuestion else { return false }
        let begins = state.withLock { state in
            guard state.questions[peer, default: Fifo()].count < SyncLimits.questions else { return false }
            state.questions[peer, default: Fifo()].append(frame)
            return state.active.insert(peer).inserted
        }
        if begins { signal.yield(peer) }
        return true
    }

    func expire() { shelf.expire() }

    func run() async {
        await withDiscardingTaskGroup { group in
            for await peer in work { group.addTask { await self.serve(peer) } }
        }
    }

    private func serve(_ peer: Hash32) async {
        while !Task.isCancelled, let frame = next(of: peer) {
            do { try await answer(frame, peer) } catch {
                log.debug("A peer was not answered.", metadata: ["peer": "\(peer)", "error": "\(EnclaveHost.text(error))"])
            }
        }
    }

    private func next(of peer: Hash32) -> PeerFrame? {
        state.withLock { state in
            if let frame = state.questions[peer]?.popFirst() { return frame }
            state.questions[peer] = nil
            state.active.remove(peer)
            return nil
        }
    }

    private func answer(_ frame: PeerFrame, _ peer: Hash32) async throws {
        switch frame {
        case .blockRequest(let request): try await sendBlocks(request, to: peer)
        case .snapshotRequest(let request):
            let offer = try await pool.run { [shelf] in Result { try shelf.offer(request) } }.get()
            try await send(offer: offer, request.request, to: peer)
        case .chunkRequest(let request):
            let bytes = try await pool.run { [shelf] in shelf.chunk(request) }
            try await send(.chunk(request: request.request, bytes: bytes), to: peer)
        case .sidecarRequest(let request, let commitments): try await send(sidecars: commitments, request, to: peer)
        default: break
        }
    }

    private func sendBlocks(_ request: BlockRangeRequest, to peer: Hash32) async throws {
        var reading = BlockReading(request, batchBytes: settings.batchBytes)
        while true {
            let before = reading
            let (frame, after) = try await pool.run { [ledger] in
                Result {
                    var reading = before
                    return (try reading.frame(ledger), reading)
                }
            }.get()
            reading = after
            try await send(.blocks(frame), to: peer)
            if frame.last { return }
        }
    }

    private func send(offer: [UInt8], _ request: UInt64, to peer: Hash32) async throws {
        var start = 0
        repeat {
            let end = min(offer.count, start + PeerLimits.offerPart)
            try await send(.snapshots(request: request, part: Array(offer[start..<end]), last: end == offer.count), to: peer)
            start = end
        } while start < offer.count
    }

    private func send(sidecars commitments: [Hash32], _ request: UInt64, to peer: Hash32) async throws {
        var (position, total) = (0, 0)
        repeat {
            let from = position
            let part = try await pool.run { [ledger] in Result { try Self.sidecars(commitments[from...], ledger) } }.get()
            position = part.next
            total += part.bytes
            let isLast = position >= commitments.count || total >= SyncLimits.sidecarsAnswer - SyncLimits.frame - (2 << 20)
            try await send(.sidecars(request: request, sidecars: part.sidecars, last: isLast), to: peer)
            if isLast { return }
        } while true
    }

    private static func sidecars(
        _ commitments: ArraySlice<Hash32>, _ ledger: LedgerApplication
    ) throws -> (sidecars: [[UInt8]], next: Int, bytes: Int) {
        var (sidecars, bytes, next): ([[UInt8]], Int, Int) = ([], 0, commitments.startIndex)
        for commitment in commitments {
            guard bytes < SyncLimits.frame else { break }
            if let sidecar = try ledger.store.sidecar(commitment) {
                sidecars.append(sidecar)
                bytes += sidecar.count
            }
            next += 1
        }
        return (sidecars, next, bytes)
    }

    /// Waits for room in the peer's lane.
    private func send(_ frame: PeerFrame, to peer: Hash32) async throws {
        for _ in 0..<Self.attempts {
            switch network.send(frame, to: peer) {
            case .queued: return
            case .full: try await Task.sleep(for: Self.pause)
            case .notConnected, .tooLarge: throw SyncError.notSent
            }
        }
        throw SyncError.notSent
    }
}

extension PeerFrame {
    /// Whether it asks for blocks, states or sidecars.
    var isQuestion: Bool {
        switch self {
        case .blockRequest, .snapshotRequest, .chunkRequest, .sidecarRequest: true
        default: false
        }
    }
}
