import Primitives
import Synchronization

/// Whose turn it is to be asked: whoever was asked longest ago and has not just failed.
final class PeerRota: Sendable {
    private struct State {
        var turn: UInt64 = 0
        var asked: [Hash32: UInt64] = [:]
        var resting: [Hash32: ContinuousClock.Instant] = [:]
    }

    private let state = Mutex(State())

    func next(_ peers: [Hash32]) -> Hash32? {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.resting = state.resting.filter { $0.value > now }
            let candidates = peers.filter { state.resting[$0] == nil }
            guard let peer = candidates.min(by: { (state.asked[$0, default: 0], $0) < (state.asked[$1, default: 0], $1) }) else {
                return nil
            }
            state.turn += 1
            state.asked[peer] = state.turn
            return peer
        }
    }

    func rest(_ peer: Hash32, for time: Duration) { state.withLock { $0.resting[peer] = .now + time } }

    func forget(_ peer: Hash32) {
        state.withLock { state in
            state.asked[peer] = nil
            state.resting[peer] = nil
        }
    }
}
