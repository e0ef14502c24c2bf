import ChainTypes
import Foundation
import JupiterClient
import WireTypes

/// Four validators as processes of this machine, as an operator would run them: transfers, records, quiet times, and the other profile.
package struct ConsensusBenchmark {
    /// A chain's id is in each of its transactions: this one makes a transfer 250 bytes long.
    private static let chainID = "jupiter-benchmark-of-four-validators-at-once-on-one-machine"
    private static let validators = 4

    private let rounds: Int
    private let quietTransactions: Int
    private let directory: URL
    private let progress: @Sendable (String) -> Void
    private var workload: Workload

    /// - Parameters:
    ///   - senders: accounts that take turns.
    ///   - rounds: transactions of each sender in each load.
    ///   - directory: where the nodes' homes are for the time of the run.
    package init(
        senders: Int = 2_000, rounds: Int = 15, quietTransactions: Int = 400, in directory: URL,
        progress: @escaping @Sendable (String) -> Void
    ) throws {
        (self.rounds, self.quietTransactions, self.directory, self.progress) = (rounds, quietTransactions, directory, progress)
        workload = try Workload(senders: senders)
    }

    package mutating func run() async throws -> ConsensusFigures {
        let loadBefore = ProcessTime.loadAverage
        let (finality, transfers, records) = try await onChain(.byzantine) { benchmark, chain in
            benchmark.progress("consensus: finality with little load")
            let finality = try await benchmark.quiet(chain)
            let transfers = try await benchmark.load(.transfers, on: chain)
            let publication = try benchmark.workload.publication(chainID: Self.chainID)
            try await chain.clients[0].commit(publication)
            return (finality, transfers, try await benchmark.load(.records, on: chain))
        }
        let crash = try await onChain(.crash) { benchmark, chain in try await benchmark.load(.transfers, on: chain) }
        return ConsensusFigures(
            validators: Self.validators, cores: ProcessInfo.processInfo.activeProcessorCount, finality: finality, transfers: transfers,
            records: records, crashProfile: crash, crashToByzantine: crash.ratioToSignatureLimit / transfers.ratioToSignatureLimit,
            loadAverage: [loadBefore, ProcessTime.loadAverage])
    }

    private mutating func onChain<Value>(
        _ profile: WireQuorumProfile, _ work: (inout Self, LocalChain) async throws -> Value
    ) async throws -> Value {
        workload.restart()
        progress("consensus: starting \(Self.validators) validators, \(profile == .crash ? "crash" : "byzantine") profile")
        let chain = try await LocalChain(
            Self.chainID, validators: Self.validators, profile: profile, accounts: workload.accounts,
            in: directory.appendingPathComponent(profile == .crash ? "crash" : "byzantine"))
        defer { chain.stop() }
        return try await work(&self, chain)
    }

    private mutating func load(_ kind: Workload.Kind, on chain: LocalChain) async throws -> LoadFigures {
        progress("consensus: signing \(kind)")
        // The first round makes accounts, caches and connections warm.
        let warm = try workload.make(kind, rounds: 1, chainID: Self.chainID)
        let transactions = try workload.make(kind, rounds: rounds, chainID: Self.chainID)
        _ = try await LoadRun(chain: chain, transactions: warm).run()
        progress("consensus: \(transactions.count) \(kind)")
        let sample = transactions.prefix(2_000).map(\.transaction)
        let before = try await SignatureLimit.measure(sample)
        let outcome = try await LoadRun(chain: chain, transactions: transactions).run()
        let limit = SignatureLimit.mean(before, try await SignatureLimit.measure(sample))
        let count = Double(transactions.count)
        return LoadFigures(
            transactions: transactions.count,
            transactionBytes: transactions[0].transaction.bytes.count + transactions[0].sidecars.reduce(0) { $0 + $1.count },
            blocks: outcome.blocks, committedPerSecond: count / outcome.seconds,
            ratioToSignatureLimit: count / outcome.seconds * Double(Self.validators) / limit.verificationsPerSecond,
            cpuMilliseconds: outcome.nodeCPU / count * 1e3,
            cpuAimMilliseconds: 1.67 * Double(Self.validators) * limit.cpuMicroseconds / 1e3,
            loaderCPUMilliseconds: outcome.loaderCPU / count * 1e3, wireBytesPerTransaction: outcome.wireBytes / count, limit: limit)
    }

    /// One transaction at a time, to each node in turn.
    private mutating func quiet(_ chain: LocalChain) async throws -> FinalityFigures {
        for number in 0..<quietTransactions {
            let transaction = try workload.one(.transfers, sender: number % chain.clients.count, chainID: Self.chainID)
            _ = try await chain.clients[number % chain.clients.count].submit(transaction)
            try await Task.sleep(for: .milliseconds(25))
        }
        let numbers = try await chain.numbers
        let medians = try numbers.map { try $0.required(NodeNumbers.median) }.sorted()
        return FinalityFigures(
            blocks: Int(try numbers.reduce(0) { try $0 + $1.required(NodeNumbers.finalised) }),
            medianMilliseconds: medians[medians.count / 2] * 1e3,
            p99Milliseconds: try numbers.map { try $0.required(NodeNumbers.p99) }.max().map { $0 * 1e3 } ?? 0)
    }
}
