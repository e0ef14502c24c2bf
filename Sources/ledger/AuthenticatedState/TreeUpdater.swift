import Primitives

/// An update's way through the head tree. The first pass changes the nodes in memory and hashes each touched node once; the items are
/// sorted by path, so each node sees its items as one range. The second pass (`write`) lists the touched nodes in key order.
struct TreeUpdater: ~Copyable {
    /// One key's update.
    struct Item {
        enum Kind: UInt8 { case insert, overwrite, remove, done }

        var path: Hash32
        /// The new leaf's hash; unused for a removal.
        var leafHash: Hash32
        /// Which of the caller's updates it is.
        var update: Int32
        var kind: Kind

        var isPut: Bool { kind == .insert || kind == .overwrite }
    }

    let reader: StateReader
    let version: UInt64
    let stamp: UInt64
    let updates: [(key: [UInt8], value: [UInt8]?)]
    var items: ContiguousArray<Item>

    var nodes = NodeBatch()
    var stale: [NodeKey] = []
    var insertedKeys: [[UInt8]] = []
    var removedKeys: [[UInt8]] = []
    /// By how much the nodes in memory grew, in bytes.
    var memory = 0

    /// `spare` is an update of before, whose memory is used again when nobody holds it any more.
    init(
        reader: StateReader, version: UInt64, stamp: UInt64, updates: [(key: [UInt8], value: [UInt8]?)], spare: consuming NodeBatch
    ) throws(StateError) {
        self.reader = reader
        self.version = version
        self.stamp = stamp
        self.updates = updates
        items = try Self.sortedItems(updates)
        nodes = spare
        nodes.removeAll()
        stale.reserveCapacity(updates.count * 3)
    }

    /// Applies the items of `range`, which all belong below `node` at `depth`; tells whether anything changed.
    mutating func update(_ node: inout HeadNode, depth: Int, range: Range<Int>) throws(StateError) -> Bool {
        node.lastUsed = stamp
        memory -= node.memory
        defer { memory += node.memory }
        var changed = false
        var start = range.lowerBound
        while start < range.upperBound {
            let slot = items[start].path.nibble(depth)
            var end = start + 1
            while end < range.upperBound, items[end].path.nibble(depth) == slot { end += 1 }
            let slotChanged =
                if !node.has(slot) {
                    fill(&node, slot: slot, depth: depth + 1, range: start..<end)
                } else if node.isLeaf(node.bitmap.position(ofSlot: slot)) {
                    try updateLeaf(node, slot: slot, depth: depth + 1, range: start..<end)
                } else {
                    try updateInternal(node, slot: slot, depth: depth + 1, range: start..<end)
                }
            if slotChanged { changed = true }
            start = end
        }
        return changed
    }

    private mutating func fill(_ node: inout HeadNode, slot: Int, depth: Int, range: Range<Int>) -> Bool {
        guard let child = build(range, kept: nil, depth: depth) else { return false }
        node.insert(child, slot: slot)
        return true
    }

    /// A leaf is in the items' slot: theirs, or a neighbour that moves down.
    private mutating func updateLeaf(_ node: HeadNode, slot: Int, depth: Int, range: Range<Int>) throws(StateError) -> Bool {
        let position = node.bitmap.position(ofSlot: slot)
        var old = node.child(position)
        if !old.pathKnown {
            old.leafPath = try reader.leaf(old.reference, path: items[range.lowerBound].path).path
            old.pathKnown = true
            node.set(position, old)
        }
        var kept: HeadChild? = old
        if let match = range.first(where: { items[$0].path == old.leafPath }) {
            if items[match].kind == .remove {
                removedKeys.append(updates[Int(items[match].update)].key)
                items[match].kind = .done
                kept = nil
            } else if items[match].leafHash == old.hash {
                items[match].kind = .done
            } else {
                items[match].kind = .overwrite
                kept = nil
            }
            if kept == nil { stale.append(NodeKey(version: old.version, path: old.leafPath, length: Int(old.keyLength))) }
        }
        if kept != nil, !range.contains(where: { items[$0].isPut }) { return false }
        if let child = build(range, kept: kept, depth: depth) {
            node.set(position, child)
        } else {
            node.remove(slot: slot)
        }
        return true
    }

    private mutating func updateInternal(_ node: HeadNode, slot: Int, depth: Int, range: Range<Int>) throws(StateError) -> Bool {
        let position = node.bitmap.position(ofSlot: slot)
        let path = items[range.lowerBound].path
        var below: HeadNode
        if let loaded = node.node(position) {
            below = loaded
        } else {
            below = HeadNode(try reader.internalNode(node.reference(position), path: path, depth: depth), lastUsed: stamp)
            node.setNode(position, below)
            memory += below.memory
        }
        // The node may move as it grows: the parent must know where, also when the update is given up half way.
        defer { if node.has(slot), !node.isLeaf(position) { node.setNode(position, below) } }
        guard try update(&below, depth: depth, range: range) else { return false }
        stale.append(NodeKey(version: node.version(position), path: path, length: depth))
        if below.count == 0 {
            memory -= below.memory
            below.free()
            node.remove(slot: slot)
        } else if below.count == 1, below.isLeaf(0) {
            let leaf = try lift(below, to: depth, path: path)
            memory -= below.memory
            below.free()
            node.set(position, leaf)
        } else {
            node.set(position, hash: below.hash, version: version)
        }
        return true
    }

    /// The lone leaf of `node`, to be put in the node's own place at `depth`.
    private func lift(_ node: HeadNode, to depth: Int, path: Hash32) throws(StateError) -> HeadChild {
        var child = node.child(0)
        // Its key was longer than its new place: it will be written again there, so its path must be known.
        if !child.pathKnown, Int(child.keyLength) > depth {
            let place = path.keepingNibbles(depth).settingNibble(depth, to: node.bitmap.trailingZeroBitCount)
            child.leafPath = try reader.leaf(child.reference, path: place).path
            child.pathKnown = true
        }
        return child
    }

    /// The subtree at `depth` that holds the puts of `range` and the `kept` leaf; `nil` when there is nothing to hold.
    private mutating func build(_ range: Range<Int>, kept: HeadChild?, depth: Int) -> HeadChild? {
        guard let first = range.first(where: { items[$0].isPut }) else { return kept }
        if kept == nil, !range[(first + 1)...].contains(where: { items[$0].isPut }) { return newLeaf(first) }
        var node = HeadNode(lastUsed: stamp)
        var start = range.lowerBound
        for slot in 0..<16 {
            var end = start
            while end < range.upperBound, items[end].path.nibble(depth) == slot { end += 1 }
            let keptHere = kept?.leafPath.nibble(depth) == slot ? kept : nil
            if let child = build(start..<end, kept: keptHere, depth: depth + 1) { node.insert(child, slot: slot) }
            start = end
        }
        memory += node.memory
        return HeadChild(hash: node.hash, version: version, node: node, isLeaf: false)
    }

    private mutating func newLeaf(_ index: Int) -> HeadChild {
        let item = items[index]
        if item.kind == .insert { insertedKeys.append(updates[Int(item.update)].key) }
        return HeadChild(
            hash: item.leafHash, leafPath: item.path, version: version, item: Int(item.update), keyLength: HeadChild.pendingKeyLength,
            isLeaf: true, pathKnown: true)
    }

    /// Lists `node`, whose place is the first `depth` nibbles of `path`, and the touched nodes below it, in the order of their keys.
    mutating func write(_ node: HeadNode, depth: Int, path: Hash32) throws(StateError) {
        nodes.append(NodeKey(version: version, path: path, length: depth), bitmap: node.bitmap) { [version] position in
            var reference = node.reference(position)
            // A leaf that is new or moved up is written just below.
            if let length = reference.leafKeyLength, Int(length) > depth + 1 {
                reference.version = version
                reference.leafKeyLength = UInt8(depth + 1)
            }
            return reference
        }
        var slots = node.bitmap
        for position in 0..<node.count {
            let slot = slots.trailingZeroBitCount
            slots &= slots &- 1
            if node.isLeaf(position) {
                if Int(node.keyLength(position)) > depth + 1 { node.set(position, try writeLeaf(node.child(position), depth: depth + 1)) }
            } else if node.version(position) == version, let below = node.node(position) {
                try write(below, depth: depth + 1, path: path.settingNibble(depth, to: slot))
            }
        }
    }

    /// Writes a leaf at its place: one of this update, or an old one that moved up. Returns it as it is now.
    private mutating func writeLeaf(_ leaf: HeadChild, depth: Int) throws(StateError) -> HeadChild {
        let key = NodeKey(version: version, path: leaf.leafPath, length: depth)
        if leaf.item >= 0 {
            if let value = updates[leaf.item].value { nodes.append(key, leafKey: updates[leaf.item].key, value: value) }
        } else {
            let old = try reader.leaf(leaf.reference, path: leaf.leafPath)
            stale.append(NodeKey(version: leaf.version, path: leaf.leafPath, length: Int(leaf.keyLength)))
            nodes.append(key, leafKey: old.record.key, value: old.record.value)
        }
        var written = leaf
        written.item = -1
        written.version = version
        written.keyLength = UInt8(depth)
        return written
    }

    /// The items in path order, hashed; refuses sizes out of bounds and double keys.
    private static func sortedItems(_ updates: [(key: [UInt8], value: [UInt8]?)]) throws(StateError) -> ContiguousArray<Item> {
        var items = ContiguousArray<Item>()
        items.reserveCapacity(updates.count)
        // Sorted by the first word, which decides but for collisions of 64 bits; small, so that sorting moves little.
        var order = ContiguousArray<(word: UInt64, item: Int32)>()
        order.reserveCapacity(updates.count)
        for index in updates.indices {
            let item = try item(updates[index].key, updates[index].value, index)
            order.append((item.path.w0, Int32(index)))
            items.append(item)
        }
        order.sort { a, b in a.word != b.word ? a.word < b.word : items[Int(a.item)].path < items[Int(b.item)].path }
        var sorted = ContiguousArray<Item>()
        sorted.reserveCapacity(updates.count)
        for (_, index) in order {
            if sorted.last?.path == items[Int(index)].path { throw .duplicateKey }
            sorted.append(items[Int(index)])
        }
        return sorted
    }

    @inline(__always)
    private static func item(_ key: [UInt8], _ value: [UInt8]?, _ index: Int) throws(StateError) -> Item {
        guard (1...StateLimits.maximumKeyBytes).contains(key.count) else { throw .keySize(key.count) }
        let path = StateHashing.path(ofKey: key)
        guard let value else { return Item(path: path, leafHash: .zero, update: Int32(index), kind: .remove) }
        guard value.count <= StateLimits.maximumValueBytes else { throw .valueSize(value.count) }
        let leafHash = StateHashing.leaf(path: path, valueHash: StateHashing.value(value))
        return Item(path: path, leafHash: leafHash, update: Int32(index), kind: .insert)
    }

    /// The result, for an update whose root record was written.
    consuming func result(root: Hash32) -> TreeUpdate {
        TreeUpdate(
            version: version, root: root, newNodes: nodes, stale: stale, insertedKeys: insertedKeys, removedKeys: removedKeys,
            serial: stamp)
    }
}
