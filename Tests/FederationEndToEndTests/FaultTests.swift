import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Node
import Primitives
import Testing
import WireTypes

extension Federations {
    /// Nodes die, are cut off and lose their disks while clients send.
    struct `Faults under load` {
        static let validators = 4
        static let viewTimeout = 1_000

        @Test func `nothing acknowledged is lost, roots agree, and the chain does not halt`() async throws {
            let seed = ProcessInfo.processInfo.environment["JUPITER_TEST_SEED"].flatMap(UInt64.init) ?? 1
            print("seed of the faults: \(seed)")
            let federation = try ProcessFederation(validators: Self.validators, accounts: 40, canBeCut: true) { initialiser in
                initialiser.configuration.viewTimeout = Self.viewTimeout
                initialiser.configuration.blockInterval = 50
                // The wiped node's way leads over the ends of several epochs, to a state that the others would soon remove.
                (initialiser.parameters.epochLength, initialiser.configuration.stateVersions) = (200, 200)
                // Clients may all be waiting for one who died: an idle chain's pace is none of the waits that are measured here.
                initialiser.parameters.idleInterval = 100
            }
            defer { federation.stop() }
            try await federation.start()
            let loader = Loader(federation, seed: seed)
            let monitor = HeightMonitor(federation.nodes)
            var faults = FaultPlan(federation, seed: seed)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await loader.run(lanes: 4) }
                group.addTask { await monitor.run() }
                // Whatever happens here, the two must end, or the group would wait for them for ever.
                defer {
                    monitor.stop()
                    loader.stop()
                }
                try await faults.kill(for: .seconds(30))
                try await faults.cut()
                try await faults.kill(for: .seconds(30))
                try await faults.wipe()
                monitor.stop()
                loader.stop()
                try await group.waitForAll()
            }
            // One leader at most was down at any time.
            let allowed = Duration.milliseconds((1 + 2) * Self.viewTimeout)
            print("faults: \(faults.kills) kills, \(faults.cuts) cuts, \(faults.wiped.count) wiped; blocks: \(monitor.height)")
            print("acknowledged: \(loader.acknowledged.count), sent again: \(loader.resubmissions)")
            print("longest wait for a block: \(monitor.longest.time) at height \(monitor.longest.height), allowed: \(allowed)")
            #expect(faults.kills >= 10 && faults.cuts == 1 && faults.wiped.count == 1)
            #expect(loader.acknowledged.count >= 400)
            #expect(monitor.longest.time <= allowed, "by the clock: the longest wait for a block")

            let history = federation.nodes.filter { node in !faults.wiped.contains { $0 === node } }
            try await federation.expectNothingLost(loader, history: history)
            try await federation.expectOneChain(history: history)
            try await federation.expectKnown(loader)
            try await expectPendingIsNoPromise(federation)
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
            for node in federation.nodes {
                let receipt = try await federation.receipt(id, at: node)
                #expect(receipt.code == 0)
            }
            for node in federation.nodes { #expect(try await node.client.account(key.address).nonce == before + 1) }
        }
    }
}
