import ChainTypes
import Cryptography
import JupiterClient
import Primitives
import Testing
import WireTypes

/// What must hold once the faults are over.
extension ProcessFederation {
    /// Whoever has the whole history has each acknowledged transaction where the client saw it; on all nodes each account has just those
    /// behind it.
    func expectNothingLost(_ loader: Loader, history: [NodeProcess]) async throws {
        let acknowledged = loader.acknowledged
        let newest = acknowledged.map(\.height).max() ?? 0
        try await wait("the acknowledged height everywhere", for: nodes) { $0 > newest }
        for node in history {
            let receipts = try await node.client.receipts(acknowledged.map(\.id))
            let missing = acknowledged.filter { receipts[$0.id]?.height != $0.height || receipts[$0.id]?.code != 0 }
            #expect(missing.isEmpty, "\(missing.count) lost at \(node.home)")
        }
        try await expectAccounts(loader)
    }

    /// Every account has paid for its acknowledged transfers, once each, and for nothing else.
    private func expectAccounts(_ loader: Loader) async throws {
        let counts = Dictionary(grouping: loader.acknowledged, by: \.account).mapValues { UInt64($0.count) }
        for node in nodes {
            for (position, key) in accounts.enumerated() {
                let account = try await node.client.account(key.address)
                let count = counts[position] ?? 0
                #expect(account.nonce == count && account.balance == Self.balance - count * genesis.parameters.minimumFee)
            }
        }
    }

    /// What was acknowledged is refused when it comes again, everywhere, and changes nothing.
    func expectKnown(_ loader: Loader) async throws {
        for node in nodes {
            let outcomes = try await node.client.submit(batch: loader.newest)
            #expect(outcomes.count == accounts.count && outcomes.allSatisfy { $0.refusal != nil }, "sent again to \(node.home)")
        }
        let height = await tallest()
        try await wait("two blocks more", for: nodes) { $0 >= height + 2 }
        try await expectAccounts(loader)
    }

    /// No node that is up has seen two votes of one validator that contradict each other, and no block holds a proof of such.
    func expectNoEvidence() async throws {
        for node in nodes where node.isUp { #expect(try await node.metrics()["jupiter_equivocations"] == 0, "at \(node.home)") }
        guard let node = nodes.first(where: \.isUp) else { return }
        let validators = try await node.client.validators().validators
        #expect(validators.count == nodes.count && validators.allSatisfy { $0.status != "jailed" && $0.votingWeight == 1 })
    }

    /// All nodes have the same blocks and the same states, as far back as each goes; those of `history` from the first on.
    func expectOneChain(history: [NodeProcess]) async throws {
        var lowest = UInt64.max
        for node in nodes { lowest = min(lowest, try await node.client.status().height) }
        let heights = Set(stride(from: 1, through: lowest, by: 7)).union([lowest]).sorted()
        let expected = await facts(heights, of: history[0])
        for node in nodes {
            let facts = await facts(heights, of: node)
            #expect(facts[lowest] != nil && facts.allSatisfy { expected[$0.key] == $0.value }, "another chain at \(node.home)")
            if history.contains(where: { $0 === node }) { #expect(facts.count == heights.count, "blocks are missing at \(node.home)") }
        }
    }

    /// Hash and state root of the blocks that the node has, those included that are final only as ancestors.
    private func facts(_ heights: [UInt64], of node: NodeProcess) async -> [UInt64: [JSONValue?]] {
        var facts: [UInt64: [JSONValue?]] = [:]
        for height in heights {
            guard let block = try? await node.client.json("/v1/blocks/\(height)") else { continue }
            facts[height] = [block["hash"], block["header"]?["stateRoot"]]
        }
        return facts
    }
}
