import ChainTypes
import CometRPC
import CometSupport
import Cryptography
import Foundation
import Ledger
import LedgerSupport
import LightClient
import Node
import Primitives
import Relayer
import Synchronization
import Testing
import WireTypes

/// A mainnet without consensus, as a poster sees it.
private final class MainnetTarget: CheckpointTarget {
    private let chain: Mutex<MemoryChain>

    init(_ chain: MemoryChain) { self.chain = Mutex(chain) }

    func stored(_ chainID: String) throws -> WireLocality? { try chain.withLock { try $0.message(StateKey.locality(chainID)) } }

    func checkpoint(of chainID: String) async throws -> PostedCheckpoint? {
        try stored(chainID).map { PostedCheckpoint(height: $0.height, epoch: $0.epoch) }
    }

    func account(_ address: Address) async throws -> TargetAccount {
        try chain.withLock { chain in
            let account: WireAccount? = try chain.message(StateKey.account(address))
            return TargetAccount(
                chainID: chain.genesis.chainID, height: chain.height, nextNonce: (account?.nonce ?? 0) + 1, minimumFee: 1)
        }
    }

    func submit(_ transaction: SignedTransaction) async throws -> UInt32 { try chain.withLock { try $0.block([transaction])[0].code } }
}

/// A node's chain as its poster reads it.
private struct ViewSource: CheckpointSource {
    let view: ChainView

    func newest() throws -> (header: BlockHeader, certified: WireCertifiedHeader)? {
        try view.newestCertified().map { ($0.header, $0.wire) }
    }

    func last(ofEpoch epoch: UInt64) throws -> (header: BlockHeader, certified: WireCertifiedHeader)? {
        try view.ledger.epochEnd(epoch).map { (try LightVerifier.header($0), $0) }
    }
}

@Suite struct `A federation with a locality that a simulated CometBFT runs` {
    @Test func `posts its checkpoints to mainnet, from CometBFT's RPC over HTTP and over changes of validators`() async throws {
        let path = NSTemporaryDirectory() + "jupiter-comet-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        var locality = try SyncChain(path + "/data", epochLength: 6, chainID: "jupiter-comet", consensus: .cometbft)
        let source = CometChainSource(locality)
        let server = StubRPC { path in
            guard path.hasPrefix("/commit?height="), let height = UInt64(path.dropFirst(15)), let json = try? source.answer(height) else {
                return nil
            }
            return .init(CometAnswerText.envelope(json))
        }
        let client = CometClient(base: server.url)
        defer {
            client.close()
            server.close()
        }
        let collector = FinalityCollector(
            ledger: locality.ledger, source: client, log: LineLogHandler.logger("test", level: "critical", json: false))

        let key = locality.validators[0].account
        var mainnet = try MemoryChain(chainID: "jupiter-main", funded: [key.address], seed: 6)
        var registration = WireRegisterLocality()
        registration.genesis = .init(locality.genesis.bytes)
        #expect(try mainnet.submit(WireMessage(.registerLocality(registration)), by: mainnet.operatorKey) == 0)
        let target = MainnetTarget(mainnet)
        let view = ChainView(genesis: locality.genesis, ledger: locality.ledger, archive: locality.ledger.store)
        let poster = CheckpointPoster(chainID: "jupiter-comet", key: key, source: ViewSource(view: view), target: target)

        try locality.extend(3)
        // Nothing is posted that nobody can prove.
        await #expect(throws: NodeError.finalityUnavailable) { try await poster.step() }
        while try await collector.step() {}
        #expect(try await poster.step() == .posted(height: 2, transactions: 1))
        try locality.decideNewValidator()
        try locality.extend(14)
        while try await collector.step() {}
        guard case .posted(let height, let transactions) = try await poster.step() else {
            Issue.record("nothing was posted")
            return
        }
        #expect(height == locality.height - 1 && transactions >= 3)
        let stored = try #require(try target.stored("jupiter-comet"))
        #expect(stored.consensus == 1 && stored.height == height && stored.epoch >= 2)
        #expect(try ValidatorSet(decoding: [UInt8](stored.validators)).members.count == 5)
        let header = try #require(try locality.ledger.header(height))
        #expect(stored.headerHash == Data(header.hash.bytes))
        #expect(try await poster.step() == .unchanged)
    }
}
