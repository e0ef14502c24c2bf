import ABCI
import ChainTypes
import Cryptography
import Engine
import Foundation
import Ledger
import LedgerSupport
import Modules
import Primitives
import ScriptedEngine
import SwiftProtobuf
import Testing
import WireTypes

@Suite struct `ABCI validators` {
    private func set(_ weights: [UInt64]) throws -> ValidatorSet {
        try ValidatorSet(
            weights.enumerated().map { .init(key: Hash32(UInt64($0) + 1, 0, 0, 0), votingWeight: $1, leaderWeight: 1) })
    }

    private func text(_ updates: [ABCIValidatorUpdate]) -> [String] {
        updates.map { "\(Hash32($0.pubKey.ed25519)?.w0 ?? 0)=\($0.power)" }
    }

    @Test func `updates are what has changed`() throws {
        #expect(text(ValidatorUpdates.updates(from: try set([1, 2, 3]), to: try set([1, 5, 3]))) == ["2=5"])
        #expect(text(ValidatorUpdates.updates(from: try set([1, 2, 3]), to: try set([1, 0, 3, 9]))) == ["4=9", "2=0"])
        #expect(text(ValidatorUpdates.updates(from: try set([1, 0, 3]), to: try set([1]))) == ["3=0"])
        #expect(text(ValidatorUpdates.updates(from: try set([1, 0]), to: try set([1, 0]))).isEmpty)
        #expect(text(ValidatorUpdates.updates(try set([1, 0, 3]))) == ["1=1", "3=3"])
    }

    @Test func `addresses are those of the real network`() throws {
        let folder = URL(filePath: #filePath).appending(path: "../../../../shared/vectors/abci").standardized
        guard FileManager.default.fileExists(atPath: folder.path) else { return print("skipped: ../shared is not there") }
        struct Answer: Decodable {
            struct Validator: Decodable {
                struct Key: Decodable { let value: Data }
                let address: String
                let key: Key

                enum CodingKeys: String, CodingKey {
                    case address
                    case key = "pub_key"
                }
            }
            let validators: [Validator]
        }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: folder.appending(path: "validators-1.json")))
        #expect(answer.validators.count == 4)
        for validator in answer.validators {
            let key = try #require(Hash32(validator.key.value))
            #expect(Hex.encode(ValidatorUpdates.address(of: key)) == validator.address.lowercased())
            #expect(ValidatorUpdates.key(at: Data(Hex.decode(validator.address) ?? []), among: [.zero, key]) == key)
        }
    }

    /// The heights at which updates were told, and for whom the next block was, with what was told.
    private func run(_ rig: CallsRig, until height: Int64, _ each: (Int64) throws -> ScriptedBlock) throws -> [Int64: [String]] {
        var told: [Int64: [String]] = [:]
        for height in Int64(rig.ledger.head.height) + 1...height {
            let answer = try rig.decide(try each(height))
            if !answer.validatorUpdates.isEmpty {
                told[height] = answer.validatorUpdates.map { update in
                    let position = rig.scene.validators.firstIndex { $0.node.validator == update.pubKey.ed25519 }
                    return "\(position ?? -1)=\(update.power)"
                }
            }
        }
        return told
    }

    @Test func `offenders lose their vote with the epoch, and the set is told one block before its last`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        try rig.initChain()
        let told = try run(rig, until: 8) { height in
            var block = scene.block(height)
            if height == 5 {
                var offence = ABCIMisbehavior()
                (offence.kind, offence.height) = (.duplicateVote, 3)
                offence.validator.address = Data(ValidatorUpdates.address(of: scene.validators[1].id))
                offence.validator.power = 3
                block.misbehavior = [offence, offence]
            }
            return block
        }
        let jailed = try #require(try rig.ledger.trust.validator(scene.validators[1].id))
        #expect(jailed.status == .jailed && jailed.votingWeight == 0)
        let evidence = rig.committed.map(\.block.evidence.count)
        #expect(evidence == [0, 0, 0, 0, 1, 0, 0, 0])
        // Told with H, the engine's set changes with H + 2: the block after the last of the epoch.
        let last = try #require(rig.committed.first { $0.block.header.lastOfEpoch }).block.header
        #expect(told == [Int64(last.height) - 1: ["1=0"]])
        #expect(last.nextValidatorsHash == rig.ledger.head.plan.validators.hash)
        #expect(throws: ABCIError.unknownProposer) { try rig.finalize(scene.block(9, proposer: 1)) }
        #expect(try rig.decide(scene.block(9, proposer: 0)).txResults.isEmpty)
    }

    @Test func `an offence counts once, and only of those who may be known`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        try rig.initChain()
        func misbehavior(_ address: [UInt8], _ kind: ABCIMisbehaviorKind, at height: Int64) -> ABCIMisbehavior {
            var offence = ABCIMisbehavior()
            (offence.kind, offence.height, offence.validator.address) = (kind, height, Data(address))
            return offence
        }
        let address = ValidatorUpdates.address(of: scene.validators[2].id)
        var block = scene.block(1)
        // Of nobody, of no kind, in the future of its block.
        block.misbehavior = [
            misbehavior([UInt8](repeating: 1, count: 20), .duplicateVote, at: 1), misbehavior(address, .unknown, at: 1),
            misbehavior([], .duplicateVote, at: 1), misbehavior(address, .duplicateVote, at: 0),
            misbehavior(address, .duplicateVote, at: 1),
        ]
        try rig.decide(block)
        #expect(try rig.ledger.trust.validator(scene.validators[2].id)?.status == .active)
        block = scene.block(2)
        block.misbehavior = [misbehavior(address, .lightClientAttack, at: 1)]
        try rig.decide(block)
        let record = try #require(try rig.ledger.trust.validator(scene.validators[2].id))
        #expect(record.status == .jailed && record.accountableFromHeight == 2)
        block = scene.block(3)
        block.misbehavior = [misbehavior(address, .duplicateVote, at: 1)]
        try rig.decide(block)
        let after = try #require(try rig.ledger.trust.validator(scene.validators[2].id))
        #expect(after.status == .jailed && after.accountableFromHeight == 2 && after.accountableFrom == record.accountableFrom)
    }

    @Test func `a chain of votes does not take judgements, and one of judgements no votes`() throws {
        var conviction = WireConviction()
        var scene = try TrustChain(weights: [1, 1, 1, 1])
        (conviction.validator, conviction.height, conviction.kind) = (scene.validators[0].node.validator, 1, .duplicateVote)
        try scene.block()
        try scene.block(evidence: [conviction.encoded()])
        #expect(try scene.record(0).status == .active)
        var other = try MemoryChain { $0.consensus = .cometbft }
        conviction.validator = .init(other.validatorKey.verificationKey.bytes)
        try other.block()
        try other.block(evidence: [conviction.encoded()])
        let record: WireValidatorRecord? = try other.message(
            StateKey.validator(try #require(Hash32(other.validatorKey.verificationKey.bytes))))
        #expect(record?.status == .jailed)
    }

    @Test func `new rules of the chain are the engine's from the epoch after which they were decided`() throws {
        // One validator with all the weight decides alone.
        let scene = try Scene(weights: [10])
        let rig = try CallsRig(scene)
        try rig.initChain()
        var message = WireProposeChange()
        message.change.setParameters = scene.genesis.parameters
        message.change.setParameters.maximumBlockBytes = 4 << 20
        message.expires = 100
        let account = scene.validators[0].account
        var updates: [Int64: Int64] = [:]
        for height in Int64(1)...8 {
            let transactions = height == 2 ? [try scene.transaction([WireMessage(.proposeChange(message))], by: account, nonce: 1)] : []
            let answer = try rig.decide(scene.block(height, transactions))
            #expect(answer.txResults.allSatisfy { $0.code == 0 })
            if answer.hasConsensusParamUpdates { updates[height] = answer.consensusParamUpdates.block.maxBytes }
        }
        let last = try #require(rig.committed.first { $0.block.header.lastOfEpoch }).block.header.height
        #expect(updates == [Int64(last) + 1: (4 + 16) << 20])
    }
}
