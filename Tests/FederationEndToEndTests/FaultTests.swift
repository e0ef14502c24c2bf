import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Node
import Primitives
import Testing

extension Federations {
    /// Nodes die and stand still while clients send.
    struct `Faults under load` {
        static let validators = 4
        static let viewTimeout = 1_000
        static let duration = Duration.seconds(40)

        @Test func `nothing acknowledged is lost, roots agree, and the chain does not halt`() async throws {
            let seed = ProcessInfo.processInfo.environment["JUPITER_TEST_SEED"].flatMap(UInt64.init) ?? 1
            print("seed of the faults: \(seed)")
            let federation = try ProcessFederation(validators: Self.validators, accounts: 40) { initialiser in
                initialiser.configuration.viewTimeout = Self.viewTimeout
                // A victim catches up from its peers' votes alone, which reaches back sixteen blocks.
                initialiser.configuration.blockInterval = 400
            }
            defer { federation.stop() }
            try await federation.start()
            let loader = Loader(federation, seed: seed)
            let monitor = HeightMonitor(federation.nodes)
            var faults = FaultPlan(seed: seed)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await loader.run(lanes: 4) }
                group.addTask { await monitor.run() }
                // Whatever happens here, the two must end, or the group would wait for them for ever.
                defer {
                    monitor.stop()
                    loader.stop()
                }
                try await faults.run(federation, for: Self.duration)
                monitor.stop()
                loader.stop()
                try await group.waitForAll()
            }
            print("faults: \(faults.kills) kills, \(faults.freezes) cuts; acknowledged: \(loader.acknowledged.count)")
            print("sent again: \(loader.resubmissions); blocks: \(monitor.height); longest wait for a block: \(monitor.longest)")
            #expect(faults.kills >= 4 && faults.freezes >= 1)
            #expect(loader.acknowledged.count >= 400)
            // One leader at most was down at any time.
            #expect(monitor.longest.time <= .milliseconds((1 + 2) * Self.viewTimeout))

            try await expectNothingLost(loader, federation)
            try await expectOneChain(federation)
            try await expectPendingIsNoPromise(federation)
        }

        /// Every node has each acknowledged transaction where the client saw it, and each account has just those behind it.
        private func expectNothingLost(_ loader: Loader, _ federation: ProcessFederation) async throws {
            let acknowledged = loader.acknowledged
            let newest = acknowledged.map(\.height).max() ?? 0
            try await federation.wait("the acknowledged height everywhere", for: federation.nodes) { $0 > newest }
            let counts = Dictionary(grouping: acknowledged, by: \.account).mapValues { UInt64($0.count) }
            for node in federation.nodes {
                let receipts = try await node.client.receipts(acknowledged.map(\.id))
                let missing = acknowledged.filter { receipts[$0.id]?.height != $0.height || receipts[$0.id]?.code != 0 }
                #expect(missing.isEmpty, "\(missing.count) lost at \(node.home)")
                for (account, key) in federation.accounts.enumerated() {
                    #expect(try await node.client.account(key.address).nonce == counts[account])
                }
            }
        }

        private func expectOneChain(_ federation: ProcessFederation) async throws {
            var lowest = UInt64.max
            for node in federation.nodes { lowest = min(lowest, try await node.client.status().height) }
            let heights = Set(stride(from: 1, through: lowest, by: 7)).union([lowest]).sorted()
            let expected = try await federation.facts(heights, of: federation.nodes[0])
            #expect(expected.allSatisfy { !$0.contains(nil) })
            for node in federation.nodes.dropFirst() {
                let facts = try await federation.facts(heights, of: node)
                #expect(facts == expected)
            }
        }

        /// What only a mempool held is lost with it, shows as such, and can be sent again as it is.
        private func expectPendingIsNoPromise(_ federation: ProcessFederation) async throws {
            let key = federation.accounts[0]
            let nonce = try await federation.nodes[0].client.account(key.address).nonce
            let alone = federation.nodes[0]
            for node in federation.nodes.dropFirst() { node.kill() }
            let transaction = try ProcessFederation.transfer(federation.genesis, from: key, nonce: nonce + 1)
            let id = try await alone.client.submit(transaction)
            #expect(try await alone.client.transaction(id).status == "pending")
            alone.kill()
            for node in federation.nodes { try node.start() }
            let before = nonce
            try await federation.wait("a block after all were killed", for: federation.nodes) { $0 > 0 }
            for node in federation.nodes { #expect(try await node.client.transaction(id).status == "unknown") }
            // Twice, to two nodes: the same bytes count once.
            for node in federation.nodes.prefix(2) { _ = try? await node.client.submit(transaction) }
            let receipt = try await federation.nodes[3].client.receipt(id)
            #expect(receipt.code == 0)
            try await federation.wait("the block everywhere", for: federation.nodes) { $0 > receipt.height }
            for node in federation.nodes { #expect(try await node.client.account(key.address).nonce == before + 1) }
        }
    }
}

/// What happens to the nodes, one at a time.
struct FaultPlan {
    private var generator: SeededGenerator
    private(set) var kills = 0
    private(set) var freezes = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed ^ 0xfa17) }

    private mutating func random(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + generator.next() % (range.upperBound - range.lowerBound + 1)
    }

    /// Kills and cuts off random nodes until `duration` is over; the next fault waits until the last victim votes again.
    mutating func run(_ federation: ProcessFederation, for duration: Duration) async throws {
        let end = ContinuousClock.now.advanced(by: duration)
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(Int(random(500...1_500))))
            let victim = federation.nodes[Int(random(0...UInt64(federation.nodes.count - 1)))]
            let pause = Duration.milliseconds(Int(random(200...2_500)))
            if (kills + freezes) % 4 == 2 {
                freezes += 1
                victim.freeze()
                try await Task.sleep(for: pause)
                victim.thaw()
            } else {
                kills += 1
                victim.kill()
                try await Task.sleep(for: pause)
                try victim.start()
            }
            let target = await federation.tallest()
            try await federation.wait("the victim's return", for: [victim]) { $0 >= target }
            try await waitUntilVoting(victim)
        }
    }

    private func waitUntilVoting(_ node: NodeProcess) async throws {
        for _ in 0..<300 {
            if try await node.metrics()["jupiter_votes"] == 1 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ProcessFederation.Stuck(what: "\(node.home) does not vote again")
    }
}
