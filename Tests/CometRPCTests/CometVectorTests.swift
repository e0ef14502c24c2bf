import ChainTypes
import CometRPC
import CometSupport
import Foundation
import LightClient
import Primitives
import TestVectors
import Testing
import WireTypes

@Suite struct `Signed headers of a real CometBFT` {
    private static let chainID = "chain-cfe30U"

    private static func validators(_ height: Int) throws -> CometValidators? {
        guard let json = SharedVectors.bytes("abci", "validators-\(height).json") else { return nil }
        let page = try CometValidatorPage(json: json)
        return CometValidators(
            try ValidatorSet(page.validators.map { .init(key: $0.key, votingWeight: $0.power, leaderWeight: 1) }))
    }

    @Test(arguments: [1, 2, 5, 10, 24]) func `hash, sign and weigh as computed here`(height: Int) throws {
        guard let json = SharedVectors.bytes("abci", "commit-\(height).json"), let validators = try Self.validators(height) else { return }
        let commit = try CometCommit(json: json)
        #expect(commit.header.height == UInt64(height))
        #expect(try Data(CometHeader(commit.header).hash.bytes) == commit.block.hash)
        #expect(Data(validators.hash.bytes) == commit.header.validatorsHash)
        #expect(Data(validators.hash.bytes) == commit.header.nextValidatorsHash)
        let signed = try commit.signedHeader(by: validators)
        #expect(signed.votes.count == 3)
        try CometSignedHeader(signed).verify(chainID: Self.chainID, validators: validators)
        // Every single vote verifies: with any three of the four the quorum holds.
        for left in commit.votes.indices {
            var builder = try CometCommitBuilder(
                header: commit.header, round: commit.round, partsTotal: commit.block.partsTotal, partsHash: [UInt8](commit.block.partsHash),
                validators: validators)
            for (position, vote) in commit.votes.enumerated() where position != left {
                guard let vote else { continue }
                try builder.add(vote.signature, at: vote.time, by: position)
            }
            try CometSignedHeader(builder.signedHeader).verify(chainID: Self.chainID, validators: validators)
        }
    }

    @Test(arguments: [1, 24]) func `are refused with any field changed`(height: Int) throws {
        guard let json = SharedVectors.bytes("abci", "commit-\(height).json"), let validators = try Self.validators(height) else { return }
        let signed = try CometCommit(json: json).signedHeader(by: validators)
        let encoded = signed.encoded()
        for index in encoded.indices {
            var bytes = encoded
            bytes[index] ^= 1 << UInt8(index % 8)
            guard let wire = try? WireCometSignedHeader(strictly: bytes, limit: Limits.finality) else { continue }
            #expect(throws: LightClientError.self, "byte \(index)") {
                try CometSignedHeader(wire).verify(chainID: Self.chainID, validators: validators)
            }
        }
    }
}

/// What a clone without the vectors beside it checks as well: a commit that test keys signed, pinned.
@Suite struct `Pinned CometBFT encodings` {
    static func values() throws -> [String: String] {
        let sample = try CommitSample()
        let header = try CometHeader(sample.signed.header)
        var builder = try CometCommitBuilder(
            header: sample.signed.header, round: 3, partsTotal: 1, partsHash: [UInt8](repeating: 7, count: 32),
            validators: sample.validators)
        try builder.add([UInt8](repeating: 0, count: 64), at: sample.signed.votes[0].time, by: 0)
        return [
            "commit answer": try sample.json, "validators answer": CometAnswerText.validators(sample.validators, height: 9),
            "header hash": Hex.encode(header.hash.bytes), "validator set hash": Hex.encode(sample.validators.hash.bytes),
            "vote of round 3": Hex.encode(builder.statement(sample.signed.votes[0].time)),
            "signed header": Hex.encode(sample.signed.encoded()),
            "commitment": Hex.encode(
                CometCommitment.hash(header: Hash32(1, 1, 1, 1), stateRoot: Hash32(2, 2, 2, 2), receiptsRoot: Hash32(3, 3, 3, 3)).bytes),
        ]
    }

    @Test func `have not changed`() throws {
        let pinned = try NamedValue.load("cometbft")
        #expect(pinned == (try Self.values()))
    }

    @Test func `verify as they are pinned`() throws {
        let pinned = try NamedValue.load("cometbft")
        let page = try CometValidatorPage(json: Array((pinned["validators answer"] ?? "").utf8))
        let validators = CometValidators(
            try ValidatorSet(page.validators.map { .init(key: $0.key, votingWeight: $0.power, leaderWeight: 1) }))
        let commit = try CometCommit(json: Array((pinned["commit answer"] ?? "").utf8))
        #expect(Hex.encode(validators.hash.bytes) == pinned["validator set hash"])
        #expect(Hex.encode(commit.block.hash) == pinned["header hash"])
        try CometSignedHeader(commit.signedHeader(by: validators)).verify(chainID: "jupiter-rpc", validators: validators)
    }
}
