import ChainTypes
import Cryptography
import Execution
import FoundationEssentials
import LedgerSupport
import LightClient
import Modules
import Primitives
import Testing
import WireTypes

/// Random lives of chains: joining, leaving, weights, evidence, rejoins and missed views in any order.
@Suite struct `Lives of validator sets` {
    static let seeds = Array(UInt64(1)...12)

    /// Executes the next block twice, on the same state, and compares everything.
    private func checkDeterminism(_ trust: TrustChain, _ transactions: [SignedTransaction], _ evidence: [[UInt8]], _ note: Comment) throws {
        let context = BlockContext(try trust.chain.nextHeader(transactions, evidence: evidence))
        let results = try (0..<2).map { _ in
            try trust.chain.executor.execute(
                transactions, evidence: evidence, parent: trust.chain.lastHash, context: context, on: trust.chain.state)
        }
        let writes = results.map { result in Dictionary(uniqueKeysWithValues: result.writes.map { ($0.key, $0.value ?? []) }) }
        #expect(writes[0] == writes[1] && results[0].receipts == results[1].receipts, note)
        #expect(results[0].plan == results[1].plan && results[0].events == results[1].events, note)
    }

    private func action(_ trust: inout TrustChain, _ generator: inout SeededGenerator) throws -> SignedTransaction? {
        let position = Int.random(in: 0..<trust.validators.count, using: &generator)
        guard let actor = trust.weights.filter({ $0.value > 0 }).keys.sorted().randomElement(using: &generator) else { return nil }
        let id = trust.validators[position].node.validator
        switch Int.random(in: 0..<8, using: &generator) {
        case 0:
            let change = try trust.addition(position, weight: UInt64.random(in: 1...20, using: &generator))
            return try trust.sign(trust.proposal { $0.addValidator = change }, by: actor)
        case 1:
            let change = trust.removal(position)
            return try trust.sign(trust.proposal { $0.removeValidator = change }, by: actor)
        case 2:
            let weight = UInt64.random(in: 1...40, using: &generator)
            let proposal = trust.proposal {
                $0.setVotingWeight.validator = id
                $0.setVotingWeight.votingWeight = weight
            }
            return try trust.sign(proposal, by: actor)
        case 3: return try trust.sign(trust.proposal { $0.unjail.validator = id }, by: actor)
        case 4:
            let log = Hash32(generator.next() | 1, 0, 0, 0)
            return try trust.sign(trust.rejoin(position, log: log), by: position)
        default:
            guard let open = try trust.view.openProposals().randomElement(using: &generator), let id = Hash32(open.id) else { return nil }
            return try trust.sign(trust.vote(id, agrees: generator.next() % 8 != 0), by: actor)
        }
    }

    /// Every life under our own engine; some under a simulated CometBFT, which knows one profile.
    static let lives = seeds.map { (seed: $0, consensus: WireConsensusKind.simplex) } + seeds.prefix(4).map { ($0, .cometbft) }

    @Test(arguments: lives) func `keep a voter, change at the ends of epochs only, and are followed by a light client`(
        seed: UInt64, consensus: WireConsensusKind
    ) throws {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...6, using: &generator)
        let weights = (0..<count).map { _ in UInt64.random(in: 1...10, using: &generator) }
        let profile: WireQuorumProfile = seed % 3 == 0 && consensus == .simplex ? .crash : .byzantine
        var trust = try TrustChain(weights: weights, spare: 4, profile: profile, seed: seed) { $0.consensus = consensus }
        var changes = 0
        for step in 0..<220 {
            let note: Comment = "seed \(seed) step \(step)"
            let before = trust.plan
            var transactions: [SignedTransaction] = []
            if generator.next() % 2 == 0, let transaction = try action(&trust, &generator) { transactions.append(transaction) }
            var evidence: [[UInt8]] = []
            if generator.next() % 25 == 0, let guilty = trust.weights.keys.sorted().randomElement(using: &generator) {
                evidence = try trust.chain.admissible([try trust.equivocation(guilty)])
            }
            if step % 10 == 0 { try checkDeterminism(trust, transactions, evidence, note) }
            // The light client accepts the header or this throws.
            try trust.block(transactions, evidence: evidence, skipping: generator.next() % 4 == 0 ? generator.next() % 9 : 0)
            let after = trust.plan
            #expect(after == (try trust.chain.executor.plan(after: trust.chain.height, on: trust.chain.state)), note)
            #expect(after.validators == before.following ?? before.validators, note)
            #expect(after.epoch == before.epoch + (before.closes ? 1 : 0), note)
            #expect(after.validators.totalWeight > 0 && after.following.map { $0.totalWeight > 0 } ?? true, note)
            #expect(trust.client.trusted.validators == after.validators && trust.client.trusted.epoch == after.epoch, note)
            if before.following.map({ $0 != before.validators }) ?? false { changes += 1 }
            for member in after.validators.members {
                let record = try #require(try trust.view.validator(member.key), note)
                #expect(record.votingWeight == member.votingWeight, note)
            }
        }
        #expect(changes > 3, "seed \(seed)")
    }

    @Test(arguments: seeds) func `arrive where governance wants them, when the plan said`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var trust = try TrustChain(weights: [5, 5, 5, 5].dropLast(Int(seed % 4)), spare: 3, seed: seed)
        for position in trust.weights.count..<trust.weights.count + 3 {
            let change = try trust.addition(position, weight: UInt64.random(in: 1...60, using: &generator))
            try trust.decide { $0.addValidator = change }
        }
        let plan = try trust.view.pending()
        for change in plan {
            let epoch = try #require(change.epoch, "seed \(seed)")
            if trust.plan.epoch < epoch {
                try trust.reach(epoch: epoch - 1)
                #expect(try trust.view.validator(change.validator)?.votingWeight != change.to, "seed \(seed)")
            }
            try trust.reach(epoch: epoch)
            #expect(try trust.view.validator(change.validator)?.votingWeight == change.to, "seed \(seed)")
        }
        #expect(try trust.view.pending().isEmpty, "seed \(seed)")
    }
}
