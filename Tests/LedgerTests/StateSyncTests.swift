import AuthenticatedState
import ChainTypes
import Cryptography
import FoundationEssentials
import Ledger
import LedgerSupport
import Primitives
import Storage
import TestVectors
import Testing
import WireTypes

/// A ledger with a dataset, records and transfers, and the blocks that made it.
private struct SyncSource {
    let scene: LedgerScene
    let ledger: LedgerApplication
    var blocks: [SceneBlock] = []
    var nonces: [Int]
    var records: [(id: Hash32, sidecar: [UInt8])] = []
    private var generator: SeededGenerator

    init(_ path: String, seed: UInt64) throws {
        scene = try LedgerScene(seed: seed)
        ledger = try LedgerApplication(store: ChainStore(path: path, options: .init(sync: false)), genesis: scene.genesis)
        nonces = scene.start
        generator = SeededGenerator(seed: seed)
        try run(0, [try CreditScene.datasetMessage()])
    }

    mutating func run(_ account: Int, _ messages: [WireMessage], sidecars: [[UInt8]] = []) throws {
        nonces[account] += 1
        try add([try scene.transaction(account, nonce: nonces[account], messages, sidecars: sidecars)])
    }

    mutating func add(_ transactions: [SubmittedTransaction]) throws {
        let block = try scene.block(on: ScenePoint(ledger.head, nonces: nonces), transactions)
        try ledger.run(block)
        blocks.append(block)
    }

    mutating func transfers(_ count: Int) throws {
        for _ in 0..<count {
            let point = ScenePoint(ledger.head, nonces: nonces)
            let (block, after) = try scene.randomBlock(on: point, view: point.height + 1, generator: &generator)
            try ledger.run(block)
            nonces = after
            blocks.append(block)
        }
    }

    mutating func putRecord() throws {
        let sidecar = Sidecar.make(generator.bytes(50), salt: generator.bytes(32))
        var message = WirePutRecord()
        let id = generator.hash()
        message.record = .init(id.bytes)
        message.dataset = CreditScene.dataset
        message.commitment = .init(Sidecar.commitment(sidecar).bytes)
        message.size = UInt32(sidecar.count)
        message.schemaVersion = 1
        try run(1, [WireMessage(.putRecord(message))], sidecars: [sidecar])
        #expect(try ledger.store.sidecar(Sidecar.commitment(sidecar)) == sidecar, "the record was accepted")
        records.append((id, sidecar))
    }

    mutating func eraseRecord(_ number: Int) throws {
        var message = WireEraseRecord()
        message.record = .init(records[number].id.bytes)
        message.dataset = CreditScene.dataset
        try run(1, [WireMessage(.eraseRecord(message))])
        #expect(try ledger.store.sidecar(Sidecar.commitment(records[number].sidecar)) == nil)
    }

    func header(_ height: UInt64) throws -> BlockHeader { try #require(blocks.first { $0.height == height }).block.header }
}

@Suite struct `A node that imports the state` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func source(seed: UInt64 = 5) throws -> SyncSource {
        var source = try SyncSource(directory.file("source"), seed: seed)
        for _ in 0..<4 { try source.putRecord() }
        try source.transfers(12)
        try source.eraseRecord(0)
        try source.transfers(3)
        return source
    }

    private func fetch(_ target: LedgerImport, _ reader: SnapshotReader) throws {
        while let range = target.missing.last { try target.add(try reader.chunk(range, targetBytes: 300).encode()) }
    }

    private func open(_ name: String, _ scene: LedgerScene) throws -> LedgerApplication {
        try LedgerApplication(store: ChainStore(path: directory.file(name), options: .init(sync: false)), genesis: scene.genesis)
    }

    @Test func `it gets the head, replays what follows and asks for the live sidecars`() throws {
        var source = try source()
        let height = source.ledger.head.height - 4
        let reader = try source.ledger.makeSnapshotReader(height)
        let target = try LedgerImport(
            path: directory.file("copy"), genesis: source.scene.genesis, manifest: reader.manifest, next: try source.header(height + 1))
        try fetch(target, reader)
        try target.finish(try SnapshotBlock.decode(source.ledger.snapshotBlock(height).encode()), certificate: nil)
        let copy = try open("copy", source.scene)
        #expect(copy.head.height == height)
        #expect(
            try copy.head.stateRoot == source.header(height + 1).stateRoot
                && copy.head.receiptsRoot == source.header(height + 1).receiptsRoot)
        try source.putRecord()
        for block in source.blocks where block.height > height { try copy.run(block) }
        #expect(copy.head == source.ledger.head)
        for key in source.scene.keys.map({ StateKey.account($0.address) }) {
            #expect(try copy.query(key, height: nil, prove: true).proof == source.ledger.query(key, height: nil, prove: true).proof)
        }
        try Self.completeSidecars(copy, source)
        #expect(try copy.oldest() == (height, height))
    }

    /// Of five records the first was erased, and the last came with its block.
    private static func completeSidecars(_ copy: LedgerApplication, _ source: SyncSource) throws {
        var missing: [LiveSidecar] = []
        var after: [UInt8]?
        repeat {
            let step = try copy.missingSidecars(after: after, limit: 2)
            missing += step.missing
            after = step.next
        } while after != nil
        #expect(Set(missing.map(\.commitment)) == Set(source.records[1...3].map { Sidecar.commitment($0.sidecar) }))
        for wanted in missing {
            let sidecar = try #require(try source.ledger.store.sidecar(wanted.commitment))
            #expect(throws: TransactionError.sidecarMismatch) { try copy.install(sidecar + [0], for: wanted) }
            #expect(try copy.install(sidecar, for: wanted))
            #expect(try copy.store.sidecar(wanted.commitment) == sidecar)
        }
        #expect(try copy.missingSidecars().missing.isEmpty)
    }

    @Test func `a sidecar that is erased while it travels is not kept`() throws {
        var source = try source()
        let wanted = try #require(source.records.last)
        let commitment = Sidecar.commitment(wanted.sidecar)
        try source.ledger.store.deleteSidecar(commitment)
        let live = try #require(try source.ledger.missingSidecars().missing.first)
        #expect(live.commitment == commitment)
        try source.eraseRecord(source.records.count - 1)
        #expect(try !source.ledger.install(wanted.sidecar, for: live))
        #expect(try source.ledger.store.sidecar(commitment) == nil)
        #expect(try source.ledger.missingSidecars().missing.isEmpty)
    }

    @Test func `a block, receipts or header that do not belong to the snapshot are refused`() throws {
        let source = try source()
        let height = source.ledger.head.height - 3
        let reader = try source.ledger.makeSnapshotReader(height)
        let (path, genesis) = (directory.file("copy"), source.scene.genesis)
        for wrong in [height, height + 2] {
            #expect(throws: SnapshotError.wrongBlock) {
                try LedgerImport(path: path, genesis: genesis, manifest: reader.manifest, next: try source.header(wrong))
            }
        }
        var lying = reader.manifest
        lying.stateRoot = Hash32(1, 1, 1, 1)
        let next = try source.header(height + 1)
        #expect(throws: SnapshotError.wrongBlock) { try LedgerImport(path: path, genesis: genesis, manifest: lying, next: next) }
        let target = try LedgerImport(path: path, genesis: genesis, manifest: reader.manifest, next: next)
        #expect(throws: SnapshotError.malformed) { try target.add([1, 2, 3]) }
        try fetch(target, reader)
        let good = try source.ledger.snapshotBlock(height)
        var changed = good
        changed.receipts.append([1])
        let other = try source.ledger.snapshotBlock(height - 1)
        for bad in [
            changed, other, SnapshotBlock(block: [1], receipts: []), SnapshotBlock(block: good.block, receipts: other.receipts + [[2]]),
        ] {
            #expect(throws: SnapshotError.wrongBlock) { try target.finish(bad, certificate: nil) }
        }
        try target.finish(good, certificate: nil)
        #expect(try open("copy", source.scene).head.height == height)
    }

    @Test func `only a state that a later header proves is served`() throws {
        let source = try source()
        let head = source.ledger.head.height
        #expect(throws: SnapshotError.notServed) { try source.ledger.makeSnapshotReader(head) }
        #expect(throws: SnapshotError.notServed) { try source.ledger.makeSnapshotReader(0) }
        #expect(throws: SnapshotError.notServed) { try source.ledger.snapshotBlock(head + 1) }
        _ = try source.ledger.makeSnapshotReader(head - 1)
    }

    @Test func `retention removes old blocks and states in steps and leaves headers`() throws {
        let source = try source()
        let ledger = source.ledger
        let head = ledger.head.height
        let retention = Retention(stateVersions: 2, blocks: 5)
        var steps = 0
        while try ledger.prune(retention, nodes: 20, blocks: 2) { steps += 1 }
        #expect(steps > 5)
        #expect(try ledger.oldest() == (head - 4, head - 1))
        for block in source.blocks {
            #expect(try ledger.header(block.height) == block.block.header)
            #expect(try (ledger.store.block(block.height) != nil) == (block.height >= head - 4))
        }
        #expect(throws: SnapshotError.notServed) { try ledger.snapshotBlock(1) }
        ledger.store.close()
        #expect(try open("source", source.scene).head == ledger.head)
    }

    @Test func `fuzz: blocks with receipts decode only from canonical bytes`() {
        let sample = SnapshotBlock(block: [1, 2, 3], receipts: [[4], [], [5, 6]])
        #expect(Hex.encode(sample.encode()) == "01030000000102030300000001000000040000000002000000" + "0506")
        HostileBytes.each([sample.encode()]) { bytes in
            if let decoded = try? SnapshotBlock.decode(bytes) { #expect(decoded.encode() == bytes, "seed \(HostileBytes.seed)") }
        }
        #expect(throws: SnapshotError.unknownFormat) { try SnapshotBlock.decode([2]) }
    }
}
