import AuthenticatedState
import Primitives
import StateModel
import Testing

/// Trees of versions that are not written, grown at random and written along one path.
@Suite struct `Branches of the state` {
    private struct Block {
        let branch: StateBranch
        let update: TreeUpdate
        let model: NaiveState
        let parent: Int?
    }

    /// A tree, its unwritten blocks by number, and what each should hold.
    private struct Forest {
        let tree: StateTree
        let store = MemoryNodeStore()
        var blocks: [Int: Block] = [:]
        var next = 0
        var head: (number: Int?, model: NaiveState) = (nil, NaiveState())

        init(cacheBytes: Int) { tree = StateTree(store: store, version: nil, cacheBytes: cacheBytes) }

        func state(_ number: Int?) -> (branch: StateBranch, model: NaiveState) {
            guard let number, let block = blocks[number] else { return (tree.written, head.model) }
            return (block.branch, block.model)
        }

        mutating func extend(_ parent: Int?, _ changes: [(key: [UInt8], value: [UInt8]?)]) throws -> Int {
            let (branch, before) = state(parent)
            let update = try tree.apply(changes, version: (branch.version ?? 0) + 1, on: branch)
            var model = before
            for change in changes { model.values[change.key] = change.value }
            blocks[next] = Block(branch: branch.appending(update), update: update, model: model, parent: parent)
            next += 1
            return next - 1
        }

        mutating func write(_ number: Int) throws {
            let block = try #require(blocks[number])
            store.commit(block.update)
            tree.commit(block.update)
            head = (nil, block.model)
            var kept: [Int: Block] = [:]
            for (key, other) in blocks.sorted(by: { $0.key < $1.key }) where key != number {
                guard let parent = other.parent, parent == number || kept[parent] != nil else { continue }
                kept[key] = Block(
                    branch: other.branch.settlingFirst(), update: other.update, model: other.model,
                    parent: parent == number ? nil : parent)
            }
            blocks = kept
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `every block of a random tree has the state that its own ancestors made`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pool = KeyPool.neighbours(40, seed: seed) + KeyPool.random(20, seed: seed)
        var forest = Forest(cacheBytes: seed % 3 == 0 ? 2_000 : 1 << 30)
        var written = 0
        for _ in 0..<160 {
            let parents: [Int?] = [nil] + forest.blocks.keys.sorted()
            let newest = forest.blocks.keys.max()
            let parent = generator.next() % 2 == 0 ? newest : parents[Int(generator.next() % UInt64(parents.count))]
            let changes = TrackedTree.randomChanges(pool, most: 16, generator: &generator)
            let number = try forest.extend(parent, changes)
            let block = try #require(forest.blocks[number])
            #expect(block.update.root == block.model.root, "seed \(seed)")
            let looked = forest.state(parents[Int(generator.next() % UInt64(parents.count))])
            for key in pool.prefix(6) { #expect(try forest.tree.get(key, on: looked.branch) == looked.model.values[key], "seed \(seed)") }
            guard generator.next() % 3 == 0 || forest.blocks.count > 24 else { continue }
            let children = forest.blocks.filter { $0.value.parent == nil }.keys.sorted()
            try forest.write(children[Int(generator.next() % UInt64(children.count))])
            written += 1
            try Self.check(forest, pool, "seed \(seed)")
        }
        #expect(written > 30)
    }

    /// Values and proofs of all branches, without the tree.
    private static func check(_ forest: Forest, _ pool: [[UInt8]], _ text: Comment) throws {
        #expect(try forest.tree.root() == forest.head.model.root, text)
        for number in [nil] + forest.blocks.keys.sorted().map(Optional.some) {
            let (branch, model) = forest.state(number)
            let reader = forest.tree.reader(of: branch)
            let version = try #require(branch.version)
            for key in pool {
                #expect(try reader.get(key, version: version) == model.values[key], text)
            }
            let key = pool[Int(version) % pool.count]
            try reader.prove(key, version: version).verify(root: model.root, key: key, value: model.values[key])
        }
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func `branches left behind change nothing in what is written`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pool = KeyPool.neighbours(50, seed: seed)
        var forest = Forest(cacheBytes: 1 << 30)
        var straight = TrackedTree()
        for _ in 0..<30 {
            let path = (0..<Int(generator.next() % 3) + 1).map { _ in
                TrackedTree.randomChanges(pool, most: 20, generator: &generator)
            }
            var parent: Int?
            var chosen: [Int] = []
            for changes in path {
                _ = try forest.extend(parent, TrackedTree.randomChanges(pool, most: 20, generator: &generator))
                chosen.append(try forest.extend(parent, changes))
                parent = chosen.last
            }
            for (number, changes) in zip(chosen, path) {
                let update = try #require(forest.blocks[number]).update
                try forest.write(number)
                let expected = try straight.apply(changes)
                #expect(update.root == expected.root, "seed \(seed)")
                #expect(update.newNodes == expected.newNodes && update.stale == expected.stale, "seed \(seed)")
                #expect(update.insertedKeys == expected.insertedKeys && update.removedKeys == expected.removedKeys, "seed \(seed)")
            }
        }
        #expect(forest.store.nodes == straight.store.nodes)
    }

    @Test func `a branch that follows the last one reads nothing from the store`() throws {
        var forest = Forest(cacheBytes: 1 << 30)
        let pool = KeyPool.random(300, seed: 7)
        var number = try forest.extend(nil, pool.map { (key: $0, value: [1]) })
        try forest.write(number)
        let reads = forest.store.reads
        number = try forest.extend(nil, pool.map { (key: $0, value: [2]) })
        let second = try forest.extend(number, pool.map { (key: $0, value: [3]) })
        try forest.write(number)
        let third = try forest.extend(second, pool.map { (key: $0, value: [4]) })
        try forest.write(second)
        try forest.write(third)
        #expect(forest.store.reads == reads)
        #expect(forest.head.model.values.values.allSatisfy { $0 == [4] })
    }

    @Test func `a branch that is not on the newest written version is refused`() throws {
        var forest = Forest(cacheBytes: 1 << 30)
        let before = forest.tree.written
        try forest.write(try forest.extend(nil, [(key: [1], value: [1])]))
        #expect(throws: StateError.notOnHead(head: 1, branch: nil)) { try forest.tree.apply([], version: 2, on: before) }
    }

    @Test func `a store that fails while the tree turns to another branch loses nothing`() throws {
        let pool = KeyPool.neighbours(40, seed: 5)
        for reads in 0..<40 {
            var forest = Forest(cacheBytes: 1 << 30)
            try forest.write(try forest.extend(nil, pool.map { (key: $0, value: [1]) }))
            let left = try forest.extend(nil, pool.enumerated().map { (key: $1, value: $0 % 3 == 0 ? nil : [2]) })
            forest.store.fail(after: reads)
            let right = try? forest.extend(nil, [(key: pool[3], value: [9])])
            forest.store.fail(after: nil)
            for number in [left, try right ?? forest.extend(nil, [(key: pool[3], value: [9])])] {
                let block = try #require(forest.blocks[number])
                #expect(block.update.root == block.model.root)
                for key in pool { #expect(try forest.tree.get(key, on: block.branch) == block.model.values[key]) }
            }
            try forest.write(left)
            #expect(try forest.tree.root() == forest.head.model.root)
        }
    }
}
