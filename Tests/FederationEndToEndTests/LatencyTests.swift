import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Node
import Primitives
import Testing
import WireTypes

extension Federations {
    /// What a line of 50 ms each way costs, and what a dead leader does.
    struct `Time between far nodes` {
        /// One way, in milliseconds.
        static let delay = 50
        static let viewTimeout = 500

        private func federation(
            _ validators: Int, accounts: Int = 8, blockTransactions: UInt32? = nil
        ) throws -> ProcessFederation {
            try ProcessFederation(
                validators: validators, accounts: accounts, environment: ["JUPITER_TEST_PEER_DELAY": "\(Self.delay)"]
            ) { initialiser in
                initialiser.configuration.blockInterval = 1
                initialiser.configuration.viewTimeout = Self.viewTimeout
                if let blockTransactions { initialiser.parameters.maximumBlockTransactions = blockTransactions }
            }
        }

        @Test func `finality takes three delays and a block two`() async throws {
            let federation = try federation(4)
            defer { federation.stop() }
            try await federation.start()
            let from = await federation.tallest()
            try await Trickle(federation).run(for: .seconds(8))
            let to = await federation.tallest() - 1
            let times = try await federation.headers(from...to, of: federation.nodes[0]).map(\.time)
            let interval = BlockTimes(times).median
            var medians: [Double] = []
            for node in federation.nodes {
                let metrics = try await node.metrics()
                #expect(metrics["jupiter_finality_seconds_count"] ?? 0 >= 10)
                medians.append(try #require(metrics["jupiter_finality_seconds{quantile=\"0.5\"}"]) * 1000)
            }
            let finality = medians.sorted()[medians.count / 2]
            print("one-way delay \(Self.delay) ms: finality \(medians.map { $0.rounded() }) ms by leader; blocks every \(interval) ms")
            #expect(finality <= 3.3 * Double(Self.delay), "by the clock: finality")
            #expect(interval <= 2.3 * Double(Self.delay), "by the clock: blocks")
        }

        @Test func `a dead leader costs one timeout`() async throws {
            let federation = try federation(4)
            defer { federation.stop() }
            try await federation.start()
            let trickle = Trickle(federation)
            try await trickle.run(for: .seconds(2))
            let from = await federation.tallest()
            federation.nodes[3].kill()
            try await trickle.run(for: .seconds(8))
            let to = await federation.tallest() - 1
            let blocks = BlockTimes(try await federation.headers(from...to, of: federation.nodes[0]).map(\.time))
            print("one of four dead: gaps of \(blocks.longest(3)) ms at most, \(blocks.median) ms in the middle")
            #expect(blocks.longest(1)[0] <= UInt64(Self.viewTimeout + 6 * Self.delay), "by the clock: the dead leader's view")
            #expect(blocks.longest(2)[1] < UInt64(Self.viewTimeout), "by the clock: a second timeout")
            #expect(blocks.count >= 30)
        }

        @Test func `five validators with one dead keep three quarters of their throughput`() async throws {
            // Full blocks of a few transactions: the rate of transactions is the rate of blocks, whatever this machine's processors do.
            let federation = try federation(5, accounts: 20, blockTransactions: 10)
            defer { federation.stop() }
            try await federation.start()
            for account in federation.accounts {
                let transactions = try (1...300).map {
                    try ProcessFederation.transfer(federation.genesis, from: account, nonce: $0)
                }
                let outcomes = try await federation.nodes[0].client.submit(batch: transactions)
                #expect(outcomes.allSatisfy { $0.refusal == nil })
            }
            let healthy = try await rate(federation)
            federation.nodes[4].kill()
            let wounded = try await rate(federation)
            print("five validators: \(healthy.rounded()) tx/s; with one killed: \(wounded.rounded()) tx/s")
            #expect(try await federation.nodes[0].metrics()["jupiter_mempool_transactions"] ?? 0 > 0)
            #expect(wounded >= 0.75 * healthy)
        }

        /// Transactions committed in a second, over eight.
        private func rate(_ federation: ProcessFederation) async throws -> Double {
            let name = "jupiter_transactions_total{outcome=\"succeeded\"}"
            let node = federation.nodes[0]
            let (began, before) = (ContinuousClock.now, try await node.metrics()[name] ?? 0)
            try await Task.sleep(for: .seconds(8))
            let after = try await node.metrics()[name] ?? 0
            return (after - before) / (began.duration(to: .now) / .seconds(1))
        }
    }
}

/// A light load: single transfers, one after the other, so that there is always something for a block.
final class Trickle {
    private let federation: ProcessFederation
    private var sent = 0

    init(_ federation: ProcessFederation) { self.federation = federation }

    /// One transfer every 20 ms, through the nodes that are up in turn.
    func run(for duration: Duration) async throws {
        let end = ContinuousClock.now.advanced(by: duration)
        while ContinuousClock.now < end {
            let live = federation.nodes.filter(\.isUp)
            let account = federation.accounts[sent % federation.accounts.count]
            let nonce = UInt64(sent / federation.accounts.count + 1)
            let transaction = try ProcessFederation.transfer(federation.genesis, from: account, nonce: nonce)
            _ = try await live[sent % live.count].client.submit(transaction)
            sent += 1
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// The times between blocks that follow each other, in milliseconds.
struct BlockTimes {
    private let gaps: [UInt64]

    init(_ times: [UInt64]) { gaps = zip(times, times.dropFirst()).map { $1 - $0 }.sorted() }

    var count: Int { gaps.count }
    var median: Double { gaps.isEmpty ? .infinity : Double(gaps[gaps.count / 2]) }
    /// The longest ones, the longest first.
    func longest(_ count: Int) -> [UInt64] { gaps.suffix(count).reversed() }
}
