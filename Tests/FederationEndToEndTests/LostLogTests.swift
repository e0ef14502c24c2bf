import ChainTypes
import Foundation
import JupiterClient
import Node
import Primitives
import Testing

extension Federations {
    /// A validator whose memory of its votes is gone, and nothing else.
    struct `A lost log of votes` {
        @Test func `keeps a validator from voting until the chain has heard of the new one`() async throws {
            let federation = try ProcessFederation(validators: 4, accounts: 8)
            defer { federation.stop() }
            try await federation.start()
            let victim = federation.nodes[2]
            let loader = Loader(federation, seed: 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await loader.run(lanes: 2) }
                defer { loader.stop() }
                try await federation.wait("a vote of everybody", for: federation.nodes) { $0 >= 10 }
                victim.kill()
                try victim.wipe(.log)
                try victim.start()
                try await expectRejoin(federation, victim, key: federation.members[2].validator)
                // Its new log holds: it votes at once after a crash, and the chain stands on its vote.
                victim.kill()
                try victim.start()
                try await federation.waitForReturn(of: victim)
                federation.nodes[0].kill()
                let height = await federation.tallest()
                try await federation.wait("five blocks more", for: Array(federation.nodes.dropFirst())) { $0 >= height + 5 }
                try federation.nodes[0].start()
                try await federation.waitForReturn(of: federation.nodes[0])
                loader.stop()
                try await group.waitForAll()
            }
            try await federation.expectNothingLost(loader, history: federation.nodes)
            try await federation.expectOneChain(history: federation.nodes)
            try await federation.expectNoEvidence()
        }

        /// Watches the node from its start until it votes, by what it says itself.
        private func expectRejoin(_ federation: ProcessFederation, _ node: NodeProcess, key: Hash32) async throws {
            try await federation.wait("the node's return", for: [node]) { $0 > 0 }
            let first = try await node.client.status()
            #expect(first.consensus?.votes == false && first.consensus?.validator == "\(key)")
            #expect(try node.statusText().contains("follows; its validator is"))
            var last = first
            for _ in 0..<2_400 where last.consensus?.votes != true {
                let metrics = try await node.metrics()
                last = try await node.client.status()
                guard last.consensus?.votes == false else { break }
                let votes = ["notarise", "nullify", "finalise"].compactMap { metrics["jupiter_votes_\($0)"] }
                #expect(votes == [0, 0, 0])
                try await Task.sleep(for: .milliseconds(50))
            }
            let validator = try #require(try await node.client.validators().validators.first { $0.key == "\(key)" })
            #expect(last.consensus?.votes == true, "does not vote again: \(node.logTail)")
            #expect(validator.votesFrom > first.epoch && last.epoch >= validator.votesFrom && validator.votingWeight == 1)
            #expect(try node.statusText().contains("votes as"))
            print("a lost log: silent from height \(first.height) in epoch \(first.epoch), votes at \(last.height) in epoch \(last.epoch)")
        }
    }
}
