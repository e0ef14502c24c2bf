import ChainTypes
import CometRPC
import Engine
import Foundation
import Ledger
import LightClient
import Node
import Primitives
import Storage
import Testing
import WireTypes

@Suite struct `Finality collected from a simulated CometBFT` {
    private func folder() throws -> String {
        let path = NSTemporaryDirectory() + "jupiter-comet-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func chain(_ path: String, epochLength: UInt32 = 6) throws -> SyncChain {
        try SyncChain(path + "/data", epochLength: epochLength, chainID: "jupiter-comet", consensus: .cometbft)
    }

    private func view(_ chain: SyncChain) -> ChainView {
        ChainView(genesis: chain.genesis, ledger: chain.ledger, archive: chain.ledger.store)
    }

    private func collector(_ chain: SyncChain, _ source: CometChainSource) -> FinalityCollector {
        FinalityCollector(ledger: chain.ledger, source: source, log: LineLogHandler.logger("test", level: "critical", json: false))
    }

    private func settle(_ collector: FinalityCollector) async throws { while try await collector.step() {} }

    @Test func `proves every block but the newest, and leads light clients over epochs and new validators`() async throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var chain = try chain(path)
        let source = CometChainSource(chain)
        let collector = collector(chain, source)
        try chain.extend(4)
        try await settle(collector)
        try chain.decideNewValidator()
        try chain.extend(15)
        try await settle(collector)
        let (view, head) = (view(chain), chain.height)
        #expect(chain.ledger.head.plan.validators.members.count == 5)
        var client = LightVerifier(genesis: chain.genesis)
        while true {
            let path = try view.path(after: client.trusted.height)
            if path.isEmpty { break }
            for certified in path { try client.accept(certified) }
        }
        #expect(client.trusted.height == head - 1)
        #expect(client.trusted.epoch >= 3)
        #expect(try view.newestCertified()?.header.height == head - 1)
        for height in 1..<head { #expect(try view.certifiedHeader(height)?.header.height == height) }
        #expect(throws: NodeError.finalityUnavailable) { try view.certifiedHeader(head) }
        // Nothing was asked twice, apart from the heights that close an epoch.
        #expect(source.asked.count < Int(head) + 8)
    }

    @Test func `proves receipts offline`() async throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var chain = try chain(path)
        let source = CometChainSource(chain)
        try chain.extend(9)
        let view = view(chain)
        let transactions = chain.blocks.map { $0.payload.content.transactions[0].transaction.id }
        let (early, late) = (transactions[3], transactions[8])
        #expect(throws: NodeError.finalityUnavailable) { try view.receiptProof(early) }
        try await settle(collector(chain, source))
        let receipt = try ReceiptProof.verify(view.receiptProof(early), trusted: TrustedState(genesis: chain.genesis))
        #expect(receipt.height == 4)
        #expect(throws: NodeError.notFound("the header that proves the receipt")) { try view.receiptProof(late) }
    }

    @Test func `fails closed while CometBFT is away, and goes on after`() async throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var chain = try chain(path)
        let source = CometChainSource(chain)
        let collector = collector(chain, source)
        let view = view(chain)
        #expect(try view.newestCertified() == nil)
        try chain.extend(3)
        source.set { $0.isAnswering = false }
        await #expect(throws: CometRPCError.unreachable("switched off")) { try await collector.step() }
        #expect(throws: NodeError.finalityUnavailable) { try view.newestCertified() }
        #expect(throws: NodeError.finalityUnavailable) { try view.path(after: 0) }
        #expect(NodeError.finalityUnavailable.isRetryable)
        source.set { $0.isAnswering = true }
        try await settle(collector)
        source.set { $0.isAnswering = false }
        try chain.extend(2)
        await #expect(throws: CometRPCError.self) { try await collector.step() }
        // What was proven before is served.
        #expect(try view.newestCertified()?.header.height == 2)
        #expect(throws: NodeError.finalityUnavailable) { try view.certifiedHeader(4) }
    }

    @Test func `keeps nothing that a light client would refuse`() async throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var chain = try chain(path)
        let source = CometChainSource(chain)
        let collector = collector(chain, source)
        try chain.extend(3)
        let tamperings: [(LightClientError, @Sendable (inout WireCometSignedHeader) -> Void)] = [
            (.noQuorum, { $0.votes[0].signature[8] ^= 1 }), (.noQuorum, { $0.header.dataHash[0] ^= 1 }),
            (.wrongCommitment, { $0.header.appHash[0] ^= 1 }), (.wrongValidators, { $0.header.validatorsHash[0] ^= 1 }),
            (.wrongChain, { $0.header.chainID = "jupiter-other" }),
        ]
        for (expected, tamper) in tamperings {
            source.set { $0.tamper = tamper }
            await #expect(throws: expected) { try await collector.step() }
            #expect(try chain.ledger.store.certificate(1) == nil)
        }
        source.set { $0.tamper = nil }
        #expect(try await collector.step())
        #expect(try chain.ledger.store.certificate(1) != nil)
    }

    @Test func `goes on where it was, and without blocks that CometBFT has forgotten`() async throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var chain = try chain(path, epochLength: 100)
        let source = CometChainSource(chain)
        try chain.extend(4)
        try await settle(collector(chain, source))
        let asked = source.asked.count
        try chain.extend(2)
        let second = collector(chain, source)
        try await settle(second)
        #expect(Array(source.asked[asked...]) == [5, 6])
        try chain.extend(6)
        source.set { $0.lowest = 11 }
        try await settle(second)
        #expect(try chain.ledger.store.certificate(6) == nil)
        #expect(try chain.ledger.store.certificate(chain.height - 1) != nil)
        #expect(try view(chain).newestCertified()?.header.height == chain.height - 1)
    }

    @Test func `lets a backup be restored once all but the newest block are proven`() async throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let home = NodeHome(path: path + "/node")
        try FileManager.default.createDirectory(atPath: home.path, withIntermediateDirectories: true)
        var chain = try chain(home.path)
        let files = [
            home.genesisTextFile, home.configurationFile, home.validatorKeyFile, home.operatorKeyFile, home.peerKeyFile,
            home.peerCertificateFile,
        ]
        for file in files { try Data("kept as it is".utf8).write(to: URL(filePath: file)) }
        try Data(chain.genesis.bytes).write(to: URL(filePath: home.genesisFile))
        try chain.extend(8)
        let source = CometChainSource(chain)
        try await settle(collector(chain, source))
        chain.ledger.store.close()
        let manifest = try JupiterNode.backup(home, to: path + "/proven")
        #expect(manifest.height == 8)
        #expect(try JupiterNode.restore(from: path + "/proven", to: NodeHome(path: path + "/restored")) == manifest)
        // Two blocks beyond the proof, as when the RPC was away before the node was stopped.
        let store = try ChainStore(path: path + "/proven/data")
        try store.putCertificate(height: 7, [])
        store.close()
        #expect(throws: NodeError.self) { try JupiterNode.restore(from: path + "/proven", to: NodeHome(path: path + "/unproven")) }
    }

    @Test func `runs until it is told to stop`() async throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var chain = try chain(path)
        let source = CometChainSource(chain)
        let collector = collector(chain, source)
        try chain.extend(4)
        let running = Task { await collector.run() }
        while try chain.ledger.store.certificate(3) == nil { try await Task.sleep(for: .milliseconds(5)) }
        running.cancel()
        await running.value
        #expect(source.isClosed)
    }
}
