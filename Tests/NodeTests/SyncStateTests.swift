import AuthenticatedState
import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Ledger
import LedgerSupport
import Networking
import Node
import Primitives
import Storage
import Synchronization
import TestVectors
import Testing
import WireTypes

@Suite struct `A new node among old ones` {
    private let folder: SyncFolder
    private let net = SyncNet()
    private static let newcomer = Hash32(0, 0, 0, 100)

    init() throws { folder = try SyncFolder() }

    private func node(
        _ id: UInt64, _ chain: SyncChain, height: UInt64? = nil, settings: SyncSettings = SyncNode.settings
    ) throws -> SyncNode {
        let ledger = try SyncChain.open(folder.file("node-\(id)"), chain.genesis)
        try chain.replay(into: ledger, to: height ?? chain.height)
        let node = try SyncNode(id, net, ledger, settings: settings)
        node.start()
        return node
    }

    private static var settings: SyncSettings {
        var settings = SyncNode.settings
        settings.farBehind = 20
        return settings
    }

    private func begin(_ chain: SyncChain, _ settings: SyncSettings = settings, path: String = "new") -> StateSync {
        let sync = StateSync(
            genesis: chain.genesis, path: folder.file(path), network: net.link(Self.newcomer), settings: settings, log: SyncNode.log)
        net.join(Self.newcomer) { sync.handle($0, from: $1) }
        return sync
    }

    /// A chain with records over a few epochs.
    private func chain(_ seed: UInt64, blocks: Int = 40) throws -> SyncChain {
        var chain = try SyncChain(folder.file("chain-\(seed)"), seed: seed)
        try chain.putRecords(5)
        try chain.eraseRecord(0)
        try chain.extend(blocks)
        return chain
    }

    /// Opens what was imported and lets it run until it has everything that `chain` has.
    private func finish(_ chain: SyncChain, from peers: SyncNode...) async throws -> SyncNode {
        let ledger = try SyncChain.open(folder.file("new"), chain.genesis)
        #expect(ledger.head.height > 20 && ledger.head.height < chain.height)
        let node = try SyncNode(100, net, ledger)
        #expect(!node.service.isComplete)
        node.start()
        for peer in peers { peer.announce(to: node) }
        try await eventually("the head") { ledger.head == chain.ledger.head }
        try await eventually("all sidecars") { node.service.isComplete }
        for (number, record) in chain.records.enumerated() {
            #expect(try ledger.store.sidecar(Sidecar.commitment(record.sidecar)) == (number == 0 ? nil : record.sidecar))
        }
        for epoch in 0..<chain.ledger.head.plan.epoch {
            #expect(try node.ledger.epochEnd(epoch) == chain.ledger.epochEnd(epoch), "epoch \(epoch)")
        }
        for account in chain.validators.map(\.account.address) {
            let (a, b) = (
                try ledger.query(StateKey.account(account), height: nil, prove: true),
                try chain.ledger.query(StateKey.account(account), height: nil, prove: true)
            )
            #expect(a.value == b.value && a.proof == b.proof)
        }
        return node
    }

    @Test func `imports the state from two peers at the same time and goes on from there`() async throws {
        var chain = try chain(1, blocks: 10)
        try chain.addAccounts(2_600)
        try chain.extend(10)
        var settings = SyncNode.settings
        settings.chunkBytes = 4_000
        let (one, two) = (try node(1, chain, settings: settings), try node(2, chain, settings: settings))
        let outcome = try await begin(chain).run()
        #expect(outcome == .imported(height: chain.height - 4))
        for peer in [one, two] {
            #expect(net.sent(by: peer.id).count { if case .chunk(_, let bytes) = $0 { !bytes.isEmpty } else { false } } > 8)
        }
        let new = try await finish(chain, from: one, two)
        for node in [one, two, new] { try await node.stop() }
    }

    @Test func `helps the next one, though it never saw the beginning`() async throws {
        var chain = try chain(2)
        let (one, two) = (try node(1, chain), try node(2, chain))
        _ = try await begin(chain).run()
        let new = try await finish(chain, from: one, two)
        try await one.stop()
        try await two.stop()
        try chain.extend(4)
        try chain.replay(into: new.ledger, to: chain.height)
        let third = try node(3, chain)
        let sync = StateSync(
            genesis: chain.genesis, path: folder.file("newest"), network: net.link(Hash32(0, 0, 0, 101)), settings: Self.settings,
            log: SyncNode.log)
        net.join(Hash32(0, 0, 0, 101)) { sync.handle($0, from: $1) }
        #expect(try await sync.run() == .imported(height: chain.height - 4))
        #expect(try SyncChain.open(folder.file("newest"), chain.genesis).head.height == chain.height - 4)
        for node in [new, third] { try await node.stop() }
    }

    @Test func `is led over many epochs in several offers`() async throws {
        var settings = SyncNode.settings
        settings.offerBytes = 1
        let chain = try chain(3, blocks: 60)
        let (one, two) = (try node(1, chain, settings: settings), try node(2, chain, settings: settings))
        #expect(try await begin(chain).run() == .imported(height: chain.height - 4))
        let offers = net.sent(by: one.id).count { if case .snapshots = $0 { true } else { false } }
        #expect(offers >= Int(chain.ledger.head.plan.epoch), "one epoch each")
        for node in [one, two, try await finish(chain, from: one, two)] { try await node.stop() }
    }

    /// Changes a chunk where it is inside the entries.
    private static let forged: SyncNet.Tamper = { frame in
        guard case .chunk(let request, var bytes) = frame, !bytes.isEmpty else { return [frame] }
        bytes[bytes.count - 1] ^= 1
        return [.chunk(request: request, bytes: bytes)]
    }

    @Test func `refuses a forged chunk, and gets the part from another peer`() async throws {
        let chain = try chain(4)
        let (liar, honest) = (try node(1, chain), try node(2, chain))
        net.tamper(liar.id, Self.forged)
        #expect(try await begin(chain).run() == .imported(height: chain.height - 4))
        // Several of its chunks may have been on their way.
        #expect(Set(net.punishments(liar.id)) == [SyncError.wrongChunk.code] && net.punishments(honest.id).isEmpty)
        for node in [liar, honest, try await finish(chain, from: honest)] { try await node.stop() }
    }

    private static func offering(_ change: @escaping @Sendable (inout WireSnapshotOffer) -> Void) -> SyncNet.Tamper {
        { frame in
            guard case .snapshots(let request, let part, true) = frame, !part.isEmpty,
                var offer = try? WireSnapshotOffer(strictly: part, limit: part.count)
            else { return [frame] }
            change(&offer)
            return [.snapshots(request: request, part: offer.encoded(), last: true)]
        }
    }

    private static let offers: [(name: String, SyncNet.Tamper)] = [
        ("an epoch left out", offering { $0.epochs.remove(at: 1) }),
        ("a false vote", offering { $0.epochs[1].certificate[$0.epochs[1].certificate.count - 1] ^= 1 }),
        ("another set", offering { $0.epochs[0].nextValidators[$0.epochs[0].nextValidators.count - 1] ^= 1 }),
        ("a header that nobody voted for", offering { $0.next.header[$0.next.header.count - 1] ^= 1 }),
        ("another header's votes", offering { $0.next.certificate = $0.epochs[0].certificate }),
        ("another state", offering { $0.manifest[45] ^= 1 }),
        ("another block", offering { $0.block = .init($0.block.dropLast()) }),
        ("votes for the block that nobody cast", offering { $0.certificate = $0.next.certificate }),
    ]

    @Test(arguments: offers.indices)
    func `refuses an offer that the chain does not prove`(number: Int) async throws {
        let (name, tamper) = Self.offers[number]
        let chain = try chain(5)
        let (liar, one, two) = (try node(1, chain), try node(2, chain), try node(3, chain))
        net.tamper(liar.id, tamper)
        #expect(try await begin(chain).run() == .imported(height: chain.height - 4))
        #expect(net.punishments(liar.id) == [SyncError.wrongSnapshot.code], "\(name)")
        #expect(net.punishments(one.id).isEmpty && net.punishments(two.id).isEmpty)
        for node in [liar, one, two, try await finish(chain, from: one, two)] { try await node.stop() }
    }

    @Test func `refuses the snapshot of another chain, and prefers the newest to a stale one`() async throws {
        let (chain, other) = (try chain(6), try chain(7))
        let (stranger, stale, fresh) = (try node(1, other), try node(2, chain, height: 30), try node(3, chain))
        #expect(try await begin(chain).run() == .imported(height: chain.height - 4))
        #expect(net.punishments(stranger.id).allSatisfy { $0 == SyncError.wrongSnapshot.code } && !net.punishments(stranger.id).isEmpty)
        #expect(net.punishments(stale.id).isEmpty, "to be late is no fault")
        for node in [stranger, stale, fresh, try await finish(chain, from: fresh)] { try await node.stop() }
    }

    @Test func `goes on with an import that was cut off`() async throws {
        let chain = try chain(8)
        let (one, two) = (try node(1, chain), try node(2, chain))
        let served = Mutex(0)
        // Three chunks come, then nothing.
        let broken: SyncNet.Tamper = { frame in
            guard case .chunk = frame else { return [frame] }
            return served.withLock { served in
                served += 1
                return served <= 3 ? [frame] : []
            }
        }
        for peer in [one, two] { net.tamper(peer.id, broken) }
        let first = begin(chain)
        let run = Task { try await first.run() }
        try await eventually("the import stands still") { served.withLock { $0 > 3 } }
        run.cancel()
        await #expect(throws: (any Error).self) { try await run.value }
        net.leave(Self.newcomer)
        for peer in [one, two] { net.tamper(peer.id, nil) }

        let path = folder.file("new")
        let started = try #require(try SnapshotImporter.started(path))
        let left = try missing(started, chain, path)
        #expect(left.entries > 0 && !left.ranges.isEmpty && left.ranges != started.parts)
        // The chain has gone on meanwhile; the snapshot that was begun is finished all the same.
        var longer = chain
        try longer.extend(9)
        for peer in [one, two] { try longer.replay(into: peer.ledger, to: longer.height) }
        #expect(try await begin(longer).run() == .imported(height: started.height))
        for node in [one, two, try await finish(longer, from: one, two)] { try await node.stop() }
    }

    private func missing(_ manifest: SnapshotManifest, _ chain: SyncChain, _ path: String) throws -> (entries: UInt64, ranges: [PathRange])
    {
        let next = try #require(chain.blocks.first { $0.height == manifest.height + 1 })
        let target = try LedgerImport(path: path, genesis: chain.genesis, manifest: manifest, next: next.payload.header)
        defer { target.close() }
        return (target.entries, target.missing)
    }

    @Test func `begins another import when nobody has the begun one any more`() async throws {
        let chain = try chain(9)
        let (one, two) = (try node(1, chain), try node(2, chain))
        for peer in [one, two] { net.tamper(peer.id) { frame in if case .chunk = frame { [] } else { [frame] } } }
        let first = begin(chain)
        let run = Task { try await first.run() }
        try await eventually("the import has begun") { net.sent(by: one.id).contains { if case .chunk = $0 { true } else { false } } }
        run.cancel()
        _ = await run.result
        for peer in [one, two] { try await peer.stop() }
        let begun = try #require(try SnapshotImporter.started(folder.file("new")))
        var longer = chain
        try longer.extend(30)
        let (three, four) = (try node(3, longer), try node(4, longer))
        for peer in [three, four] { while try peer.ledger.prune(Retention(stateVersions: 8)) {} }
        var settings = Self.settings
        settings.patience = .milliseconds(300)
        #expect(try await begin(longer, settings).run() == .imported(height: longer.height - 4) && begun.height < longer.height - 8)
        for node in [three, four, try await finish(longer, from: three, four)] { try await node.stop() }
    }

    @Test func `begins at the genesis when the chain is young, or nobody is there`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 10)
        var settings = Self.settings
        settings.patience = .milliseconds(50)
        #expect(try await begin(chain, settings).run() == .alone)
        // Others that are new as well say so at once.
        let others = [Hash32(0, 0, 0, 7), Hash32(0, 0, 0, 8)].map { id in
            let other = StateSync(
                genesis: chain.genesis, path: folder.file("\(id)"), network: net.link(id), settings: settings, log: SyncNode.log)
            net.join(id) { other.handle($0, from: $1) }
            return id
        }
        #expect(try await begin(chain).run() == .notNeeded)
        for id in others { net.leave(id) }
        try chain.extend(12)
        let (one, two) = (try node(1, chain), try node(2, chain))
        #expect(try await begin(chain).run() == .notNeeded)
        #expect(net.sent(by: one.id).allSatisfy { if case .chunk = $0 { false } else { true } })
        for node in [one, two] { try await node.stop() }
    }

    @Test func `leaves a chain alone, and puts the state in the place of an empty one`() async throws {
        let chain = try chain(11)
        let (one, two) = (try node(1, chain), try node(2, chain))
        let path = folder.file("new")
        try SyncChain.open(path, chain.genesis).store.close()
        #expect(try await begin(chain).run() == .imported(height: chain.height - 4))
        #expect(try await begin(chain).run() == .notNeeded)
        for node in [one, two, try await finish(chain, from: one, two)] { try await node.stop() }
    }

    /// A chain may have more epochs than fit into memory: what was led over leaves, and only snapshots far back are passed over.
    @Test func `forgets old ends of epochs, and judges what it remembers`() throws {
        let chain = try chain(13, blocks: 60)
        func shelf(_ height: UInt64) throws -> [UInt8] {
            try SnapshotShelf(chain.ledger, settings: SyncNode.settings).offer(SnapshotRequest(request: 1, epoch: 0, height: height))
        }
        var way = EpochWay(genesis: chain.genesis, recentLimit: 1)
        guard case .offer = try way.take(shelf(0)) else {
            Issue.record("the newest is taken")
            return
        }
        let ends = way.drain()
        #expect(ends.count == Int(way.epoch) && way.epoch > 3 && way.drain().isEmpty)
        for (epoch, end) in ends.enumerated() { #expect(try chain.ledger.epochEnd(UInt64(epoch))?.encoded() == end) }
        let (early, before) = (try #require(height(chain, inEpoch: 1)), try #require(height(chain, inEpoch: way.epoch - 1)))
        guard case .stale = try way.take(shelf(early)), case .stale = try way.take(shelf(before)) else {
            Issue.record("no offence, and no offer")
            return
        }
        var patient = EpochWay(genesis: chain.genesis)
        guard case .offer = try patient.take(shelf(0)), case .offer(let old) = try patient.take(shelf(early)) else {
            Issue.record("what is remembered is judged")
            return
        }
        #expect(old.manifest.height == early && old.next.epoch == 1)
    }

    /// A height whose next one is in the epoch.
    private func height(_ chain: SyncChain, inEpoch epoch: UInt64) -> UInt64? {
        chain.blocks.first { $0.payload.header.epoch == epoch && $0.certificate != nil }.map { $0.height - 1 }
    }

    @Test func `fuzz: only offers that the chain proves are taken`() throws {
        let chain = try chain(12)
        let shelf = SnapshotShelf(chain.ledger, settings: SyncNode.settings)
        let good = try shelf.offer(SnapshotRequest(request: 1, epoch: 0))
        var way = EpochWay(genesis: chain.genesis)
        guard case .offer(let offer) = try way.take(good) else {
            Issue.record("the offer is taken")
            return
        }
        #expect(offer.manifest.height == chain.height - 4 && way.epoch == offer.next.epoch)
        let empty = WireSnapshotOffer().encoded()
        HostileBytes.each([good, good, empty]) { bytes in
            var way = EpochWay(genesis: chain.genesis)
            guard case .offer(let taken)? = try? way.take(bytes) else { return }
            #expect(taken.next == offer.next && taken.base == offer.base, "seed \(HostileBytes.seed)")
            #expect(taken.manifest.stateRoot == offer.manifest.stateRoot, "seed \(HostileBytes.seed)")
        }
    }
}
