import Dispatch
import Synchronization

/// A few threads for work that computes or blocks, with a bounded line before them.
///
/// Swift's own threads are as many as the processor's cores and must not be blocked; signature checks and disk reads go here.
package final class WorkerPool: Sendable {
    private struct State {
        var waiting = Fifo<@Sendable () -> Void>()
        var running = 0
    }

    private let state = Mutex(State())
    private let threads = DispatchQueue(label: "jupiter.workers", attributes: .concurrent)
    private let width: Int
    private let maximumWaiting: Int

    /// - Parameters:
    ///   - width: how many pieces of work run at a time.
    ///   - maximumWaiting: how many wait at most.
    package init(width: Int, maximumWaiting: Int = 4_096) {
        precondition(width >= 1 && maximumWaiting >= 1, "a pool works")
        (self.width, self.maximumWaiting) = (width, maximumWaiting)
    }

    /// Runs `work` on one of the threads.
    ///
    /// - Throws: `mempoolFull` when too much waits already; the caller shall come back later.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(NodeError) -> Value {
        let value: Value? = await withCheckedContinuation { continuation in
            let accepted = enqueue { continuation.resume(returning: work()) }
            if !accepted { continuation.resume(returning: nil) }
        }
        guard let value else { throw .mempoolFull }
        return value
    }

    private func enqueue(_ work: @escaping @Sendable () -> Void) -> Bool {
        let starts: Bool? = state.withLock { state in
            if state.running < width {
                state.running += 1
                return true
            }
            guard state.waiting.count < maximumWaiting else { return nil }
            state.waiting.append(work)
            return false
        }
        guard let starts else { return false }
        if starts { threads.async { self.drain(from: work) } }
        return true
    }

    /// Runs `first`, then whatever waits.
    private func drain(from first: @Sendable () -> Void) {
        first()
        while let next = nextOrRest() { next() }
    }

    private func nextOrRest() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if let next = state.waiting.popFirst() { return next }
            state.running -= 1
            return nil
        }
    }
}
