import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import Synchronization
import Testing
import WireTypes

/// Clients that send transfers through whichever nodes are up, and remember what was acknowledged to them: a receipt under a finality
/// certificate, checked against the genesis alone.
final class Loader: Sendable {
    struct Acknowledged: Sendable {
        let id: Hash32
        let account: Int
        let height: UInt64
    }

    private struct State {
        var acknowledged: [Acknowledged] = []
        /// The newest acknowledged transfer of each account, as it was sent.
        var newest: [Int: SubmittedTransaction] = [:]
        var resubmissions = 0
        var generator: SeededGenerator
        var isStopped = false
    }

    private let genesis: Genesis
    private let nodes: [NodeProcess]
    private let accounts: [SigningKey]
    /// How long a client waits for receipts from one node before it hands the same bytes to another.
    private static let patience = Duration.seconds(5)
    /// After this a transaction counts as stuck.
    private static let limit = Duration.seconds(60)
    private let state: Mutex<State>

    init(_ federation: ProcessFederation, seed: UInt64) {
        (genesis, nodes, accounts) = (federation.genesis, federation.nodes, federation.accounts)
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
    }

    var acknowledged: [Acknowledged] { state.withLock { $0.acknowledged } }
    /// The newest acknowledged transfer of each account, as it was sent.
    var newest: [SubmittedTransaction] { state.withLock { Array($0.newest.values) } }
    var resubmissions: Int { state.withLock { $0.resubmissions } }
    private var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Lets every client finish what it has begun.
    func stop() { state.withLock { $0.isStopped = true } }

    /// Sends until `stop`; each lane sends one transfer of each of its accounts, and waits for all.
    func run(lanes: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes {
                let own = accounts.indices.filter { $0 % lanes == lane }
                group.addTask {
                    var nonce: UInt64 = 1
                    while !self.isStopped {
                        try await self.settle(own, nonce: nonce)
                        nonce += 1
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func randomNode() async -> NodeProcess {
        while true {
            let live = nodes.filter(\.isUp)
            if !live.isEmpty { return live[state.withLock { Int($0.generator.next() % UInt64(live.count)) }] }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// One transfer of each account, until all are acknowledged.
    private func settle(_ accounts: [Int], nonce: UInt64) async throws {
        var open: [Hash32: (account: Int, transaction: SubmittedTransaction)] = [:]
        for account in accounts {
            let transaction = try ProcessFederation.transfer(genesis, from: self.accounts[account], nonce: nonce)
            open[transaction.transaction.id] = (account, transaction)
        }
        let began = ContinuousClock.now
        var attempt = 0
        while !open.isEmpty {
            guard began.duration(to: .now) < Self.limit else {
                throw ProcessFederation.Stuck(what: "\(open.count) transfers found no block within \(Self.limit)")
            }
            if attempt > 0 { state.withLock { $0.resubmissions += open.count } }
            attempt += 1
            let node = await randomNode()
            // What a dying node answers, or does not, changes nothing: the receipt decides.
            _ = try? await node.client.submit(batch: open.values.map(\.transaction))
            try await collect(&open, from: node)
        }
    }

    private func collect(_ open: inout [Hash32: (account: Int, transaction: SubmittedTransaction)], from node: NodeProcess) async throws {
        let deadline = ContinuousClock.now.advanced(by: Self.patience)
        while !open.isEmpty, ContinuousClock.now < deadline, node.isUp {
            try await Task.sleep(for: .milliseconds(40))
            guard let receipts = try? await node.client.receipts(Array(open.keys)) else { continue }
            for id in receipts.keys {
                // The header that proves a receipt comes with the next block.
                guard let (account, transaction) = open[id], let proof = try? await node.client.receiptProof(id) else { continue }
                let receipt = try ReceiptVerifier.verify(proof.encoded(), genesis: genesis).receipt
                #expect(Hash32(receipt.transactionID) == id && receipt.code == 0)
                open[id] = nil
                state.withLock { state in
                    state.acknowledged.append(Acknowledged(id: id, account: account, height: receipt.height))
                    state.newest[account] = transaction
                }
            }
        }
    }
}

/// Watches the heights of the nodes that are up.
final class HeightMonitor: Sendable {
    private struct State {
        var height: UInt64 = 0
        var risen = ContinuousClock.now
        var longest = Duration.zero
        var longestAt: UInt64 = 0
        var isStopped = false

        mutating func note() {
            let waited = risen.duration(to: .now)
            if waited > longest { (longest, longestAt) = (waited, height) }
        }
    }

    private let nodes: [NodeProcess]
    private let state = Mutex(State())

    init(_ nodes: [NodeProcess]) { self.nodes = nodes }

    /// The longest time in which no node that was up had a new block, and the height that was waited at.
    var longest: (time: Duration, height: UInt64) { state.withLock { ($0.longest, $0.longestAt) } }
    var height: UInt64 { state.withLock { $0.height } }

    func stop() { state.withLock { $0.isStopped = true } }

    /// Asks until `stop`. The last wait counts too.
    func run() async {
        state.withLock { $0.risen = .now }
        await withTaskGroup(of: Void.self) { group in
            for node in nodes {
                group.addTask {
                    while !self.state.withLock({ $0.isStopped }) {
                        if node.isUp, let height = await node.height() { self.note(height) }
                        try? await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
        }
        // What was never followed by a block was a wait too.
        state.withLock { $0.note() }
    }

    private func note(_ height: UInt64) {
        state.withLock { state in
            guard height > state.height else { return }
            state.note()
            (state.height, state.risen) = (height, .now)
        }
    }
}
