import ChainTypes
import Primitives

/// Decodes and checks transactions of proposals in parallel; what the mempool has was checked before.
struct ProposalSignatures: Sendable {
    /// One piece of work for a thread.
    private static let chunk = 64

    let mempool: Mempool
    let workers: WorkerPool

    /// The transactions at their positions; `nil` when one of them is not a transaction or its signature is not good.
    func check(_ encoded: [(Int, [UInt8])]) async -> [(Int, SubmittedTransaction)]? {
        guard !encoded.isEmpty else { return [] }
        return await withTaskGroup(of: [(Int, SubmittedTransaction)]?.self) { group in
            for start in stride(from: 0, to: encoded.count, by: Self.chunk) {
                let part = encoded[start..<min(start + Self.chunk, encoded.count)]
                group.addTask { (try? await workers.run { check(part) }) ?? nil }
            }
            var all: [(Int, SubmittedTransaction)] = []
            for await part in group {
                guard let part else { return nil }
                all += part
            }
            return all
        }
    }

    private func check(_ part: ArraySlice<(Int, [UInt8])>) -> [(Int, SubmittedTransaction)]? {
        var checked: [(Int, SubmittedTransaction)] = []
        checked.reserveCapacity(part.count)
        for (position, bytes) in part {
            guard let submitted = try? SubmittedTransaction(decoding: bytes) else { return nil }
            if let known = mempool.submitted(submitted.transaction.id), known.transaction.bytes == submitted.transaction.bytes {
                checked.append((position, known))
            } else {
                guard (try? submitted.transaction.verifySignature()) != nil else { return nil }
                checked.append((position, submitted))
            }
        }
        return checked
    }
}
