import ChainTypes
import Primitives
import Synchronization

/// The payloads of blocks that may become final, and of the few that just did: for execution, and for peers that ask.
final class PayloadStore: Sendable {
    private struct State {
        var payloads: [Hash32: BlockPayload] = [:]
        /// Came before anybody asked: bounded, oldest out first.
        var early: [BlockPayload] = []
        var earlyBytes = 0
    }

    /// How many heights below the head are kept for laggards.
    private static let keptHeights: UInt64 = 8
    private static let maximumEarly = 16
    private static let maximumEarlyBytes = 128 << 20

    private let state = Mutex(State())

    subscript(_ hash: Hash32) -> BlockPayload? { state.withLock { $0.payloads[hash] } }

    func put(_ payload: BlockPayload) { state.withLock { $0.payloads[payload.header.hash] = payload } }

    func putEarly(_ payload: BlockPayload) {
        state.withLock { state in
            guard !state.early.contains(where: { $0.header.hash == payload.header.hash }) else { return }
            state.early.append(payload)
            state.earlyBytes += payload.size
            while state.early.count > Self.maximumEarly || state.earlyBytes > Self.maximumEarlyBytes {
                state.earlyBytes -= state.early.removeFirst().size
            }
        }
    }

    func takeEarly(_ hash: Hash32) -> BlockPayload? {
        state.withLock { state in
            guard let index = state.early.firstIndex(where: { $0.header.hash == hash }) else { return nil }
            let payload = state.early.remove(at: index)
            state.earlyBytes -= payload.size
            return payload
        }
    }

    /// The payloads above `height`, lowest first.
    func above(_ height: UInt64) -> [BlockPayload] {
        state.withLock { $0.payloads.values.filter { $0.header.height > height }.sorted { $0.header.height < $1.header.height } }
    }

    /// Forgets what the head has left behind; answers the blocks at or below `height` that were still here and were not final.
    func settle(head: Hash32, height: UInt64) -> [BlockPayload] {
        state.withLock { state in
            let lost = state.payloads.values.filter { $0.header.height == height && $0.header.hash != head }
            for payload in lost { state.payloads[payload.header.hash] = nil }
            state.payloads = state.payloads.filter { $0.value.header.height + Self.keptHeights > height }
            state.earlyBytes -= state.early.filter { $0.header.height <= height }.reduce(0) { $0 + $1.size }
            state.early.removeAll { $0.header.height <= height }
            return lost
        }
    }
}
