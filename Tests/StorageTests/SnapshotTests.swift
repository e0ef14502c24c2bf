import AuthenticatedState
import Primitives
import Storage
import Testing

@Suite struct `Snapshots of a chain` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let base = SnapshotBase(
        block: [1, 9], certificate: [7], receipts: [(TestChain.hash(2, 9), 3, [9, 9])], names: [("genesis", [4])])

    /// A chain of nine blocks with a few hundred keys.
    private func source(_ name: String = "source") throws -> TestChain {
        let chain = try TestChain(directory.file(name))
        var generator = SeededGenerator(seed: 12)
        for height in 1...9 as ClosedRange<UInt64> {
            let changes = (0..<60).map { _ in generator.bytes(2) }
            try chain.commit(
                height, Set(changes).map { (key: $0, value: generator.next() % 5 == 0 ? nil : generator.bytes(20)) })
        }
        return chain
    }

    /// Imports what is missing, in an order from the seed, in chunks of about `bytes`.
    private func fetch(_ importer: SnapshotImporter, _ reader: SnapshotReader, seed: UInt64, bytes: Int = 400, most: Int = .max) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<most {
            let missing = importer.missing
            guard !missing.isEmpty else { return }
            try importer.add(try reader.chunk(missing[Int(generator.next() % UInt64(missing.count))], targetBytes: bytes))
        }
    }

    /// With 16 parts whatever the size.
    private func shared(_ manifest: SnapshotManifest) -> SnapshotManifest {
        var manifest = manifest
        manifest.partNibbles = 1
        return manifest
    }

    @Test func `an imported chain has the same state and goes on the same way`() throws {
        let source = try source()
        let path = directory.file("copy")
        let reader = try source.store.makeSnapshotReader(9)
        #expect(reader.manifest.height == 9 && reader.manifest.blockHash == TestChain.hash(1, 9))
        #expect(try reader.manifest.stateRoot == source.tree.root())
        let importer = try SnapshotImporter(path: path, manifest: shared(reader.manifest))
        try fetch(importer, reader, seed: 3)
        try importer.finish(Self.base, names: { put in for number in 0..<3 { try put("epoch/\(number)", [UInt8(number)]) } })
        #expect(try SnapshotImporter.started(path) == nil)
        let copy = try TestChain(path)
        #expect(copy.store.head() == source.store.head())
        let keys = try source.store.keys(prefix: [], limit: 10_000)
        #expect(try copy.store.keys(prefix: [], limit: 10_000) == keys)
        #expect(importer.entries == UInt64(keys.count))
        for key in keys {
            #expect(try copy.tree.get(key) == source.tree.get(key))
            #expect(try copy.tree.prove(key, version: 9) == source.tree.prove(key, version: 9))
        }
        #expect(try (0..<3).map { try copy.store.getMeta("epoch/\($0)") } == [[0], [1], [2]])
        #expect(try copy.store.block(9) == [1, 9] && copy.store.certificate(9) == [7] && copy.store.getMeta("genesis") == [4])
        #expect(try copy.store.receipt(TestChain.hash(2, 9))?.bytes == [9, 9])
        #expect(try copy.store.oldestBlock() == 9 && copy.store.oldestStateVersion() == 9)
        #expect(try copy.store.block(8) == nil)
        let changes = keys.prefix(30).enumerated().map { (key: $1, value: $0 % 3 == 0 ? nil : [UInt8(1)]) }
        for chain in [source, copy] { for height in 10...12 as ClosedRange<UInt64> { try chain.commit(height, changes) } }
        #expect(copy.store.head() == source.store.head())
        while try copy.store.pruneState(keeping: 1) {}
        for key in keys { #expect(try copy.tree.get(key) == source.tree.get(key)) }
    }

    @Test func `an import goes on where it stopped, also when the program ended`() throws {
        let source = try source()
        let path = directory.file("copy")
        let reader = try source.store.makeSnapshotReader(9)
        var rounds = 0
        while true {
            let importer = try SnapshotImporter(path: path, manifest: shared(reader.manifest))
            try fetch(importer, reader, seed: UInt64(rounds), most: 5)
            rounds += 1
            let left = importer.missing
            if !left.isEmpty { #expect(throws: SnapshotError.incomplete) { try importer.finish(Self.base) } }
            importer.close()
            #expect(try SnapshotImporter.started(path) == shared(reader.manifest))
            if left.isEmpty { break }
        }
        #expect(rounds > 4)
        try SnapshotImporter(path: path, manifest: reader.manifest).finish(Self.base)
        #expect(try TestChain(path).store.head() == source.store.head())
    }

    @Test func `chunks that were not asked for and false ones change nothing`() throws {
        let source = try source()
        let reader = try source.store.makeSnapshotReader(9)
        let importer = try SnapshotImporter(path: directory.file("copy"), manifest: shared(reader.manifest))
        let part = importer.missing[4]
        let good = try reader.chunk(part)
        #expect(good.entries.count > 3)
        var lacking = good
        lacking.entries.removeLast()
        #expect(throws: SnapshotError.rootMismatch) { try importer.add(lacking) }
        #expect(throws: SnapshotError.notAsked) { try importer.add(try reader.chunk(.all)) }
        #expect(throws: SnapshotError.notAsked) { try importer.add(try reader.chunk(try #require(part.after(part.first)))) }
        #expect(importer.missing == PathRange.parts(nibbles: 1) && importer.entries == 0)
        try importer.add(good)
        #expect(throws: SnapshotError.notAsked) { try importer.add(good) }
        #expect(importer.missing.count == 15 && importer.entries == UInt64(good.entries.count))
        #expect(throws: SnapshotError.incomplete) { try importer.finish(Self.base) }
    }

    @Test func `another snapshot does not mix in, and a chain is not replaced unasked`() throws {
        let source = try source()
        let path = directory.file("copy")
        let (nine, eight) = (try source.store.makeSnapshotReader(9), try source.store.makeSnapshotReader(8))
        try SnapshotImporter(path: path, manifest: nine.manifest).close()
        #expect(throws: SnapshotError.otherSnapshot) { try SnapshotImporter(path: path, manifest: eight.manifest) }
        try SnapshotImporter.abandon(path)
        #expect(try SnapshotImporter.started(path) == nil)
        do {
            let old = try TestChain(path)
            try old.commit(1, [])
            old.store.close()
        }
        let importer = try SnapshotImporter(path: path, manifest: eight.manifest)
        try fetch(importer, eight, seed: 1)
        #expect(throws: SnapshotError.occupied) { try importer.finish(Self.base) }
        #expect(try TestChain(path).store.head()?.height == 1)
        try importer.finish(Self.base, replacing: true)
        let store = try TestChain(path).store
        #expect(store.head()?.height == 8)
        #expect(store.head()?.root == eight.manifest.stateRoot)
    }

    @Test func `a version that is served is not pruned until its reader goes`() throws {
        let source = try source()
        var reader: SnapshotReader? = try source.store.makeSnapshotReader(4)
        let second = try source.store.makeSnapshotReader(6)
        while try source.store.pruneState(keeping: 1) {}
        #expect(try source.store.oldestStateVersion() == 4)
        try reader?.chunk(.all).verify(root: try #require(reader).manifest.stateRoot)
        for height in [0, 3, 10, 11] as [UInt64] {
            #expect(throws: SnapshotError.notServed) { try source.store.makeSnapshotReader(height) }
        }
        reader = nil
        while try source.store.pruneState(keeping: 1) {}
        #expect(try source.store.oldestStateVersion() == 6)
        try second.chunk(.all).verify(root: second.manifest.stateRoot)
    }
}
