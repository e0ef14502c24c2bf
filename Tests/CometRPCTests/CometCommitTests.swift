import ChainTypes
import CometRPC
import CometSupport
import Cryptography
import Foundation
import LightClient
import Primitives
import TestVectors
import Testing
import WireTypes

/// A set with its keys, and a header that they sign.
struct CommitSample {
    let set: ValidatorSet
    let comet: SimulatedComet
    let signed: WireCometSignedHeader
    var validators: CometValidators { CometValidators(set) }

    init(weights: [UInt64] = [3, 1, 2, 2], silent: [Int] = []) throws {
        var generator = SeededGenerator(seed: 77)
        let keys = try weights.map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        set = try ValidatorSet(
            zip(keys, weights).map { .init(key: Hash32($0.verificationKey.bytes) ?? .zero, votingWeight: $1, leaderWeight: 1) })
        var comet = SimulatedComet(chainID: "jupiter-rpc", keys: keys)
        comet.isTrimmed = false
        for position in silent { comet.silent.insert(set.members[position].key) }
        self.comet = comet
        let validators = CometValidators(set)
        signed = try comet.sign(comet.header(9, validators: validators, appHash: Hash32(1, 2, 3, 4)), by: validators)
    }

    var json: String { get throws { try CometAnswerText.commit(signed, by: validators) } }
}

@Suite struct `Commits of CometBFT's RPC` {
    @Test func `become signed headers of as many votes as are needed`() throws {
        let sample = try CommitSample()
        let commit = try CometCommit(json: Array(sample.json.utf8))
        #expect(commit.header == sample.signed.header)
        let signed = try commit.signedHeader(by: sample.validators)
        // 3 + 2 + 2 of 8 exceed two thirds; 3 + 2 do not.
        #expect(signed.votes.count == 3)
        try CometSignedHeader(signed).verify(chainID: "jupiter-rpc", validators: sample.validators)
        let absent = try CommitSample(silent: [2])
        let fewer = try CometCommit(json: Array(absent.json.utf8)).signedHeader(by: absent.validators)
        #expect(fewer.signers == Data([0b1101]) || fewer.signers == Data([0b1011]))
        try CometSignedHeader(fewer).verify(chainID: "jupiter-rpc", validators: absent.validators)
        let short = try CommitSample(silent: [0])
        let few = try CometCommit(json: Array(short.json.utf8)).signedHeader(by: short.validators)
        #expect(throws: LightClientError.noQuorum) {
            try CometSignedHeader(few).verify(chainID: "jupiter-rpc", validators: short.validators)
        }
    }

    @Test func `are refused for another set or another block`() throws {
        let sample = try CommitSample()
        let commit = try CometCommit(json: Array(sample.json.utf8))
        let other = CometValidators(try ValidatorSet(sample.set.members.dropLast().map { $0 }))
        #expect(throws: LightClientError.wrongValidators) { try commit.signedHeader(by: other) }
        let reweighed = CometValidators(
            try ValidatorSet(
                sample.set.members.reversed().enumerated().map {
                    .init(key: $1.key, votingWeight: UInt64($0) + 1, leaderWeight: 1)
                }))
        #expect(throws: LightClientError.wrongValidators) { try commit.signedHeader(by: reweighed) }
        let forged = try sample.json.replacing(#""canonical":true"#, with: #""canonical":false"#)
            .replacing(#""data_hash":"0000"#, with: #""data_hash":"0001"#)
        #expect(throws: LightClientError.certificateMismatch) {
            try CometCommit(json: Array(forged.utf8)).signedHeader(by: sample.validators)
        }
    }

    static let changes: [(String, String)] = [
        (#""block_id_flag":2"#, #""block_id_flag":4"#), (#""block_id_flag":2"#, #""block_id_flag":"2""#),
        (#""height":"9""#, #""height":9"#), (#""height":"9","round""#, #""height":"8","round""#), (#""round":0"#, #""round":-1"#),
        (#""timestamp":"2027"#, #""timestamp":"2o27"#), (#""signature":""#, #""signature":"!"#), (#""signature":""#, #""sig":""#),
        (#""total":1"#, #""total":4294967296"#), (#""chain_id":"#, #""chainid":"#), (#""signatures":["#, #""signatures":[null,"#),
        (#"{"signed_header""#, #"[{"signed_header""#),
    ]

    @Test(arguments: changes) func `are refused in any other form`(from: String, to: String) throws {
        let json = try CommitSample().json
        let changed = json.replacing(from, with: to, maxReplacements: 1)
        #expect(changed != json)
        #expect(throws: CometRPCError.self) { try CometCommit(json: Array(changed.utf8)) }
    }

    @Test func `are bounded before they are read`() throws {
        let spaces = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
        #expect(throws: CometRPCError.answerTooLarge) { try CometCommit(json: spaces + Array(CommitSample().json.utf8)) }
        let vote = #"{"block_id_flag":1,"validator_address":"","timestamp":"0001-01-01T00:00:00Z","signature":null}"#
        let many = try CommitSample().json.replacing(
            #""signatures":["#, with: #""signatures":["# + String(repeating: vote + ",", count: 1_000))
        #expect(throws: CometRPCError.self) { try CometCommit(json: Array(many.utf8)) }
    }

    @Test func `survive hostile bytes`() throws {
        let sample = try CommitSample()
        let pages = Array(CometAnswerText.validators(sample.validators, height: 9).utf8)
        try HostileBytes.each([Array(sample.json.utf8), pages]) { bytes in
            if let commit = try? CometCommit(json: bytes), let signed = try? commit.signedHeader(by: sample.validators) {
                #expect(signed.votes.count <= 4)
            }
            _ = try? CometValidatorPage(json: bytes)
        }
    }

    @Test func `of validators name who votes, in CometBFT's order`() throws {
        let sample = try CommitSample()
        let page = try CometValidatorPage(json: Array(CometAnswerText.validators(sample.validators, height: 9).utf8))
        #expect(page.height == 9)
        #expect(page.total == 4)
        #expect(page.validators.map(\.key) == sample.validators.members.map(\.key))
        #expect(page.validators.map(\.power) == [3, 2, 2, 1])
        let json = CometAnswerText.validators(sample.validators, height: 9)
        for (from, to) in [
            (#""count":"4""#, #""count":"3""#), (#""total":"4""#, #""total":"3""#), (#""total":"4""#, #""total":"1001""#),
            ("PubKeyEd25519", "PubKeySecp256k1"), (#""address":""#, #""address":"00"#), (#""voting_power":"3""#, #""voting_power":"-3""#),
        ] {
            let changed = json.replacing(from, with: to, maxReplacements: 1)
            #expect(changed != json)
            #expect(throws: CometRPCError.self, "\(from)") { try CometValidatorPage(json: Array(changed.utf8)) }
        }
    }
}
