import ABCI
import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Ledger
import LedgerSupport
import Node
import Primitives
import ScriptedEngine
import Simplex
import Storage
import SwiftProtobuf
import Synchronization
import Testing
import WireTypes

@Suite struct `ABCI equality` {
    /// What our own engine, alone, makes of the transactions.
    private func simplex(_ scene: Scene, _ transactions: [SubmittedTransaction], _ ledger: LedgerApplication) async throws
        -> [CommittedBlock]
    {
        let mempool = Mempool(check: { try ledger.checkTransaction($0) }, stateNonce: { try ledger.account($0).nonce + 1 })
        for transaction in transactions { try mempool.insert(transaction) }
        let (stream, continuation) = AsyncStream<CommittedBlock>.makeStream()
        var settings = SimplexEngine.Settings()
        settings.blockInterval = 1
        let engine = try SimplexEngine(
            genesis: scene.genesis, key: scene.validators[0].key, application: ledger, source: mempool,
            history: SimplexEngine.History(base: BlockReference(hash: scene.genesis.hash, height: 0), certificate: nil),
            settings: settings
        ) { committed in
            mempool.committed(committed.block.transactions, height: committed.block.header.height)
            continuation.yield(committed)
        }
        let run = Task { try await engine.run() }
        var blocks: [CommittedBlock] = []
        var left = transactions.count
        for await committed in stream {
            blocks.append(committed)
            left -= committed.block.transactions.count
            if left == 0 { break }
        }
        run.cancel()
        try await run.value
        return blocks
    }

    /// Everything in the state, without what names blocks by their hashes and views: those are of one engine or the other.
    private func entries(_ ledger: LedgerApplication, at height: UInt64) throws -> [[UInt8]: [UInt8]] {
        var entries: [[UInt8]: [UInt8]] = [:]
        for key in try ledger.keys(prefix: [], after: nil, limit: 10_000) where !key.starts(with: StateKey.family("blocks")) {
            guard var value = try ledger.query(key, height: height, prove: false).value else { continue }
            if key == StateKey.epoch {
                var epoch = try WireEpochRecord(serializedBytes: value)
                epoch.lastView = 0
                value = epoch.encoded()
            }
            entries[key] = value
        }
        return entries
    }

    @Test func `the same transactions give the same ids, receipts, sidecars and state under both engines`() async throws {
        // Few transactions a block, so that there are several; our own engine is what the genesis says.
        let scene = try Scene(weights: [10]) { wire in
            wire.consensus = .simplex
            wire.parameters.maximumBlockTransactions = 5
        }
        var transactions: [SubmittedTransaction] = []
        for nonce in UInt64(1)...8 {
            // Now and then more than there is: a receipt that refuses.
            transactions.append(try scene.transfer(nonce == 4 ? 10_000_000_000 : nonce, by: 0, nonce: nonce))
            transactions.append(try scene.withSidecar(by: 1, nonce: nonce))
        }
        let directory = try TemporaryDirectory()
        let store = try ChainStore(path: directory.file("simplex"))
        defer { store.close() }
        let ledger = try LedgerApplication(store: store, genesis: scene.genesis)
        let blocks = try await simplex(scene, transactions, ledger)
        #expect(blocks.count >= 4)
        let rig = try CallsRig(scene)
        try rig.initChain()
        let known = Dictionary(uniqueKeysWithValues: transactions.map { ($0.transaction.id, $0) })
        for committed in blocks {
            let header = committed.block.header
            let block = ScriptedBlock(
                height: Int64(header.height), time: header.time, proposer: header.proposer,
                transactions: committed.block.transactions.compactMap { known[$0.id]?.encoded })
            #expect(try rig.process(block) == .accept)
            let answer = try rig.decide(block)
            #expect(answer.txResults.map { Hash32($0.data) } == committed.block.transactions.map(\.id))
            let receipts = try committed.receipts.map { try WireReceipt(serializedBytes: $0).code }
            #expect(answer.txResults.map(\.code) == receipts)
        }
        #expect(rig.committed.map(\.receipts) == blocks.map(\.receipts))
        #expect(rig.committed.map(\.block.header.transactionsRoot) == blocks.map(\.block.header.transactionsRoot))
        #expect(rig.committed.map(\.block.header.receiptsRoot) == blocks.map(\.block.header.receiptsRoot))
        let height = try #require(blocks.last).block.header.height
        let own = try entries(ledger, at: height)
        #expect(own.count > 20)
        #expect(try entries(rig.ledger, at: height) == own)
        for transaction in transactions {
            for sidecar in transaction.sidecars { #expect(try rig.sidecar(Sidecar.commitment(sidecar)) == sidecar) }
        }
    }

    @Test func `two applications agree on every application hash`() throws {
        let scene = try Scene()
        let rigs = [try CallsRig(scene), try CallsRig(scene)]
        for rig in rigs { try rig.initChain() }
        for height in Int64(1)...15 {
            let block = scene.block(
                height, [try scene.transfer(nonce: UInt64(height)), try scene.withSidecar(by: 1, nonce: UInt64(height))],
                proposer: Int(height) % 4)
            // One has seen the proposal, and others beside it; the other only the decision.
            _ = try rigs[0].process(block)
            _ = try rigs[0].process(scene.block(height))
            #expect(try rigs[0].decide(block) == rigs[1].decide(block))
        }
        #expect(rigs[0].ledger.head == rigs[1].ledger.head)
    }
}
