import AuthenticatedState
import Primitives
import StateModel
import Testing

@Suite struct `State tree` {
    @Test func `an empty state has the zero root and no values`() throws {
        var tracked = TrackedTree()
        #expect(tracked.tree.version == nil)
        #expect(try tracked.tree.root() == .zero)
        #expect(try tracked.tree.get([1]) == nil)
        #expect(try tracked.apply([]).root == .zero)
        #expect(try tracked.tree.get([1], version: 1) == nil)
    }

    @Test func `a lone leaf's hash is the root`() throws {
        var tracked = TrackedTree()
        let update = try tracked.apply([(key: [1], value: [2])])
        let path = StateHashing.path(ofKey: [1])
        #expect(update.root == StateHashing.leaf(path: path, valueHash: StateHashing.value([2])))
        #expect(update.newNodes.count == 2)
    }

    @Test func `an empty value is a value`() throws {
        var tracked = TrackedTree()
        try tracked.apply([(key: [1], value: [])])
        #expect(try tracked.tree.get([1]) == [])
        #expect(tracked.updates[0].root != .zero)
    }

    @Test func `setting the same value again changes nothing but the root record`() throws {
        var tracked = TrackedTree()
        let changes = (0..<50).map { (key: [UInt8($0)], value: Optional([UInt8($0), 9])) }
        let first = try tracked.apply(changes)
        let second = try tracked.apply(changes)
        #expect(first.root == second.root)
        #expect(second.newNodes.count == 1)
        #expect(second.stale == [.root(1)])
        #expect(second.insertedKeys.isEmpty && second.removedKeys.isEmpty)
    }

    @Test func `versions may be skipped but never repeated`() throws {
        let store = MemoryNodeStore()
        let tree = StateTree(store: store, version: nil)
        store.commit(try tree.apply([(key: [1], value: [1])], version: 5))
        #expect(throws: StateError.versionNotIncreasing(head: 5, given: 5)) { try tree.apply([], version: 5) }
        store.commit(try tree.apply([(key: [2], value: [2])], version: 9))
        #expect(throws: StateError.unknownVersion(7)) { try tree.get([1], version: 7) }
        #expect(try tree.get([2], version: 5) == nil)
    }

    @Test func `sizes and double keys are refused`() throws {
        let tree = StateTree(store: MemoryNodeStore(), version: nil)
        #expect(throws: StateError.keySize(0)) { try tree.apply([(key: [], value: [1])], version: 1) }
        let long = [UInt8](repeating: 1, count: StateLimits.maximumKeyBytes + 1)
        #expect(throws: StateError.keySize(1025)) { try tree.apply([(key: long, value: nil)], version: 1) }
        let large = [UInt8](repeating: 1, count: StateLimits.maximumValueBytes + 1)
        #expect(throws: StateError.valueSize(large.count)) { try tree.apply([(key: [1], value: large)], version: 1) }
        #expect(throws: StateError.duplicateKey) { try tree.apply([(key: [1], value: [1]), (key: [1], value: nil)], version: 1) }
        let longest = [UInt8](repeating: 1, count: StateLimits.maximumKeyBytes)
        #expect(try tree.apply([(key: longest, value: large.dropLast())], version: 1).root != .zero)
    }

    @Test func `an update that was not written can be taken back`() throws {
        var tracked = TrackedTree()
        try tracked.apply([(key: [1], value: [1]), (key: [2], value: [2])])
        let root = try tracked.tree.root()
        _ = try tracked.tree.apply([(key: [1], value: nil)], version: 2)
        tracked.tree.reset(to: 1)
        #expect(try tracked.tree.root() == root)
        #expect(try tracked.tree.get([1]) == [1])
        #expect(try tracked.apply([(key: [1], value: nil)]).removedKeys == [[1]])
    }

    @Test func `a store that fails at any read leaves the head as it was`() throws {
        var tracked = TrackedTree(cacheBytes: 0)
        let pool = KeyPool.neighbours(40, seed: 5)
        try tracked.apply(pool.map { (key: $0, value: [1]) })
        let root = try tracked.tree.root()
        let changes = pool.enumerated().map { (key: $1, value: $0 % 3 == 0 ? nil : [UInt8(2)]) }
        let expected = try StateTree(store: tracked.store, version: 1).apply(changes, version: 2)
        for reads in 0... {
            let tree = StateTree(store: tracked.store, version: 1, cacheBytes: 0)
            tracked.store.fail(after: reads)
            let update = try? tree.apply(changes, version: 2)
            tracked.store.fail(after: nil)
            if let update {
                #expect(update.root == expected.root)
                #expect(reads > 10)
                break
            }
            #expect(tree.version == 1)
            #expect(try tree.root() == root)
            #expect(try tree.apply(changes, version: 2).root == expected.root)
        }
    }

    @Test func `a damaged store is reported and never served`() throws {
        var tracked = TrackedTree(cacheBytes: 0)
        let pool = KeyPool.neighbours(20, seed: 6)
        try tracked.apply(pool.map { (key: $0, value: [1, 2, 3]) })
        for (key, bytes) in tracked.store.nodes where key.length > 0 {
            for position in stride(from: key.length % 3, to: bytes.count, by: 3) {
                var changed = bytes
                changed[position] ^= 1 << UInt8(position % 8)
                tracked.store.replace(key, with: changed)
                let reader = StateReader(store: tracked.store)
                for state in pool {
                    guard let value = try? reader.get(state, version: 1) else { continue }
                    #expect(value == [1, 2, 3])
                }
            }
            tracked.store.replace(key, with: nil)
            #expect(throws: StateError.self) { for state in pool { _ = try StateReader(store: tracked.store).get(state, version: 1) } }
            tracked.store.replace(key, with: bytes)
        }
    }

    @Test func `with a warm cache an update reads nothing from the store`() throws {
        var tracked = TrackedTree()
        let pool = KeyPool.random(500, seed: 7)
        try tracked.apply(pool.map { (key: $0, value: [1]) })
        let reads = tracked.store.reads
        try tracked.apply(pool.map { (key: $0, value: [2]) })
        #expect(tracked.store.reads == reads)
    }
}
