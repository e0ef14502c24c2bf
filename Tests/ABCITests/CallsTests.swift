import ABCI
import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Ledger
import LedgerSupport
import Primitives
import ScriptedEngine
import Storage
import SwiftProtobuf
import Testing
import WireTypes

@Suite struct `ABCI consensus calls` {
    @Test func `the first answer is the genesis, whatever the engine's own file says`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        var stranger = ABCIValidatorUpdate()
        stranger.pubKey.ed25519 = .init(scene.wallets[0].verificationKey.bytes)
        stranger.power = 10
        let answer = try rig.initChain { $0.validators = [stranger] }
        #expect(answer.validators.map(\.power) == [4, 3, 2, 1])
        #expect(answer.validators.map { Hash32($0.pubKey.ed25519) } == scene.validators.map(\.id))
        let head = rig.ledger.head
        #expect(
            answer.appHash.elementsEqual(
                Digest.hash(.cometCommitment, scene.genesis.hash.bytes + head.stateRoot.bytes + Hash32.zero.bytes).bytes))
        #expect(answer.consensusParams.block.maxBytes == (8 + 16) << 20 && answer.consensusParams.block.maxGas == -1)
        #expect(answer.consensusParams.version.app == 1)
        #expect(try rig.initChain() == answer)
    }

    @Test func `another chain, another beginning and useless keys are refused`() throws {
        let rig = try CallsRig(Scene())
        #expect(throws: ABCIError.wrongChain) { try rig.initChain { $0.chainID = "jupiter-other" } }
        #expect(throws: ABCIError.wrongInitialHeight) { try rig.initChain { $0.initialHeight = 2 } }
        // The neutral element, which every message is signed by.
        let small = [1] + [UInt8](repeating: 0, count: 31)
        for key in [small, [UInt8](repeating: 0xff, count: 32), [1, 2]] {
            var update = ABCIValidatorUpdate()
            (update.pubKey.ed25519, update.power) = (.init(key), 1)
            #expect(throws: ABCIError.badValidatorKey) { try rig.initChain { $0.validators = [update] } }
        }
        var other = ABCIValidatorUpdate()
        (other.pubKey.secp256K1, other.power) = (.init(repeating: 2, count: 33), 1)
        #expect(throws: ABCIError.badValidatorKey) { try rig.initChain { $0.validators = [other] } }
        #expect(rig.ledger.head.height == 0)
    }

    @Test func `a block of CometBFT is the block of Jupiter that BlockMaker makes of it`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        try rig.initChain()
        let transactions = [try scene.transfer(nonce: 1), try scene.withSidecar(by: 1, nonce: 1)]
        let answer = try rig.decide(scene.block(1, transactions, proposer: 2))
        let header = try #require(rig.committed.first).block.header
        #expect(header.parent == scene.genesis.hash && header.height == 1 && header.view == 1)
        #expect(header.time == scene.genesis.wire.time + 1_000 && header.proposer == scene.validators[2].id)
        #expect(header.transactionsRoot == Block.transactionsRoot(transactions.map(\.transaction)))
        #expect(rig.committed[0].certificate == nil)
        let head = rig.ledger.head
        #expect(head.blockHash == header.hash && head.height == 1)
        #expect(answer.appHash.elementsEqual(CometBlock.commitment(head).bytes))
        #expect(answer.txResults.map(\.code) == [0, 0])
        #expect(answer.txResults.map { Hash32($0.data) } == transactions.map(\.transaction.id))
        #expect(answer.events.first?.attributes.first?.value == "\(header.hash)")
        let second = try rig.decide(scene.block(2))
        #expect(rig.committed[1].block.header.parent == header.hash && second.appHash != answer.appHash)
        #expect(rig.committed[1].block.header.receiptsRoot == head.receiptsRoot)
    }

    @Test func `time rises strictly even when the engine's milliseconds do not`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        try rig.initChain()
        var block = scene.block(1)
        block.time = 1_000
        try rig.decide(block)
        block.height = 2
        try rig.decide(block)
        #expect(rig.committed.map(\.block.header.time) == [scene.genesis.wire.time + 1, scene.genesis.wire.time + 2])
        var request = ABCIFinalizeBlockRequest()
        (request.height, request.time.seconds) = (3, -1)
        request.proposerAddress = .init(ValidatorUpdates.address(of: scene.validators[0].id))
        #expect(throws: ABCIError.badTime) { try rig.answer(.finalizeBlock(request)) }
    }

    @Test func `what is no transaction has a result and no place in the block`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        try rig.initChain()
        let good = try scene.transfer(nonce: 1)
        let other = try scene.transfer(7, nonce: 1).transaction
        // The signature of another body.
        var wire = try WireTransaction(serializedBytes: good.transaction.bytes)
        wire.signature = try WireTransaction(serializedBytes: other.bytes).signature
        let forged = try SubmittedTransaction(SignedTransaction(decoding: wire.encoded()), sidecars: [])
        var block = scene.block(1, [good, forged])
        block.transactions += [[1, 2, 3], try scene.withSidecar(by: 1, nonce: 1).transaction.bytes]
        #expect(try rig.process(block) == .reject)
        let answer = try rig.decide(block)
        let malformed = TransactionError.malformed.code
        #expect(answer.txResults.map(\.code) == [0, TransactionError.badSignature.code, malformed, malformed])
        #expect(answer.txResults.dropFirst().allSatisfy { $0.data.isEmpty && $0.codespace == "jupiter" })
        #expect(rig.committed[0].block.transactions.map(\.id) == [good.transaction.id])
        #expect(try rig.ledger.account(scene.wallets[0].address).nonce == 1)
    }

    @Test func `a proposal is valid when the application finds it so`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        try rig.initChain()
        let (first, second) = (try scene.transfer(nonce: 1), try scene.transfer(nonce: 2))
        #expect(try rig.process(scene.block(1, [first, second])) == .accept)
        #expect(try rig.process(scene.block(1, [second, first])) == .reject)
        #expect(try rig.process(scene.block(1, [first, first])) == .reject)
        var stranger = scene.block(1, [first])
        stranger.proposer = try #require(Hash32(scene.wallets[0].verificationKey.bytes))
        #expect(try rig.process(stranger) == .reject)
        #expect(throws: ABCIError.unknownProposer) { try rig.finalize(stranger) }
        // Candidates leave nothing behind.
        #expect(rig.ledger.head.height == 0 && rig.committed.isEmpty)
        #expect(try rig.decide(scene.block(1, [first])).txResults.map(\.code) == [0])
    }

    @Test func `a proposer puts the nonces in order and keeps within the limit`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        try rig.initChain()
        let mine = try (1...4).map { try scene.transfer(nonce: UInt64($0)) }
        let other = try scene.transfer(by: 1, nonce: 1)
        var block = scene.block(1, [mine[2], other, mine[0], mine[1]])
        block.transactions.append([9, 9])
        let all = try rig.prepare(block)
        #expect(all == [mine[0], other, mine[1], mine[2]].map(\.encoded))
        let size = Int64(FrameReader.frame(mine[0].encoded).count + 1)
        #expect(try rig.prepare(block, maxTxBytes: 2 * size) == [mine[0], other].map(\.encoded))
        #expect(try rig.prepare(block, maxTxBytes: size - 1).isEmpty)
        // The second of a sender does not fit; its third, which would, has no place without it.
        let large = try scene.withSidecar(nonce: 2, bytes: 50_000)
        let choice = scene.block(1, [mine[0], large, mine[2], other])
        #expect(try rig.prepare(choice, maxTxBytes: 3 * size) == [mine[0], other].map(\.encoded))
        var prepared = scene.block(1)
        prepared.transactions = all
        #expect(try rig.process(prepared) == .accept)
    }

    @Test func `votes carry nothing`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene)
        try rig.initChain()
        guard case .extendVote(let extended) = try rig.answer(scene.block(1).extend) else { throw ABCIClientError.unexpected }
        #expect(extended.voteExtension.isEmpty)
        var request = ABCIVerifyVoteExtensionRequest()
        request.height = 1
        #expect(try rig.answer(.verifyVoteExtension(request)) == .verifyVoteExtension(.with { $0.status = .accept }))
        request.voteExtension = .init([1])
        #expect(try rig.answer(.verifyVoteExtension(request)) == .verifyVoteExtension(.with { $0.status = .reject }))
    }

    @Test func `nothing is durable before the commit, and a replay gives the same`() throws {
        let scene = try Scene()
        let directory = try TemporaryDirectory()
        var rig = try CallsRig(scene, directory: directory)
        try rig.initChain()
        try rig.decide(scene.block(1, [try scene.transfer(nonce: 1)]))
        let block = scene.block(2, [try scene.transfer(nonce: 2), try scene.withSidecar(by: 1, nonce: 1)])
        let other = scene.block(2, [try scene.transfer(9, nonce: 2)])
        // Several candidates, one of them finalised and never committed.
        _ = try rig.process(other)
        let lost = try rig.finalize(block)
        #expect(rig.ledger.head.height == 1)
        rig.close()
        rig = try CallsRig(scene, directory: directory)
        #expect(rig.ledger.head.height == 1)
        // The block was never shown to this process.
        let replayed = try rig.decide(block)
        #expect(replayed == lost)
        #expect(rig.ledger.head.height == 2)
        rig.close()
        rig = try CallsRig(scene, directory: directory)
        #expect(replayed.appHash.elementsEqual(CometBlock.commitment(rig.ledger.head).bytes))
        #expect(throws: ABCIError.wrongHeight) { try rig.finalize(block) }
        rig.close()
    }

    @Test func `the engine may forget the blocks that the node forgets`() throws {
        let scene = try Scene()
        let rig = try CallsRig(scene, keptBlocks: 2)
        try rig.initChain()
        var retained: [Int64] = []
        for height in Int64(1)...4 {
            _ = try rig.finalize(scene.block(height))
            retained.append(try rig.commit().retainHeight)
        }
        #expect(retained == [0, 0, 2, 3])
    }
}
