import ChainTypes
import Primitives

/// The way into the mempool: decodes and checks signatures in parallel, off the engine's path.
package struct TransactionIntake: Sendable {
    /// What became of one submitted transaction.
    package struct Outcome: Sendable {
        /// `nil` when the bytes were not a transaction.
        package let id: Hash32?
        package let error: (any CodedError)?
    }

    /// One piece of work for a thread: enough to be worth a switch, little enough to spread over the cores.
    private static let chunk = 32

    private let mempool: Mempool
    private let workers: WorkerPool
    /// Tells the peers of what was taken in.
    private let announce: @Sendable (SubmittedTransaction) -> Void

    package init(mempool: Mempool, workers: WorkerPool, announce: @escaping @Sendable (SubmittedTransaction) -> Void = { _ in }) {
        (self.mempool, self.workers, self.announce) = (mempool, workers, announce)
    }

    /// Takes in encoded transactions with their sidecars; outcomes are in the order of the transactions.
    ///
    /// - Throws: `mempoolFull` when not even their turn to be checked can be waited for.
    package func submit(_ transactions: [[UInt8]]) async throws -> [Outcome] {
        if transactions.count <= Self.chunk { return try await workers.run { transactions.map(self.takeIn) } }
        let starts = stride(from: 0, to: transactions.count, by: Self.chunk)
        return try await withThrowingTaskGroup(of: (Int, [Outcome]).self) { group in
            for start in starts {
                let part = transactions[start..<min(start + Self.chunk, transactions.count)]
                group.addTask { (start, try await self.workers.run { part.map(self.takeIn) }) }
            }
            var parts: [Int: [Outcome]] = [:]
            for try await (start, outcomes) in group { parts[start] = outcomes }
            return starts.flatMap { parts[$0] ?? [] }
        }
    }

    /// Takes in a transaction that this node made.
    package func submit(_ submitted: SubmittedTransaction) async throws {
        if let error = try await workers.run({ self.verify(submitted) }).error { throw error }
    }

    /// Tells the peers once more of a transaction that still waits; whether it does.
    func tellAgain(_ id: Hash32) -> Bool {
        guard let submitted = mempool.submitted(id) else { return false }
        announce(submitted)
        return true
    }

    private func takeIn(_ bytes: [UInt8]) -> Outcome {
        do {
            return verify(try SubmittedTransaction(decoding: bytes))
        } catch {
            return Outcome(id: nil, error: error)
        }
    }

    private func verify(_ submitted: SubmittedTransaction) -> Outcome {
        let id = submitted.transaction.id
        do {
            // Before the expensive check: the same transaction again costs nothing.
            guard !mempool.contains(id) else { throw TransactionError.alreadyKnown }
            try submitted.transaction.verifySignature()
            try mempool.insert(submitted)
            announce(submitted)
            return Outcome(id: id, error: nil)
        } catch let error as any CodedError {
            return Outcome(id: id, error: error)
        } catch {
            return Outcome(id: id, error: NodeError.damagedChain("state"))
        }
    }
}
