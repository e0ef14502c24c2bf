import AuthenticatedState
import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Ledger
import Networking
import Node
import Primitives
import Simplex
import Storage
import Testing
import WireTypes

@Suite struct `A node that others ask` {
    private let folder: SyncFolder
    private let chain: SyncChain

    init() throws {
        folder = try SyncFolder()
        var chain = try SyncChain(folder.file("chain"), seed: 31)
        try chain.extend(20)
        self.chain = chain
    }

    private func chunk(_ height: UInt64, block: Hash32? = nil) throws -> SnapshotChunkRequest {
        let hash = try #require(chain.blocks.first { $0.height == height }).payload.header.hash
        return SnapshotChunkRequest(
            request: 1, height: height, block: block ?? hash, first: PathRange.all.first, last: PathRange.all.last)
    }

    @Test func `answers sixteen waiting questions of a peer, and passes over the rest`() async throws {
        let net = SyncNet()
        let node = try SyncNode(1, net, chain.ledger)
        let (eager, other) = (Hash32(0, 0, 0, 2), Hash32(0, 0, 0, 3))
        for peer in [eager, other] { net.join(peer) { _, _ in true } }
        for number in 1...40 as ClosedRange<UInt64> {
            let question = PeerFrame.blockRequest(BlockRangeRequest(request: number, first: 1, last: 1))
            #expect(node.service.handle(question, from: eager))
        }
        #expect(node.service.handle(.sidecarRequest(request: 99, commitments: [.zero]), from: other))
        node.start()
        try await eventually("the other peer is answered") {
            net.sent(by: node.id).contains(.sidecars(request: 99, sidecars: [], last: true))
        }
        func answered() -> [UInt64] {
            net.sent(by: node.id).compactMap { if case .blocks(let answer) = $0 { answer.request } else { nil } }
        }
        try await eventually("the eager peer is answered") { answered().count >= 16 }
        #expect(node.service.handle(.blockRequest(BlockRangeRequest(request: 41, first: 1, last: 1)), from: eager))
        try await eventually("its later question too") { answered().last == 41 }
        #expect(answered() == Array(1...16) + [41])
        try await node.stop()
    }

    @Test func `leaves frames of other lanes to others`() throws {
        let node = try SyncNode(1, SyncNet(), chain.ledger)
        #expect(!node.service.handle(.evidence([1]), from: .zero))
        #expect(node.service.handle(.chunk(request: 5, bytes: [1]), from: .zero), "what nobody asked for is dropped")
    }

    @Test func `serves few states at a time, each only as long as somebody asks`() throws {
        var settings = SyncNode.settings
        settings.shelfTime = .zero
        let shelf = SnapshotShelf(chain.ledger, settings: settings)
        let served = try (10...15 as ClosedRange<UInt64>).map { try !shelf.chunk(chunk($0)).isEmpty }
        #expect(served == [true, true, true, true, false, false])
        #expect(try shelf.chunk(chunk(11, block: Hash32(1, 1, 1, 1))).isEmpty, "another block of that height")
        while try chain.ledger.prune(Retention(stateVersions: 1)) {}
        #expect(try chain.ledger.oldest().state == 10)
        shelf.expire()
        while try chain.ledger.prune(Retention(stateVersions: 1)) {}
        #expect(try chain.ledger.oldest().state == 20)
        #expect(try shelf.chunk(chunk(12)).isEmpty)
    }

    @Test func `serves chunks that prove themselves`() throws {
        let shelf = SnapshotShelf(chain.ledger, settings: SyncNode.settings)
        let root = try #require(chain.blocks.first { $0.height == 13 }).payload.header.stateRoot
        let served = try StateChunk.decode(shelf.chunk(chunk(12)))
        #expect(try !served.verify(root: root).isEmpty && served.range.first == PathRange.all.first)
    }

    @Test func `has the end of every epoch on record, also when its block is pruned`() throws {
        let ends = try (0...1 as ClosedRange<UInt64>).map { try chain.ledger.epochEnd($0) }
        #expect(ends[0] != nil && ends[1] == nil)
        let ledger = try SyncChain.open(folder.file("copy"), chain.genesis)
        try chain.replay(into: ledger, to: 11)
        for block in chain.blocks where block.height > 11 {
            let header = block.payload.header
            _ = try ledger.finalizeBlock(block.payload.content, hash: header.hash, context: BlockContext(header))
            try ledger.commit(block.payload.block, certificate: block.certificate)
        }
        let history = try ledger.history()
        #expect(history.base.height == 12 && history.base.hash == chain.blocks[11].payload.header.hash)
        #expect(try ledger.epochEnd(0) == ends[0])
        while try ledger.prune(Retention(stateVersions: 1, blocks: 2)) {}
        #expect(try ledger.history().base == history.base)
    }

    /// Changing this is a new version of the protocol between nodes.
    @Test func `the encoding of an offer is pinned`() {
        var offer = WireSnapshotOffer()
        var end = WireCertifiedHeader()
        (end.header, end.certificate, end.nextValidators) = (.init([1]), .init([2]), .init([3]))
        offer.epochs = [end]
        (offer.manifest, offer.next, offer.block) = (.init([4]), end, .init([5]))
        (offer.certificate, offer.oldest) = (.init([6]), 7)
        #expect(Hex.encode(offer.encoded()) == "0a090a01011201021a0103120104" + "1a090a01011201021a0103" + "2201052a01063007")
    }
}
