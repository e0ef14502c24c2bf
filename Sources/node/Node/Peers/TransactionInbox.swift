import ChainTypes
import Primitives
import Synchronization

/// Transactions that peers tell of: signatures are checked once, in parallel, off the consensus path; what the mempool has no room for is
/// left to its sender.
///
/// Whatever a proposal names is checked before the rest (`claim`).
package final class TransactionInbox: Sendable {
    /// What came in one frame, until all of it is in or refused.
    private final class Batch: Sendable {
        private let open: Atomic<Int>
        private let identifiers: [Hash32]
        private let done: @Sendable ([Hash32]) -> Void

        init(_ identifiers: [Hash32], open: Int, done: @escaping @Sendable ([Hash32]) -> Void) {
            self.open = Atomic(open)
            (self.identifiers, self.done) = (identifiers, done)
        }

        func close(_ count: Int) { if open.subtract(count, ordering: .acquiringAndReleasing).newValue == 0 { done(identifiers) } }
    }

    private struct Waiting: Sendable {
        let submitted: SubmittedTransaction
        let batch: Batch
    }

    private struct State {
        var waiting: [Hash32: Waiting] = [:]
        /// In the order they came; those that were claimed are not in `waiting` any more.
        var order = Fifo<Hash32>()
        /// Frames that are not even decoded.
        var decoding = 0
    }

    /// One piece of work for a thread.
    private static let chunk = 64

    private let mempool: Mempool
    /// Decodes, and checks what is claimed.
    private let lane: WorkerPool
    /// Checks the rest.
    private let workers: WorkerPool
    private let state = Mutex(State())

    package init(mempool: Mempool, lane: WorkerPool, workers: WorkerPool) {
        (self.mempool, self.lane, self.workers) = (mempool, lane, workers)
    }

    /// - Parameter done: called once the whole batch is in or refused, with the identifiers of what was a transaction.
    package func receive(_ transactions: [[UInt8]], done: @escaping @Sendable ([Hash32]) -> Void) {
        state.withLock { $0.decoding += 1 }
        Task {
            let count = try? await lane.run { self.queue(transactions, done) }
            state.withLock { $0.decoding -= 1 }
            guard let count else { return done([]) }
            await withDiscardingTaskGroup { group in
                for _ in 0..<((count + Self.chunk - 1) / Self.chunk) { group.addTask { await self.checkNext() } }
            }
        }
    }

    /// Decodes a batch and puts in line what is new; answers how many.
    private func queue(_ transactions: [[UInt8]], _ done: @escaping @Sendable ([Hash32]) -> Void) -> Int {
        // An honest peer passes on what was valid on its head, which is not always ours: nothing here is a breach of the protocol.
        let decoded = transactions.compactMap { try? SubmittedTransaction(decoding: $0) }
        let identifiers = decoded.map(\.transaction.id)
        let isKnown = mempool.contains(identifiers)
        // One more than is in line, so that it is not done before everything is.
        let batch = Batch(identifiers, open: decoded.count + 1, done: done)
        let count = state.withLock { state in
            var count = 0
            for ((submitted, id), isKnown) in zip(zip(decoded, identifiers), isKnown) where !isKnown && state.waiting[id] == nil {
                state.waiting[id] = Waiting(submitted: submitted, batch: batch)
                state.order.append(id)
                count += 1
            }
            return count
        }
        batch.close(decoded.count + 1 - count)
        return count
    }

    /// Checks the next few of the line.
    private func checkNext() async {
        let checked: Void? = try? await workers.run { _ = self.takeIn(self.next()) }
        // Too much to do: they are left to their sender.
        if checked == nil { for waiting in next() { waiting.batch.close(1) } }
    }

    private func next() -> [Waiting] {
        state.withLock { state in
            var next: [Waiting] = []
            while next.count < Self.chunk, let id = state.order.popFirst() {
                if let waiting = state.waiting.removeValue(forKey: id) { next.append(waiting) }
            }
            return next
        }
    }

    /// Puts those whose signatures are good into the mempool, and answers them.
    private func takeIn(_ part: [Waiting]) -> [SubmittedTransaction] {
        let good = part.map(\.submitted).filter { (try? $0.transaction.verifySignature()) != nil }
        _ = mempool.insert(good)
        for waiting in part { waiting.batch.close(1) }
        return good
    }

    /// Whether transactions have come that nobody has looked at.
    package var isBusy: Bool { state.withLock { $0.decoding > 0 } }

    /// Checks those of `identifiers` that wait here, at once; answers the good ones.
    package func claim(_ identifiers: [Hash32]) async -> [Hash32: SubmittedTransaction] {
        let claimed = state.withLock { state in identifiers.compactMap { state.waiting.removeValue(forKey: $0) } }
        guard !claimed.isEmpty else { return [:] }
        return await withTaskGroup(of: [SubmittedTransaction].self) { group in
            for start in stride(from: 0, to: claimed.count, by: Self.chunk) {
                let part = Array(claimed[start..<min(start + Self.chunk, claimed.count)])
                group.addTask { [lane] in
                    if let checked = try? await lane.run({ self.takeIn(part) }) { return checked }
                    for waiting in part { waiting.batch.close(1) }
                    return []
                }
            }
            var good: [Hash32: SubmittedTransaction] = [:]
            for await part in group { for submitted in part { good[submitted.transaction.id] = submitted } }
            return good
        }
    }
}
