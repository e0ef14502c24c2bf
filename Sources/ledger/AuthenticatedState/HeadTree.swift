import Primitives

/// The version at the tip of one branch and the part of it that is in memory, which it owns.
struct HeadTree: ~Copyable {
    let store: any StateNodeStore
    let cacheBytes: Int
    /// The newest written version.
    private(set) var base: UInt64?
    /// The branch whose tip is in memory; it starts at `base`.
    private var branch: StateBranch
    private var reader: StateReader
    private var rootNode: HeadNode?
    private var stamp: UInt64 = 0
    private var memory = 0
    private var spare = NodeBatch()

    init(store: any StateNodeStore, version: UInt64?, cacheBytes: Int) {
        self.store = store
        self.cacheBytes = cacheBytes
        base = version
        branch = StateBranch(base: version)
        reader = StateReader(store: store)
    }

    deinit { rootNode?.destroy() }

    mutating func reset(to version: UInt64?) {
        base = version
        stand(on: StateBranch(base: version))
        forgetNodes()
    }

    mutating func commit(_ update: TreeUpdate) {
        if branch.updates.first?.serial == update.serial {
            stand(on: branch.settlingFirst())
        } else {
            let written = StateBranch(base: update.version)
            // The memory is only a cache: without it the version is read from the store.
            do { try move(to: written) } catch {
                stand(on: written)
                forgetNodes()
            }
        }
        base = update.version
    }

    private mutating func stand(on branch: StateBranch) {
        self.branch = branch
        reader = StateReader(store: branch.nodes(over: store))
    }

    private mutating func forgetNodes() {
        rootNode?.destroy()
        rootNode = nil
        memory = 0
    }

    /// Makes the tip of `target` the version in memory; when it throws, all is as before.
    private mutating func move(to target: StateBranch) throws(StateError) {
        if branch.isSame(as: target) { return }
        if let root = rootNode {
            let reader = StateReader(store: target.nodes(over: store))
            let record =
                if let version = target.version { try reader.rootRecord(version) } else { InternalRecord(bitmap: 0, children: []) }
            var move = HeadMove(reader: reader, ancestor: branch.ancestor(with: target), stamp: stamp)
            rootNode = move.move(root, to: record, depth: 0, path: .zero)
            memory += move.memory
        }
        stand(on: target)
    }

    mutating func rootHash() throws(StateError) -> Hash32 {
        try move(to: StateBranch(base: base))
        return Self.hash(ofRoot: try root())
    }

    mutating func get(_ key: [UInt8], on target: StateBranch) throws(StateError) -> [UInt8]? {
        try move(to: target)
        trimCache()
        let path = StateHashing.path(ofKey: key)
        var node = try root()
        for depth in 0..<64 {
            let slot = path.nibble(depth)
            guard node.has(slot) else { return nil }
            let position = node.bitmap.position(ofSlot: slot)
            if node.isLeaf(position) {
                var child = node.child(position)
                if child.pathKnown, child.leafPath != path { return nil }
                let leaf = try reader.leaf(child.reference, path: path)
                child.leafPath = leaf.path
                child.pathKnown = true
                node.set(position, child)
                return leaf.path == path ? leaf.record.value : nil
            }
            if let next = node.node(position) {
                node = next
            } else {
                let record = try reader.internalNode(node.reference(position), path: path, depth: depth + 1)
                let next = HeadNode(record, lastUsed: node.lastUsed)
                node.setNode(position, next)
                memory += next.memory
                node = next
            }
        }
        throw .malformedNode(version: branch.version ?? 0, depth: 64)
    }

    mutating func apply(
        _ updates: [(key: [UInt8], value: [UInt8]?)], version new: UInt64, on target: StateBranch
    ) throws(StateError) -> TreeUpdate {
        guard target.base == base else { throw .notOnHead(head: base, branch: target.base) }
        if let version = target.version, new <= version { throw .versionNotIncreasing(head: version, given: new) }
        try move(to: target)
        trimCache()
        stamp += 1
        let batch = spare
        spare = NodeBatch()
        var updater = try TreeUpdater(reader: reader, version: new, stamp: stamp, updates: updates, spare: batch)
        var root = try root()
        do throws(StateError) {
            // The root may move as it grows.
            defer { rootNode = root }
            _ = try updater.update(&root, depth: 0, range: updater.items.indices)
            try updater.write(root, depth: 0, path: .zero)
        } catch {
            // The nodes in memory are half changed; those in the store and the branch are as before.
            forgetNodes()
            throw error
        }
        if let version = target.version { updater.stale.append(.root(version)) }
        memory += updater.memory
        spare = updater.nodes
        let update = updater.result(root: Self.hash(ofRoot: root))
        stand(on: target.appending(update))
        return update
    }

    private mutating func root() throws(StateError) -> HeadNode {
        if let rootNode { return rootNode }
        let node =
            if let version = branch.version { HeadNode(try reader.rootRecord(version), lastUsed: stamp) } else { HeadNode(lastUsed: stamp) }
        rootNode = node
        memory = node.memory
        return node
    }

    private static func hash(ofRoot node: HeadNode) -> Hash32 {
        InternalRecord(bitmap: node.bitmap, children: ContiguousArray((0..<node.count).map { node.reference($0) })).hash(depth: 0)
    }

    /// When the cache is over its bound, forgets the nodes unused for longest until a quarter of it is free.
    private mutating func trimCache() {
        guard let rootNode, memory > cacheBytes else { return }
        var age: UInt64 = 64
        while memory > cacheBytes / 4 * 3 {
            memory -= rootNode.forget(before: stamp + 1 - min(age, stamp + 1))
            guard age > 0 else { return }
            age /= 4
        }
    }
}
