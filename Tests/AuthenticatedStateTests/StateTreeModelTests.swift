import AuthenticatedState
import Primitives
import StateModel
import Testing

@Suite struct `State tree against the naive model` {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `random histories give the model's roots, values and key changes`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pool = KeyPool.neighbours(60, seed: seed) + KeyPool.random(20, seed: seed)
        var tracked = TrackedTree(cacheBytes: seed % 2 == 0 ? 0 : 1 << 30)
        for _ in 0..<40 {
            let before = Set(tracked.model.values.keys)
            let update = try tracked.apply(TrackedTree.randomChanges(pool, most: 30, generator: &generator))
            let after = Set(tracked.model.values.keys)
            #expect(update.root == tracked.model.root, "seed \(seed)")
            #expect(Set(update.insertedKeys) == after.subtracting(before), "seed \(seed)")
            #expect(Set(update.removedKeys) == before.subtracting(after), "seed \(seed)")
            #expect(update.insertedKeys.count + update.removedKeys.count == after.symmetricDifference(before).count)
            for key in pool { #expect(try tracked.tree.get(key) == tracked.model.values[key], "seed \(seed)") }
        }
        for (version, model) in tracked.history {
            for key in pool.prefix(20) { #expect(try tracked.tree.get(key, version: version) == model.values[key], "seed \(seed)") }
            #expect(try StateReader(store: tracked.store).root(version: version) == model.root)
        }
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `pruning leaves exactly the nodes of the versions kept`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pool = KeyPool.neighbours(50, seed: seed)
        var tracked = TrackedTree()
        for _ in 0..<30 { try tracked.apply(TrackedTree.randomChanges(pool, most: 20, generator: &generator)) }
        for update in tracked.updates.dropLast() {
            tracked.store.prune(update)
            let oldest = update.version
            for version in oldest...tracked.version {
                let model = try #require(tracked.history[version])
                for key in pool { #expect(try tracked.tree.get(key, version: version) == model.values[key], "seed \(seed)") }
            }
        }
        tracked.store.prune(try #require(tracked.updates.last))
        let reachable = try Self.reachable(tracked.store, .root(tracked.version))
        #expect(Set(tracked.store.nodes.keys) == reachable, "seed \(seed)")
    }

    /// The keys of the internal node and of everything below it.
    private static func reachable(_ store: MemoryNodeStore, _ key: NodeKey) throws -> Set<NodeKey> {
        let record = try InternalRecord(try #require(store.nodes[key]), key: key)
        var found: Set<NodeKey> = [key]
        var index = 0
        for slot in 0..<16 where record.bitmap & (1 << UInt16(slot)) != 0 {
            let child = record.children[index]
            index += 1
            let place = key.path.settingNibble(key.length, to: slot)
            let length = child.leafKeyLength.map(Int.init) ?? key.length + 1
            let childKey = NodeKey(version: child.version, path: place, length: length)
            if child.leafKeyLength == nil {
                found.formUnion(try reachable(store, childKey))
            } else {
                // A lifted leaf is written again at its place, so no key is longer than the place.
                #expect(length <= key.length + 1)
                #expect(store.nodes[childKey] != nil)
                found.insert(childKey)
            }
        }
        return found
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func `the size of the cache and restarts change nothing in the updates`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pool = KeyPool.neighbours(60, seed: seed)
        var (large, small) = (TrackedTree(), TrackedTree(cacheBytes: 2_000))
        let restarting = MemoryNodeStore()
        for _ in 0..<30 {
            let changes = TrackedTree.randomChanges(pool, most: 20, generator: &generator)
            let a = try large.apply(changes)
            let b = try small.apply(changes.shuffled(using: &generator))
            let previous = a.version == 1 ? nil : a.version - 1
            let c = try StateTree(store: restarting, version: previous).apply(changes, version: a.version)
            restarting.commit(c)
            for other in [b, c] {
                #expect(a.root == other.root, "seed \(seed)")
                #expect(a.newNodes == other.newNodes, "seed \(seed)")
                #expect(a.stale == other.stale, "seed \(seed)")
                #expect(a.insertedKeys == other.insertedKeys && a.removedKeys == other.removedKeys, "seed \(seed)")
            }
        }
    }

    @Test func `equal contents have equal roots whatever their history`() throws {
        let pool = KeyPool.neighbours(100, seed: 31)
        var generator = SeededGenerator(seed: 32)
        for count in [0, 1, 2, 3, 17, 60] {
            var (direct, winding) = (TrackedTree(), TrackedTree(cacheBytes: 0))
            let wanted = pool.prefix(count).map { (key: $0, value: Optional([7, $0[0]])) }
            try direct.apply(Array(wanted))
            for _ in 0..<10 { try winding.apply(TrackedTree.randomChanges(pool, most: 80, generator: &generator)) }
            try winding.apply(pool.dropFirst(count).map { (key: $0, value: nil) })
            for change in wanted.shuffled(using: &generator) { try winding.apply([change]) }
            #expect(try direct.tree.root() == winding.tree.root())
            #expect(try direct.tree.root() == direct.model.root)
        }
    }
}
