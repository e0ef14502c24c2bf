import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import Testing
import WireTypes

@Suite struct `The chain that a home trusts` {
    private func genesis(_ time: UInt64, chainID: String = "jupiter-sg") throws -> Genesis {
        let validator = SigningKey.ed25519()
        guard case .ed25519(let key) = validator.verificationKey else { throw ClientError.malformedWallet }
        var wire = WireGenesis()
        (wire.version, wire.chainID, wire.time) = (Genesis.version, chainID, time)
        (wire.profile, wire.consensus) = (.byzantine, .simplex)
        let validators = try ValidatorSet([ValidatorSet.Member(key: key, votingWeight: 1, leaderWeight: 1)])
        wire.validators = try WireValidatorSet(strictly: validators.bytes, limit: Limits.validatorSet)
        wire.operator = .init(validator.address.bytes)
        wire.parameters = Genesis.defaultParameters
        return try Genesis(encoding: wire)
    }

    private func inHome(_ body: (String) throws -> Void) throws {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("jupiter-pin-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: home) }
        try body(home)
    }

    @Test func `is the first of its name, and no other one after it`() throws {
        let (first, second) = (try genesis(1_800_000_000_000), try genesis(1_800_000_000_001))
        try inHome { home in
            let pin = try ChainPin(first, home: home)
            #expect(pin.isNew && pin.chain.height == 0)
            // Nothing is trusted before something was proven under it.
            #expect(try ChainPin(second, home: home).isNew)
            try pin.save(TrustedChain(first, height: 12))
            let known = try ChainPin(first, home: home)
            #expect(!known.isNew && known.chain.height == 12 && known.chain.genesis.hash == first.hash)
            #expect(throws: ClientError.wrongGenesis(found: second.hash.description)) { try ChainPin(second, home: home) }
            #expect(try ChainPin(genesis(1, chainID: "jupiter-id"), home: home).isNew)
        }
    }

    @Test func `is never seen at a lower height again, and is its owner's file alone`() throws {
        let genesis = try genesis(1_800_000_000_000)
        try inHome { home in
            try ChainPin(genesis, home: home).save(TrustedChain(genesis, height: 12))
            try ChainPin(genesis, home: home).save(TrustedChain(genesis, height: 9))
            #expect(try ChainPin(genesis, home: home).chain.height == 12)
            try ChainPin(genesis, home: home).save(TrustedChain(genesis, height: 13))
            #expect(try ChainPin(genesis, home: home).chain.height == 13)
            let path = home + "/chains/jupiter-sg.json"
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            // A damaged file makes no genesis the first again.
            for bytes in [[], Array("{}".utf8), Array("{\"chain\":\"jupiter-sg\",\"genesis\":\"\",\"height\":1}".utf8)] as [[UInt8]] {
                try PrivateFile.write(bytes, to: path, overwrite: true)
                #expect(throws: ClientError.self) { try ChainPin(genesis, home: home) }
            }
        }
    }
}
