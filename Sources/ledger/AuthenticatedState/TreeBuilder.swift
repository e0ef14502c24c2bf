import Primitives

/// Builds the nodes of a whole state from its entries in the order of their paths, holding one path's nodes at a time.
///
/// Gives the nodes that one update of an empty tree would (not in the order of their keys).
package struct TreeBuilder: ~Copyable {
    /// An internal node whose children are not all known.
    private struct Open {
        var bitmap: UInt16 = 0
        var children: ContiguousArray<ChildReference> = []

        mutating func append(_ child: ChildReference, slot: Int) {
            bitmap |= 1 << UInt16(slot)
            children.append(child)
        }
    }

    private struct Leaf {
        let path: Hash32
        let hash: Hash32
        let record: LeafRecord
    }

    private let version: UInt64
    private let emit: (NodeKey, [UInt8]) throws -> Void
    /// The nodes on the path of the last leaf, from the root.
    private var open: [Open] = [Open()]
    /// The last entry, which waits for its neighbour to know its place.
    private var last: Leaf?
    /// How many nibbles it shares with the one before.
    private var shared = 0

    /// Nodes of `version` go to `emit`.
    package init(version: UInt64, emit: @escaping (NodeKey, [UInt8]) throws -> Void) {
        self.version = version
        self.emit = emit
    }

    /// Adds the entry after those before.
    package mutating func add(key: [UInt8], value: [UInt8]) throws {
        let path = StateHashing.path(ofKey: key)
        let record = LeafRecord(key: key, value: value)
        let leaf = Leaf(path: path, hash: record.hash(path: path), record: record)
        if let last {
            guard last.path < path else { throw SnapshotError.notCanonical }
            let common = last.path.commonNibbles(with: path)
            try place(last, depth: max(shared, common) + 1)
            try close(to: common, path: last.path)
            shared = common
        }
        last = leaf
    }

    /// Writes the remaining nodes; the root.
    package mutating func finish() throws -> Hash32 {
        if let last {
            try place(last, depth: shared + 1)
            try close(to: 0, path: last.path)
        }
        last = nil
        let root = InternalRecord(bitmap: open[0].bitmap, children: open[0].children)
        try emit(.root(version), root.encoded(version: version))
        return root.hash(depth: 0)
    }

    private mutating func place(_ leaf: Leaf, depth: Int) throws {
        while open.count < depth { open.append(Open()) }
        let reference = ChildReference(hash: leaf.hash, version: version, leafKeyLength: UInt8(depth))
        open[depth - 1].append(reference, slot: leaf.path.nibble(depth - 1))
        try emit(NodeKey(version: version, path: leaf.path, length: depth), leaf.record.encoded)
    }

    /// Writes the open nodes below `depth`, which are complete.
    private mutating func close(to depth: Int, path: Hash32) throws {
        while open.count > depth + 1 {
            let node = open.removeLast()
            let length = open.count
            let record = InternalRecord(bitmap: node.bitmap, children: node.children)
            try emit(NodeKey(version: version, path: path, length: length), record.encoded(version: version))
            let reference = ChildReference(hash: record.hash(depth: length), version: version, leafKeyLength: nil)
            open[length - 1].append(reference, slot: path.nibble(length - 1))
        }
    }
}
