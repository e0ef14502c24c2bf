import AuthenticatedState
import Primitives
import Storage
import Testing

/// A chain on disk with its tree, and blocks made from a seed.
struct TestChain {
    let store: ChainStore
    let tree: StateTree

    init(_ path: String, options: Database.Options = .init()) throws {
        store = try ChainStore(path: path, options: options)
        tree = StateTree(store: store, version: store.head()?.stateVersion)
    }

    static func hash(_ kind: UInt64, _ height: UInt64) -> Hash32 { Hash32(kind, height, 0, 7) }

    func commit(_ height: UInt64, _ changes: [(key: [UInt8], value: [UInt8]?)], erase: [Hash32] = []) throws {
        let update = try tree.apply(changes, version: height)
        try store.commit(
            BlockCommit(
                height: height, blockHash: Self.hash(1, height), block: [1, UInt8(height)], certificate: nil,
                receipts: [(Self.hash(2, height), 3, [9, UInt8(height)])], sidecars: [(Self.hash(3, height), [8, UInt8(height)])],
                erasedSidecars: erase, treeUpdate: update))
    }
}

@Suite struct `A chain on disk` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func chain(_ name: String = "chain") throws -> TestChain { try TestChain(directory.file(name)) }

    @Test func `a new store is empty`() throws {
        let store = try chain().store
        #expect(store.head() == nil)
        #expect(try store.block(1) == nil)
        #expect(try store.receipt(.zero) == nil)
        #expect(try store.keys(prefix: [], limit: 5).isEmpty)
        #expect(try store.oldestStateVersion() == nil)
    }

    @Test func `a block and all its effects are read back, also after reopening`() throws {
        do {
            let chain = try chain()
            for height in 1...5 as ClosedRange<UInt64> {
                try chain.commit(
                    height, [(key: [1, UInt8(height)], value: [5]), (key: [2], value: [UInt8(height)])],
                    erase: height == 4 ? [TestChain.hash(3, 2)] : [])
            }
            chain.store.close()
        }
        let chain = try chain()
        let store = chain.store
        let root = try chain.tree.root()
        #expect(store.head() == ChainHead(height: 5, blockHash: TestChain.hash(1, 5), stateVersion: 5, root: root))
        #expect(try store.block(3) == [1, 3])
        #expect(try store.blockHash(3) == TestChain.hash(1, 3))
        #expect(try store.height(ofBlock: TestChain.hash(1, 4)) == 4)
        #expect(try store.height(ofBlock: .zero) == nil)
        let receipt = try #require(try store.receipt(TestChain.hash(2, 3)))
        #expect(receipt.height == 3 && receipt.index == 3 && receipt.bytes == [9, 3])
        #expect(try store.sidecar(TestChain.hash(3, 1)) == [8, 1])
        #expect(try store.sidecar(TestChain.hash(3, 2)) == nil)
        #expect(try store.keys(prefix: [1], limit: 10) == (1...5).map { [1, $0] })
        #expect(try store.keys(prefix: [1], from: [1, 3], limit: 2) == [[1, 3], [1, 4]])
        #expect(try store.keys(prefix: [], limit: 10).count == 6)
        #expect(try chain.tree.get([2]) == [5])
        #expect(try chain.tree.get([2], version: 2) == [2])
    }

    @Test func `certificates, names and ciphertext may come later`() throws {
        let chain = try chain()
        try chain.commit(1, [])
        #expect(try chain.store.certificate(1) == nil)
        try chain.store.putCertificate(height: 1, [4, 2])
        #expect(try chain.store.certificate(1) == [4, 2])
        try chain.store.putMeta("chain/head", [1])
        #expect(try chain.store.getMeta("chain/head") == [1])
        #expect(try chain.store.getMeta("other") == nil)
        try chain.store.putSidecar(.zero, [3])
        #expect(try chain.store.sidecar(.zero) == [3])
        try chain.store.deleteSidecar(.zero)
        try chain.store.purgeErased()
        #expect(try chain.store.sidecar(.zero) == nil)
        chain.store.close()
        #expect(try self.chain().store.head()?.height == 1)
    }

    @Test func `only the next height is committed`() throws {
        let chain = try chain()
        try chain.commit(7, [])
        for height in [7, 9] as [UInt64] {
            #expect(throws: StorageError.notNext(head: 7, given: height)) {
                let update = try StateTree(store: chain.store, version: nil).apply([], version: height)
                try chain.store.commit(BlockCommit(height: height, blockHash: .zero, block: [], treeUpdate: update))
            }
        }
        #expect(throws: StorageError.notNext(head: 7, given: 8)) {
            let update = try StateTree(store: chain.store, version: nil).apply([], version: 9)
            try chain.store.commit(BlockCommit(height: 8, blockHash: .zero, block: [], treeUpdate: update))
        }
        try chain.commit(8, [])
    }

    @Test func `pruning keeps the versions asked for, in small steps, and the tree whole`() throws {
        let chain = try chain()
        var generator = SeededGenerator(seed: 5)
        let keys = (0..<40).map { _ in generator.bytes(6) }
        var past: [UInt64: [[UInt8]?]] = [:]
        var values = [[UInt8]?](repeating: nil, count: keys.count)
        for height in 1...20 as ClosedRange<UInt64> {
            let touched = keys.indices.filter { _ in generator.next() % 3 == 0 }
            let changes = touched.map { (key: keys[$0], value: generator.next() % 4 == 0 ? nil : generator.bytes(3)) }
            for (index, change) in zip(touched, changes) { values[index] = change.value }
            try chain.commit(height, changes)
            past[height] = values
        }
        #expect(try chain.store.oldestStateVersion() == 1)
        while try chain.store.pruneState(keeping: 4, limit: 7) {}
        #expect(try chain.store.oldestStateVersion() == 17)
        for height in 17...20 as ClosedRange<UInt64> {
            for (key, value) in zip(keys, past[height] ?? []) { #expect(try chain.tree.get(key, version: height) == value) }
        }
        for height in 1...16 as ClosedRange<UInt64> {
            #expect(throws: StateError.unknownVersion(height)) { try chain.tree.get(keys[0], version: height) }
        }
        #expect(try !chain.store.pruneState(keeping: 4))
        chain.store.close()
        let again = try self.chain()
        for (key, value) in zip(keys, values) { #expect(try again.tree.get(key) == value) }
    }

    @Test func `a head that contradicts the rest is refused`() throws {
        let keys: [(column: Int, key: [UInt8])] = [
            (1, Array("b".utf8) + [0, 0, 0, 0, 0, 0, 0, 2]), (1, Array("n".utf8) + [0, 0, 0, 0, 0, 0, 0, 2]),
            (1, Array("h".utf8) + TestChain.hash(1, 2).bytes), (5, NodeKey.root(2).encoded),
        ]
        for (number, broken) in keys.enumerated() {
            let path = directory.file("broken\(number)")
            let chain = try TestChain(path)
            for height in 1...2 as ClosedRange<UInt64> { try chain.commit(height, [(key: [UInt8(height)], value: [1])]) }
            chain.store.close()
            try Self.edit(path, column: broken.column, key: broken.key, value: nil)
            let error = #expect(throws: StorageError.self) { try ChainStore(path: path) }
            #expect(error?.code == 1302, "\(number)")
        }
    }

    @Test func `a changed root node and unknown formats are refused`() throws {
        let head = Array("chain/head".utf8)
        for (column, key, value, code) in [
            (5, NodeKey.root(1).encoded, InternalRecord(bitmap: 0, children: []).encoded(version: 1), 1302),
            (5, NodeKey.root(1).encoded, [2, 2, 0], 1304), (0, head, [2, 0], 1304), (0, head, [1, 0], 1302),
        ] as [(Int, [UInt8], [UInt8], UInt32)] {
            let path = directory.file("changed\(code)\(column)\(value.count)")
            let chain = try TestChain(path)
            try chain.commit(1, [(key: [1], value: [1])])
            chain.store.close()
            try Self.edit(path, column: column, key: key, value: value)
            let error = #expect(throws: StorageError.self) { try ChainStore(path: path) }
            #expect(error?.code == code)
        }
    }

    @Test func `a copy opens at the height it was made`() throws {
        let chain = try chain()
        try chain.commit(1, [(key: [1], value: [1])])
        try chain.store.checkpoint(to: directory.file("backup"))
        try chain.commit(2, [(key: [1], value: [2])])
        let copy = try self.chain("backup")
        #expect(copy.store.head()?.height == 1)
        #expect(try copy.tree.get([1]) == [1])
        try copy.commit(2, [])
    }

    /// Changes a row behind the chain store's back.
    private static func edit(_ path: String, column: Int, key: [UInt8], value: [UInt8]?) throws {
        let database = try Database(path: path, columns: ChainStore.columns)
        var batch = try database.makeBatch()
        if let value { batch.put(ChainStore.columns[column], key, value) } else { batch.delete(ChainStore.columns[column], key) }
        try database.write(batch)
        database.close()
    }
}
