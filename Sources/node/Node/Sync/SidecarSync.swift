import ChainTypes
import Ledger
import Logging
import Networking
import Primitives
import Storage
import Synchronization

/// Gets the sidecars that the newest state calls live and this node has not: a node is complete only when it has them all.
final class SidecarSync: Sendable {
    struct Parts: Sendable {
        let ledger: LedgerApplication
        let network: any PeerSending
        let exchanges: Exchanges
        let settings: SyncSettings
        let pool: WorkerPool
        let log: Logger
    }

    private struct State {
        var isComplete: Bool
        /// How often something may have become missing.
        var lacks: UInt64 = 0
        /// The height with which the newest of it is in the state.
        var height: UInt64 = 0
    }

    /// What the store remembers of it: `[1]` when the node was complete.
    static let metaName = "sidecars/complete"

    private static let step = 1_000

    private let parts: Parts
    private let rota = PeerRota()
    private let state: Mutex<State>
    private let wakes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(_ parts: Parts) throws {
        self.parts = parts
        let isComplete = try parts.ledger.store.getMeta(Self.metaName) == [1] || parts.ledger.head.height == 0
        state = Mutex(State(isComplete: isComplete))
        (wakes, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        signal.yield()
    }

    var isComplete: Bool { state.withLock { $0.isComplete } }

    /// Something may be missing once block `height` is executed. Durable when this returns: a restart in between must not forget it.
    func lack(by height: UInt64) {
        let was = state.withLock { state in
            defer { (state.isComplete, state.lacks, state.height) = (false, state.lacks + 1, max(state.height, height)) }
            return state.isComplete
        }
        // A store that cannot write this cannot write the block either, and the engine stops.
        if was { try? parts.ledger.store.putMeta(Self.metaName, [0]) }
        signal.yield()
    }

    func left(_ peer: Hash32) { rota.forget(peer) }

    func run() async {
        for await _ in wakes {
            while !isComplete, !Task.isCancelled {
                do {
                    if try await pass() { break }
                } catch {
                    parts.log.warning("Sidecars could not be completed.", metadata: ["error": "\(EnclaveHost.text(error))"])
                }
                try? await Task.sleep(for: parts.settings.sidecarPause)
            }
        }
    }

    /// Looks through the whole state once; whether nothing was missing.
    private func pass() async throws -> Bool {
        let (lacks, height) = state.withLock { ($0.lacks, $0.height) }
        // The state that names what is missing is yet to come.
        guard parts.ledger.head.height >= height else { return false }
        var after: [UInt8]?
        var (missing, got) = (0, 0)
        repeat {
            let from = after
            let step = try await parts.pool.run { [ledger = parts.ledger] in
                Result { try ledger.missingSidecars(after: from, limit: Self.step) }
            }.get()
            missing += step.missing.count
            for start in stride(from: 0, to: step.missing.count, by: SyncLimits.sidecarsAsked) {
                got += try await fetch(Array(step.missing[start..<min(start + SyncLimits.sidecarsAsked, step.missing.count)]))
            }
            after = step.next
        } while after != nil && !Task.isCancelled
        guard !Task.isCancelled else { return false }
        if missing > 0 {
            parts.log.notice("Sidecars are fetched.", metadata: ["missing": "\(missing - got)", "received": "\(got)"])
            return false
        }
        let isDone = state.withLock { state in
            state.isComplete = state.lacks == lacks
            return state.isComplete
        }
        guard isDone else { return false }
        try parts.ledger.store.putMeta(Self.metaName, [1])
        // It may have come to lack something while that was written.
        if state.withLock({ $0.lacks != lacks }) { try parts.ledger.store.putMeta(Self.metaName, [0]) }
        return isComplete
    }

    /// Asks for these, one peer after the other; how many came.
    private func fetch(_ wanted: [LiveSidecar]) async throws -> Int {
        var left = wanted
        for _ in 0..<max(1, parts.network.connected.count) where !left.isEmpty {
            guard let peer = rota.next(parts.network.connected) else { break }
            do throws(SyncError) {
                let sidecars = try await ask(peer, left)
                if sidecars.isEmpty { rota.rest(peer, for: parts.settings.rest) }
                left = try await keep(sidecars, of: left)
            } catch {
                if error.isFault {
                    parts.log.warning("A peer sent false sidecars.", metadata: ["peer": "\(peer)", "error": "\(error.text)"])
                    parts.network.punish(peer, for: error)
                }
                rota.rest(peer, for: error.isFault ? .seconds(60) : parts.settings.rest)
            }
        }
        return wanted.count - left.count
    }

    private func ask(_ peer: Hash32, _ wanted: [LiveSidecar]) async throws(SyncError) -> [[UInt8]] {
        let commitments = wanted.map(\.commitment)
        let frames = try await parts.exchanges.ask(peer, .sidecars, limit: SyncLimits.sidecarsAnswer + SyncLimits.frame) { request in
            .sidecarRequest(request: request, commitments: commitments)
        }
        var sidecars: [[UInt8]] = []
        for case .sidecars(_, let part, _) in frames { sidecars += part }
        return sidecars
    }

    /// Keeps what was asked for; what is still missing.
    private func keep(_ sidecars: [[UInt8]], of wanted: [LiveSidecar]) async throws(SyncError) -> [LiveSidecar] {
        let result: Result<[LiveSidecar], SyncError>
        do throws(NodeError) {
            result = try await parts.pool.run { [ledger = parts.ledger] in
                Result { () throws(SyncError) in try Self.keep(sidecars, of: wanted, ledger) }
            }
        } catch { throw .stopped }
        return try result.get()
    }

    private static func keep(
        _ sidecars: [[UInt8]], of wanted: [LiveSidecar], _ ledger: LedgerApplication
    ) throws(SyncError) -> [LiveSidecar] {
        var left = wanted
        for sidecar in sidecars {
            let commitment = Sidecar.commitment(sidecar)
            let named = left.filter { $0.commitment == commitment }
            guard !named.isEmpty else { throw .wrongSidecar }
            for place in named {
                // What the state has let go of meanwhile is not missing any more; a store that fails stops the engine.
                do { _ = try ledger.install(sidecar, for: place) } catch { throw .stopped }
            }
            left.removeAll { $0.commitment == commitment }
        }
        return left
    }
}
