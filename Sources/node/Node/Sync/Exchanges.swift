import Networking
import Primitives
import Synchronization

/// Questions to peers whose answers are awaited: each has a number, one peer, and a bound on what is kept of the answer.
final class Exchanges: Sendable {
    /// Whether an answer's frames belong to the question, and whether this is the last.
    enum Kind { case blocks, snapshot, chunk, sidecars }

    private struct Pending {
        let peer: Hash32
        let kind: Kind
        let limit: Int
        let continuation: CheckedContinuation<Result<[PeerFrame], SyncError>, Never>
        var frames: [PeerFrame] = []
        var bytes = 0
        var deadline: ContinuousClock.Instant
    }

    private struct State {
        var next: UInt64 = 1
        var pending: [UInt64: Pending] = [:]
    }

    private let network: any PeerSending
    private let timeout: Duration
    private let state = Mutex(State())

    init(network: any PeerSending, timeout: Duration) { (self.network, self.timeout) = (network, timeout) }

    /// The frames of the answer of `peer` to the question, in order, of at most `limit` bytes.
    func ask(
        _ peer: Hash32, _ kind: Kind, limit: Int, _ question: @Sendable (_ request: UInt64) -> PeerFrame
    ) async throws(SyncError) -> [PeerFrame] {
        let request = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        let result: Result<[PeerFrame], SyncError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let pending = Pending(peer: peer, kind: kind, limit: limit, continuation: continuation, deadline: .now + timeout)
                state.withLock { $0.pending[request] = pending }
                if Task.isCancelled { return finish(request, .failure(.stopped)) }
                if network.send(question(request), to: peer) != .queued { finish(request, .failure(.notSent)) }
            }
        } onCancel: {
            finish(request, .failure(.stopped))
        }
        return try result.get()
    }

    /// Takes a frame that answers something; whether it was one. What nobody waits for any more is dropped.
    func take(_ frame: PeerFrame, from peer: Hash32) -> Bool {
        guard let part = frame.answer else { return false }
        let result: Result<[PeerFrame], SyncError>? = state.withLock { state in
            guard var pending = state.pending[part.request], pending.peer == peer else { return nil }
            guard pending.kind == part.kind else { return .failure(.wrongAnswer) }
            pending.bytes += part.bytes
            guard pending.bytes <= pending.limit else { return .failure(.tooMuch) }
            pending.frames.append(frame)
            pending.deadline = .now + timeout
            state.pending[part.request] = pending
            return part.isLast ? .success(pending.frames) : nil
        }
        if let result { finish(part.request, result) }
        return true
    }

    /// Gives up on answers that nothing more comes of.
    func expire() {
        let now = ContinuousClock.now
        let late = state.withLock { $0.pending.filter { $0.value.deadline <= now }.map(\.key) }
        for request in late { finish(request, .failure(.noAnswer)) }
    }

    /// A peer has left.
    func abandon(_ peer: Hash32) {
        let lost = state.withLock { $0.pending.filter { $0.value.peer == peer }.map(\.key) }
        for request in lost { finish(request, .failure(.notSent)) }
    }

    private func finish(_ request: UInt64, _ result: Result<[PeerFrame], SyncError>) {
        state.withLock { $0.pending.removeValue(forKey: request) }?.continuation.resume(returning: result)
    }
}

extension PeerFrame {
    /// What the frame answers; `nil` for a question and for frames of other lanes.
    fileprivate var answer: (request: UInt64, kind: Exchanges.Kind, bytes: Int, isLast: Bool)? {
        switch self {
        case .blocks(let answer):
            // An entry is kept with its array, empty or not.
            (answer.request, .blocks, 64 + answer.blocks.reduce(0) { $0 + $1.encodedSize + 64 }, answer.last)
        case .snapshots(let request, let part, let last): (request, .snapshot, 64 + part.count, last)
        case .chunk(let request, let bytes): (request, .chunk, 64 + bytes.count, true)
        case .sidecars(let request, let sidecars, let last):
            (request, .sidecars, 64 + sidecars.reduce(0) { $0 + $1.count + 32 }, last)
        default: nil
        }
    }
}
