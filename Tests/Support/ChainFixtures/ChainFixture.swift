import AuthenticatedState
import Primitives
import Storage

/// Blocks that follow from their heights alone, so that a process that is killed and the one that looks after it agree on them.
package enum ChainFixture {
    package static let versionsKept: UInt64 = 6

    /// The state changes of a block: 20 to 60 over a pool of 400 keys, a quarter of them removals.
    package static func changes(_ height: UInt64) -> [(key: [UInt8], value: [UInt8]?)] {
        var generator = SeededGenerator(seed: height &* 0x9E37)
        var chosen = Set<UInt64>()
        let count = 20 + Int(generator.next() % 41)
        while chosen.count < count { chosen.insert(generator.next() % 400) }
        return chosen.sorted().map { number in
            var key = Array("key/".utf8)
            key.append(littleEndian: number)
            let value = generator.next() % 4 == 0 ? nil : generator.bytes(1 + Int(generator.next() % 120))
            return (key, value)
        }
    }

    package static func blockHash(_ height: UInt64) -> Hash32 { Hash32(1, height, 0, 0) }
    package static func transactionId(_ height: UInt64) -> Hash32 { Hash32(2, height, 0, 0) }
    package static func sidecarHash(_ height: UInt64) -> Hash32 { Hash32(3, height, 0, 0) }
    package static func bytes(_ kind: UInt64, _ height: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: kind << 32 | height)
        return generator.bytes(200 + Int(generator.next() % 2_000))
    }

    /// The block, which also erases the ciphertext of five blocks before.
    package static func block(_ height: UInt64, _ update: TreeUpdate) -> BlockCommit {
        BlockCommit(
            height: height, blockHash: blockHash(height), block: bytes(1, height), certificate: bytes(4, height),
            receipts: [(transactionId(height), 0, bytes(2, height))], sidecars: [(sidecarHash(height), bytes(3, height))],
            erasedSidecars: height > 5 ? [sidecarHash(height - 5)] : [], treeUpdate: update)
    }

    /// The line that acknowledges a block.
    package static func acknowledgement(_ height: UInt64, _ root: Hash32) -> String { "\(height) \(root)" }

    /// Commits the blocks after the head up to `last`, prunes, and calls `acknowledge` after each.
    package static func extend(_ store: ChainStore, through last: UInt64, acknowledge: (String) throws -> Void) throws {
        let tree = StateTree(store: store, version: store.head()?.stateVersion)
        while true {
            let height = (store.head()?.height ?? 0) + 1
            if height > last { return }
            let update = try tree.apply(changes(height), version: height)
            try store.commit(block(height, update))
            try acknowledge(acknowledgement(height, update.root))
            if height % 4 == 0 { while try store.pruneState(keeping: versionsKept, limit: 50) {} }
        }
    }
}

extension ChainFixture {
    /// Imports the state of the source's head to `path`, or goes on with it, opening the import anew after every `reopen` chunks.
    package static func importState(of source: ChainStore, to path: String, replacing: Bool, reopen: Int) throws {
        let height = source.head()?.height ?? 0
        let reader = try source.makeSnapshotReader(height)
        var manifest = reader.manifest
        manifest.partNibbles = 1
        while true {
            let importer = try SnapshotImporter(path: path, manifest: manifest)
            for range in importer.missing.prefix(reopen) { try importer.add(try reader.chunk(range, targetBytes: 600)) }
            guard importer.missing.isEmpty else {
                importer.close()
                continue
            }
            let receipts: [BlockCommit.Receipt] = [(transactionId(height), 0, bytes(2, height))]
            let base = SnapshotBase(block: bytes(1, height), certificate: bytes(4, height), receipts: receipts)
            return try importer.finish(base, replacing: replacing)
        }
    }

    /// What is wrong with a store that was imported at `height`; empty when nothing is.
    package static func importProblems(_ store: ChainStore, source: ChainStore) throws -> [String] {
        var problems: [String] = []
        if store.head() != source.head() { problems.append("another head") }
        let height = source.head()?.height ?? 0
        if try store.block(height) != bytes(1, height) { problems.append("the head's block") }
        let keys = try source.keys(prefix: [], limit: 1_000)
        if try store.keys(prefix: [], limit: 1_000) != keys { problems.append("index of keys") }
        let (copy, original) = (StateReader(store: store), StateReader(store: source))
        for key in keys where try copy.get(key, version: height) != original.get(key, version: height) { problems.append("a value") }
        return problems
    }
}

/// The same chain, computed in memory: what a store is compared with.
package struct ChainExpectation {
    private var values: [[UInt8]: [UInt8]] = [:]
    package private(set) var height: UInt64 = 0
    private let roots: [Hash32]

    /// Knows the chain up to `height`; `roots` are those acknowledged or recomputed elsewhere, by height from 1 on.
    package init(height: UInt64, roots: [Hash32]) {
        self.roots = roots
        while self.height < height {
            self.height += 1
            for change in ChainFixture.changes(self.height) { values[change.key] = change.value }
        }
    }

    /// What is wrong with the store; empty when nothing is.
    package func problems(_ store: ChainStore) throws -> [String] {
        guard let head = store.head() else { return height == 0 ? [] : ["no head"] }
        var problems: [String] = []
        func check(_ holds: Bool, _ what: @autoclosure () -> String) { if !holds { problems.append(what()) } }
        check(head.height == height, "head \(head.height), expected \(height)")
        check(head.root == roots[Int(height) - 1], "root of the head")
        for past in 1...height {
            check(try store.block(past) == ChainFixture.bytes(1, past), "block \(past)")
            check(try store.certificate(past) == ChainFixture.bytes(4, past), "certificate \(past)")
            check(try store.height(ofBlock: ChainFixture.blockHash(past)) == past, "height of block \(past)")
            check(try store.receipt(ChainFixture.transactionId(past))?.bytes == ChainFixture.bytes(2, past), "receipt \(past)")
            let sidecar = past + 5 <= height ? nil : ChainFixture.bytes(3, past)
            check(try store.sidecar(ChainFixture.sidecarHash(past)) == sidecar, "ciphertext \(past)")
        }
        let tree = StateTree(store: store, version: head.stateVersion, cacheBytes: 0)
        for number in 0..<400 as Range<UInt64> {
            var key = Array("key/".utf8)
            key.append(littleEndian: number)
            check(try tree.get(key) == values[key], "value of key \(number)")
        }
        let keys = values.keys.sorted { $0.lexicographicallyPrecedes($1) }
        check(try store.keys(prefix: [], limit: 1_000) == keys, "index of keys")
        let oldest = try store.oldestStateVersion() ?? 0
        check(oldest + ChainFixture.versionsKept <= height + 1 || oldest == 1, "pruned too far: \(oldest) at \(height)")
        for version in max(oldest, 1)...height {
            check(try StateReader(store: store).root(version: version) == roots[Int(version) - 1], "root of version \(version)")
        }
        return problems
    }
}
