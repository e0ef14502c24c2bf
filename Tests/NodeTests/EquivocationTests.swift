import ChainTypes
import Ledger
import LightClient
import Modules
import Node
import Primitives
import Testing
import WireTypes

@Suite struct `Seven validators of whom two sign twice` {
    @Test func `evidence lands in blocks, their weight goes to zero, and the chain goes on`() async throws {
        let chain = try DoubleSigners(validators: 7, doubled: 2)
        try chain.submit(nonces: 1...40)
        try await chain.run {
            try await wait("no weight for those who sign twice", chain) { instance in
                chain.offenders.allSatisfy { instance.weight($0) == 0 }
            }
            let height = chain.honest.map(\.height).max() ?? 0
            try chain.submit(nonces: 41...60)
            try await wait("twenty blocks more", chain) { $0.height >= height + 20 && $0.mempool.count == 0 }
            try expectConvictions(chain)
            expectOneChain(chain)
        }
    }

    /// Every piece of evidence in the chain convicts one of the offenders, and both are convicted; nobody else lost weight.
    private func expectConvictions(_ chain: DoubleSigners) throws {
        let instance = chain.honest[0]
        var convicted: Set<Hash32> = []
        for bytes in instance.blocks.flatMap(\.evidence) {
            let evidence = try EquivocationRules.decode(bytes)
            let set = try #require(try instance.ledger.trust.validatorSet(evidence.first.epoch))
            convicted.insert(
                try EquivocationRules.offender(
                    evidence, validators: set, profile: chain.genesis.wire.profile, chainID: chain.genesis.chainID))
        }
        #expect(convicted == chain.offenders)
        for validator in chain.honest {
            let trust = validator.ledger.trust
            for key in chain.offenders { #expect(try trust.validator(key)?.status == .jailed) }
            for other in chain.honest {
                #expect(try trust.validator(other.key)?.status == .active && validator.weight(other.key) == 1)
            }
        }
    }

    private func expectOneChain(_ chain: DoubleSigners) {
        let blocks = chain.honest.map(\.blocks)
        let shortest = blocks.map(\.count).min() ?? 0
        #expect(shortest > 20)
        for other in blocks { #expect(other.prefix(shortest).map(\.header.hash) == blocks[0].prefix(shortest).map(\.header.hash)) }
        let ids = blocks[0].flatMap { $0.transactions.map(\.id) }
        #expect(Set(ids).count == ids.count && ids.count == 120)
    }

    private func wait(_ what: String, _ chain: DoubleSigners, until condition: (EngineInstance) -> Bool) async throws {
        for _ in 0..<6_000 {
            if chain.honest.allSatisfy(condition) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(what) did not come about: heights \(chain.honest.map(\.height))")
    }
}
