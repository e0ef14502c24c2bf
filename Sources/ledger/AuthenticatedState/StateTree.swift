import Primitives
import Synchronization

/// The authenticated state: a versioned 16-ary Merkle tree over keys and values (docs/spec/state-tree.md).
///
/// `apply` moves the head; what it returns must be written to the store before the next read or update. When it is not (the block was
/// dropped, the disk failed), call `reset(to:)`. Calls may come from any thread; those on the head wait for each other.
///
/// The memory of an update's nodes is used again for the next one when nobody holds the `TreeUpdate` by then.
package final class StateTree: Sendable {
    private let reader: StateReader
    private let head: Mutex<HeadTree>

    /// The tree whose newest version in `store` is `version` (`nil`: nothing was ever written), with an in-memory cache of about
    /// `cacheBytes` for the head's internal nodes. The results never depend on the cache.
    package init(store: any StateNodeStore, version: UInt64?, cacheBytes: Int = 256 << 20) {
        let reader = StateReader(store: store)
        self.reader = reader
        head = Mutex(HeadTree(reader: reader, version: version, cacheBytes: cacheBytes))
    }

    /// The newest version; `nil` before the first update.
    package var version: UInt64? { head.withLock { $0.version } }

    /// The root of the newest version; zero when the state is empty.
    package func root() throws(StateError) -> Hash32 {
        try head.withLock { head throws(StateError) in try head.rootHash() }
    }

    /// The value of `key` in the newest version; `nil` when it has none. One store read when the path is in memory.
    package func get(_ key: [UInt8]) throws(StateError) -> [UInt8]? {
        try head.withLock { head throws(StateError) in try head.get(key) }
    }

    /// The value of `key` in `version`; `nil` when it has none.
    package func get(_ key: [UInt8], version: UInt64) throws(StateError) -> [UInt8]? {
        try reader.get(key, version: version)
    }

    /// A proof of what `version` says of `key`: its value, or that it has none.
    package func prove(_ key: [UInt8], version: UInt64) throws(StateError) -> StateProof {
        try reader.prove(key, version: version)
    }

    /// Makes `version` from the head by setting the keys with a value and removing those without one (in any order, each key once).
    ///
    /// Deterministic: a function of the state and the set of updates. When it throws, the head is as before.
    package func apply(_ updates: [(key: [UInt8], value: [UInt8]?)], version: UInt64) throws(StateError) -> TreeUpdate {
        try head.withLock { head throws(StateError) in try head.apply(updates, version: version) }
    }

    /// Goes back to the stored `version`, after an update that was not written.
    package func reset(to version: UInt64?) {
        head.withLock { $0.reset(to: version) }
    }
}

/// The head version and the part of it that is in memory, which it owns.
struct HeadTree: ~Copyable {
    let reader: StateReader
    let cacheBytes: Int
    private(set) var version: UInt64?
    private var rootNode: HeadNode?
    private var stamp: UInt64 = 0
    private var memory = 0
    private var spare = NodeBatch()

    init(reader: StateReader, version: UInt64?, cacheBytes: Int) {
        self.reader = reader
        self.version = version
        self.cacheBytes = cacheBytes
    }

    deinit { rootNode?.destroy() }

    mutating func reset(to version: UInt64?) {
        self.version = version
        rootNode?.destroy()
        rootNode = nil
        memory = 0
    }

    mutating func rootHash() throws(StateError) -> Hash32 { Self.hash(ofRoot: try root()) }

    mutating func get(_ key: [UInt8]) throws(StateError) -> [UInt8]? {
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
        throw .malformedNode(version: version ?? 0, depth: 64)
    }

    mutating func apply(_ updates: [(key: [UInt8], value: [UInt8]?)], version new: UInt64) throws(StateError) -> TreeUpdate {
        if let version, new <= version { throw .versionNotIncreasing(head: version, given: new) }
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
            // The nodes in memory are half changed; those in the store are as before.
            reset(to: version)
            throw error
        }
        if let version { updater.stale.append(.root(version)) }
        version = new
        memory += updater.memory
        spare = updater.nodes
        return updater.result(root: Self.hash(ofRoot: root))
    }

    private mutating func root() throws(StateError) -> HeadNode {
        if let rootNode { return rootNode }
        let node = if let version { HeadNode(try reader.rootRecord(version), lastUsed: stamp) } else { HeadNode(lastUsed: stamp) }
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
