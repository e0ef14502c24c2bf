import ChainTypes
import Primitives

/// Transactions that peers tell of: signatures are checked once, in parallel, off the consensus path; what the mempool has no room for is
/// left to its sender.
final class TransactionInbox: Sendable {
    /// One piece of work for a thread.
    private static let chunk = 64

    private let mempool: Mempool
    private let workers: WorkerPool

    init(mempool: Mempool, workers: WorkerPool) { (self.mempool, self.workers) = (mempool, workers) }

    /// - Parameter done: called once the whole batch is in or refused, with the identifiers of what was a transaction.
    func receive(_ transactions: [[UInt8]], done: @escaping @Sendable ([Hash32]) -> Void) {
        Task { [mempool, workers] in
            let known = await withTaskGroup(of: [Hash32].self) { group in
                for start in stride(from: 0, to: transactions.count, by: Self.chunk) {
                    let part = transactions[start..<min(start + Self.chunk, transactions.count)]
                    group.addTask { (try? await workers.run { part.compactMap { Self.takeIn($0, mempool) } }) ?? [] }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            done(known)
        }
    }

    private static func takeIn(_ bytes: [UInt8], _ mempool: Mempool) -> Hash32? {
        // An honest peer passes on what was valid on its head, which is not always ours: nothing here is a breach of the protocol.
        guard let submitted = try? SubmittedTransaction(decoding: bytes) else { return nil }
        let id = submitted.transaction.id
        if !mempool.contains(id), (try? submitted.transaction.verifySignature()) != nil { try? mempool.insert(submitted) }
        return id
    }
}
