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
    private let announce: @Sendable ([SubmittedTransaction]) -> Void
    private let signatures: RecentSignatures
    /// Where another engine takes transactions in; it asks this node about each, and so fills the mempool.
    private let forward: (@Sendable (SubmittedTransaction) async throws -> Void)?

    package init(mempool: Mempool, workers: WorkerPool, announce: @escaping @Sendable ([SubmittedTransaction]) -> Void = { _ in }) {
        (self.mempool, self.workers, self.announce, forward) = (mempool, workers, announce, nil)
        signatures = RecentSignatures()
    }

    /// The way in of a node whose engine has a mempool of its own.
    init(
        mempool: Mempool, workers: WorkerPool, signatures: RecentSignatures,
        forward: @escaping @Sendable (SubmittedTransaction) async throws -> Void
    ) {
        (self.mempool, self.workers, announce) = (mempool, workers, { _ in })
        (self.signatures, self.forward) = (signatures, forward)
    }

    /// Takes in encoded transactions with their sidecars; outcomes are in the order of the transactions.
    ///
    /// - Throws: `mempoolFull` when not even their turn to be checked can be waited for.
    package func submit(_ transactions: [[UInt8]]) async throws -> [Outcome] {
        if let forward { return try await submit(transactions, to: forward) }
        if transactions.count <= Self.chunk { return try await workers.run { self.takeIn(transactions) } }
        let starts = stride(from: 0, to: transactions.count, by: Self.chunk)
        return try await withThrowingTaskGroup(of: (Int, [Outcome]).self) { group in
            for start in starts {
                let part = Array(transactions[start..<min(start + Self.chunk, transactions.count)])
                group.addTask { (start, try await self.workers.run { self.takeIn(part) }) }
            }
            var parts: [Int: [Outcome]] = [:]
            for try await (start, outcomes) in group { parts[start] = outcomes }
            return starts.flatMap { parts[$0] ?? [] }
        }
    }

    /// Each transaction of its own: the engine beside decides about it.
    private func submit(
        _ transactions: [[UInt8]], to forward: @escaping @Sendable (SubmittedTransaction) async throws -> Void
    ) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            for (position, bytes) in transactions.enumerated() {
                group.addTask {
                    let checked = try await self.workers.run { Result { try self.check(bytes) } }
                    let submitted: SubmittedTransaction
                    switch checked {
                    case .success(let good): submitted = good
                    case .failure(let error): return (position, Outcome(id: nil, error: Self.coded(error)))
                    }
                    do { try await forward(submitted) } catch {
                        return (position, Outcome(id: submitted.transaction.id, error: Self.coded(error)))
                    }
                    return (position, Outcome(id: submitted.transaction.id, error: nil))
                }
            }
            var outcomes = [Outcome](repeating: Outcome(id: nil, error: nil), count: transactions.count)
            for try await (position, outcome) in group { outcomes[position] = outcome }
            return outcomes
        }
    }

    /// What can be refused without asking anybody.
    private func check(_ bytes: [UInt8]) throws(TransactionError) -> SubmittedTransaction {
        let submitted = try SubmittedTransaction(decoding: bytes)
        guard !mempool.contains(submitted.transaction.id) else { throw .alreadyKnown }
        try signatures.check(submitted.transaction)
        return submitted
    }

    private static func coded(_ error: any Error) -> any CodedError {
        error as? any CodedError ?? NodeError.damagedChain("state")
    }

    /// Takes in a transaction that this node made.
    package func submit(_ submitted: SubmittedTransaction) async throws {
        if let forward { return try await forward(submitted) }
        if let error = try await workers.run({ self.verify([.success(submitted)])[0].error }) { throw error }
    }

    /// Tells the peers once more of a transaction that still waits; whether it does.
    func tellAgain(_ id: Hash32) -> Bool {
        guard let submitted = mempool.submitted(id) else { return false }
        announce([submitted])
        return true
    }

    private func takeIn(_ part: [[UInt8]]) -> [Outcome] {
        verify(part.map { bytes in Result { () throws(TransactionError) in try SubmittedTransaction(decoding: bytes) } })
    }

    private func verify(_ part: [Result<SubmittedTransaction, TransactionError>]) -> [Outcome] {
        var outcomes = part.map { decoded in
            switch decoded {
            case .success(let submitted): Outcome(id: submitted.transaction.id, error: nil)
            case .failure(let error): Outcome(id: nil, error: error)
            }
        }
        var good: [(position: Int, submitted: SubmittedTransaction)] = []
        for (position, decoded) in part.enumerated() {
            guard case .success(let submitted) = decoded else { continue }
            do throws(TransactionError) {
                // Before the expensive check: the same transaction again costs nothing.
                guard !mempool.contains(submitted.transaction.id) else { throw .alreadyKnown }
                try submitted.transaction.verifySignature()
                good.append((position, submitted))
            } catch {
                outcomes[position] = Outcome(id: submitted.transaction.id, error: error)
            }
        }
        let errors = mempool.insert(good.map(\.submitted))
        for ((position, submitted), error) in zip(good, errors) {
            guard let error else { continue }
            outcomes[position] = Outcome(id: submitted.transaction.id, error: error as? any CodedError ?? NodeError.damagedChain("state"))
        }
        announce(zip(good, errors).compactMap { $1 == nil ? $0.submitted : nil })
        return outcomes
    }
}
