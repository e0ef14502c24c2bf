import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import Synchronization

/// Submits a load to all nodes of a chain and waits until all of them have committed it.
struct LoadRun {
    /// How many submitted transactions may wait at a time: enough for full blocks, and below the bound of the mempool.
    private static let window = 30_000
    private static let batch = 250

    let chain: LocalChain
    let transactions: [SubmittedTransaction]

    struct Outcome {
        var seconds: Double
        var nodeCPU: Double
        var loaderCPU: Double
        var wireBytes: Double
        var blocks: Int
    }

    /// How far the load is, for those that submit and the one that follows.
    private final class Counts: Sendable {
        let submitted = Atomic<Int>(0)
        let committed = Atomic<Int>(0)
    }

    func run() async throws -> Outcome {
        let parts = parts()
        let before = try await chain.numbers
        let (startCPU, startLoader) = (try chain.cpuSeconds, ProcessTime.ofThisProcess)
        let start = ContinuousClock.now
        let counts = Counts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (client, batches) in zip(chain.clients, parts) {
                group.addTask {
                    for batch in batches {
                        while counts.submitted.load(ordering: .relaxed) - counts.committed.load(ordering: .relaxed) > Self.window {
                            try await Task.sleep(for: .milliseconds(5))
                        }
                        counts.submitted.add(batch.count, ordering: .relaxed)
                        for outcome in try await client.submit(batch: batch) {
                            if let refusal = outcome.refusal { throw ConsensusBenchmarkError.refused(refusal.reason) }
                        }
                    }
                }
            }
            group.addTask { try await follow(from: before) { counts.committed.store($0, ordering: .relaxed) } }
            // The first that fails ends the others.
            for try await _ in group {}
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let (endCPU, endLoader) = (try chain.cpuSeconds, ProcessTime.ofThisProcess)
        let after = try await chain.numbers
        guard try zip(before, after).allSatisfy({ try $0.required(NodeNumbers.refused) == $1.required(NodeNumbers.refused) }) else {
            throw ConsensusBenchmarkError.refused("a receipt says so")
        }
        func rise(_ name: String) throws -> [Double] { try zip(before, after).map { try $1.required(name) - $0.required(name) } }
        return Outcome(
            seconds: seconds, nodeCPU: endCPU - startCPU, loaderCPU: endLoader - startLoader,
            wireBytes: try rise(NodeNumbers.sent).reduce(0, +), blocks: Int(try rise(NodeNumbers.height).max() ?? 0))
    }

    /// Batches for each node; a sender's transactions all go to the same one, in order.
    private func parts() -> [[[SubmittedTransaction]]] {
        let count = chain.clients.count
        var lists = [[SubmittedTransaction]](repeating: [], count: count)
        for transaction in transactions {
            lists[Int(transaction.transaction.sender.hash.w0 % UInt64(count))].append(transaction)
        }
        return lists.map { list in
            stride(from: 0, to: list.count, by: Self.batch).map { Array(list[$0..<min($0 + Self.batch, list.count)]) }
        }
    }

    /// Asks one node now and then, then all, until everything is committed everywhere.
    private func follow(from before: [NodeNumbers], tell: (Int) -> Void) async throws {
        var (most, silent) = (0, 0)
        for position in chain.clients.indices {
            while true {
                let now = try await NodeNumbers(chain.clients[position]).required(NodeNumbers.succeeded)
                let committed = Int(try now - before[position].required(NodeNumbers.succeeded))
                (most, silent) = committed > most ? (committed, 0) : (most, silent + 1)
                tell(most)
                if committed >= transactions.count { break }
                guard silent < 1_200 else { throw ConsensusBenchmarkError.stalled(committed: committed, of: transactions.count) }
                if silent % 20 == 19 { try chain.checkRunning() }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
