import ChainTypes
import Cryptography
import Primitives
import Testing
import WireTypes

@Suite struct `A genesis of a chain that CometBFT runs` {
    private func genesis(keys: [Hash32]? = nil, _ adjust: (inout WireGenesis) -> Void = { _ in }) throws -> Genesis {
        var generator = SeededGenerator(seed: 12)
        let keys = try keys ?? (0..<3).map { _ in try key(&generator) }
        let set = try ValidatorSet(keys.map { .init(key: $0, votingWeight: 2, leaderWeight: 1) })
        var wire = try Samples.wireGenesis()
        wire.validators = try WireValidatorSet(strictly: set.bytes, limit: Limits.validatorSet)
        wire.nodes = []
        (wire.consensus, wire.profile) = (.cometbft, .byzantine)
        adjust(&wire)
        return try Genesis(encoding: wire)
    }

    private func key(_ generator: inout SeededGenerator) throws -> Hash32 {
        try #require(Hash32(SigningKey.ed25519(seed: generator.bytes(32)).verificationKey.bytes))
    }

    @Test func `says so, and a genesis says nothing else unless asked`() throws {
        #expect(try genesis().consensus == .cometbft)
        #expect(try Genesis(encoding: Samples.wireGenesis()).consensus == .simplex)
        #expect(try genesis().hash != genesis { $0.consensus = .simplex }.hash)
    }

    @Test func `has a profile, a name and epochs that CometBFT can keep`() throws {
        let wrong: [(inout WireGenesis) -> Void] = [
            { $0.profile = .crash }, { $0.chainID = String(repeating: "c", count: 51) }, { $0.parameters.epochMinimum = 1 },
            { $0.consensus = .UNRECOGNIZED(2) },
        ]
        for (index, change) in wrong.enumerated() {
            #expect(throws: BlockError.invalidGenesis, "change \(index)") { try genesis(change) }
        }
        #expect(throws: Never.self) { try genesis { $0.chainID = String(repeating: "c", count: 50) } }
        #expect(throws: Never.self) {
            try genesis { ($0.chainID, $0.consensus) = (String(repeating: "c", count: 51), .simplex) }
        }
    }

    @Test func `weighs no more than CometBFT's bound, as every set does`() {
        #expect(UInt64(Limits.validators) << 50 <= Genesis.cometTotalPower)
        #expect(Genesis.cometTotalPower == (1 << 60) - 1)
    }

    /// Points of order 1, 2 and 8, the identity once more with y above the field's prime, and bytes that are no point.
    private static let refused = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0200000000000000000000000000000000000000000000000000000000000000",
    ]

    @Test(arguments: refused) func `has no key that libsodium refuses`(hex: String) throws {
        let bad = try #require(Hash32(hex: hex))
        #expect(!VerificationKey.ed25519(bad).isUsable)
        var generator = SeededGenerator(seed: 13)
        let good = try key(&generator)
        #expect(VerificationKey.ed25519(good).isUsable)
        #expect(throws: BlockError.invalidGenesis) { try genesis(keys: [good, bad]) }
        #expect(throws: Never.self) { try genesis(keys: [good]) }
    }
}
