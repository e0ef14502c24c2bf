import ABCI
import ChainTypes
import CometSupport
import Cryptography
import Foundation
import Ledger
import LedgerSupport
import LightClient
import Primitives
import ScriptedEngine
import Testing
import WireTypes

/// What CometBFT does with the answers of the application, by its own rules: sets from two heights after they are told, and headers that
/// hold the application hash of the block before.
private struct CometModel {
    private let comet: SimulatedComet
    /// Who votes at each height, from 1 on; power by key.
    private var sets: [[Hash32: UInt64]]
    private var appHashes: [Hash32]

    init(_ answer: ABCIInitChainResponse, comet: SimulatedComet) throws {
        self.comet = comet
        let set = Self.apply(answer.validators, to: [:])
        sets = [set, set]
        appHashes = [try #require(Hash32(answer.appHash))]
    }

    private static func apply(_ updates: [ABCIValidatorUpdate], to set: [Hash32: UInt64]) -> [Hash32: UInt64] {
        var set = set
        for update in updates {
            guard let key = Hash32(update.pubKey.ed25519) else { continue }
            set[key] = update.power == 0 ? nil : UInt64(update.power)
        }
        return set
    }

    mutating func finalized(_ answer: ABCIFinalizeBlockResponse) throws {
        appHashes.append(try #require(Hash32(answer.appHash)))
        sets.append(Self.apply(answer.validatorUpdates, to: sets[sets.count - 1]))
    }

    private func validators(_ height: UInt64) throws -> CometValidators {
        CometValidators(
            try ValidatorSet(sets[Int(height) - 1].map { .init(key: $0.key, votingWeight: $0.value, leaderWeight: 0) }))
    }

    private func header(_ height: UInt64) throws -> WireCometHeader {
        let last = height > 1 ? try CometHeader(header(height - 1)).hash : nil
        return comet.header(
            height, validators: try validators(height), next: try validators(height + 1), appHash: appHashes[Int(height) - 1],
            lastBlock: last)
    }

    func signed(_ height: UInt64) throws -> WireCometSignedHeader { try comet.sign(header(height), by: validators(height)) }
}

@Suite struct `ABCI finality` {
    @Test func `a light client follows the chain by the headers of a simulated CometBFT, over changes of the set`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        var model = try CometModel(
            rig.initChain(), comet: SimulatedComet(chainID: scene.genesis.chainID, keys: scene.validators.map(\.key)))
        for height in Int64(1)...30 {
            var block = scene.block(height, [try scene.transfer(nonce: UInt64(height))])
            if height == 5 || height == 18 {
                var offence = ABCIMisbehavior()
                (offence.kind, offence.height) = (.duplicateVote, height - 1)
                offence.validator.address = Data(ValidatorUpdates.address(of: scene.validators[height == 5 ? 1 : 2].id))
                block.misbehavior = [offence]
            }
            try model.finalized(rig.decide(block))
        }
        var client = LightVerifier(genesis: scene.genesis)
        var ends = 0
        for height in UInt64(1)..<30 {
            let header = try #require(try rig.ledger.header(height))
            let next = try #require(try rig.ledger.header(height + 1))
            var proof = WireCometFinality()
            proof.next = try model.signed(height + 1)
            (proof.stateRoot, proof.receiptsRoot) = (.init(next.stateRoot.bytes), .init(next.receiptsRoot.bytes))
            var certified = WireCertifiedHeader()
            certified.header = .init(header.bytes)
            if header.lastOfEpoch {
                ends += 1
                proof.closing = try model.signed(height)
                certified.nextValidators = .init(try #require(try rig.ledger.validators(ofEpoch: header.epoch + 1)).bytes)
            }
            certified.certificate = .init(proof.encoded())
            #expect(throws: Never.self, "height \(height)") { try client.accept(certified) }
        }
        #expect(client.trusted.height == 29 && ends >= 3)
        #expect(client.trusted.validators.members.filter { $0.votingWeight > 0 }.count == 2)
    }
}
