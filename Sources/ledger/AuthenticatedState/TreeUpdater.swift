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

    init(reader: StateReader, version: UInt64, stamp: UInt64, updates: [(key: [UInt8], value: [UInt8]?)]) throws(StateError) {
        self.reader = reader
        self.version = version
        self.stamp = stamp
        self.updates = updates
        items = try Self.sortedItems(updates)
        nodes.reserve(nodes: updates.count * 3, bytes: updates.count * 1024)
        stale.reserveCapacity(updates.count * 3)
    }

    /// Applies the items of `range`, which all belong below `node` at `depth`; tells whether anything changed.
    mutating func update(_ node: HeadNode, depth: Int, range: Range<Int>) throws(StateError) -> Bool {
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
                    try fill(node, slot: slot, depth: depth + 1, range: start..<end)
                } else if node.children[node.bitmap.position(ofSlot: slot)].isLeaf {
                    try updateLeaf(node, slot: slot, depth: depth + 1, range: start..<end)
                } else {
                    try updateInternal(node, slot: slot, depth: depth + 1, range: start..<end)
                }
            if slotChanged { changed = true }
            start = end
        }
        return changed
    }

    private mutating func fill(_ node: HeadNode, slot: Int, depth: Int, range: Range<Int>) throws(StateError) -> Bool {
        guard let child = try build(range, kept: nil, depth: depth) else { return false }
        node.insert(child, slot: slot)
        return true
    }

    /// A leaf is in the items' slot: theirs, or a neighbour that moves down.
    private mutating func updateLeaf(_ node: HeadNode, slot: Int, depth: Int, range: Range<Int>) throws(StateError) -> Bool {
        let position = node.bitmap.position(ofSlot: slot)
        if !node.children[position].pathKnown {
            let leaf = try reader.leaf(node.children[position].reference, path: items[range.lowerBound].path)
            node.children[position].leafPath = leaf.path
            node.children[position].pathKnown = true
        }
        let old = node.children[position]
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
        if let child = try build(range, kept: kept, depth: depth) {
            node.children[position] = child
        } else {
            node.remove(slot: slot)
        }
        return true
    }

    private mutating func updateInternal(_ node: HeadNode, slot: Int, depth: Int, range: Range<Int>) throws(StateError) -> Bool {
        let position = node.bitmap.position(ofSlot: slot)
        let path = items[range.lowerBound].path
        let below: HeadNode
        if let loaded = node.children[position].node {
            below = loaded
        } else {
            let record = try reader.internalNode(node.children[position].reference, path: path, depth: depth)
            below = HeadNode(record, lastUsed: stamp)
            node.children[position].node = below
            memory += below.memory
        }
        guard try update(below, depth: depth, range: range) else { return false }
        stale.append(NodeKey(version: node.children[position].version, path: path, length: depth))
        if below.children.isEmpty {
            memory -= below.memory
            node.remove(slot: slot)
        } else if below.children.count == 1, below.children[0].isLeaf {
            memory -= below.memory
            node.children[position] = try lift(below, to: depth, path: path)
        } else {
            node.children[position].hash = below.hash
            node.children[position].version = version
        }
        return true
    }

    /// The lone leaf of `node`, to be put in the node's own place at `depth`.
    private func lift(_ node: HeadNode, to depth: Int, path: Hash32) throws(StateError) -> HeadChild {
        var child = node.children[0]
        // Its key was longer than its new place: it will be written again there, so its path must be known.
        if !child.pathKnown, Int(child.keyLength) > depth {
            let place = path.keepingNibbles(depth).settingNibble(depth, to: node.bitmap.trailingZeroBitCount)
            child.leafPath = try reader.leaf(child.reference, path: place).path
            child.pathKnown = true
        }
        return child
    }

    /// The subtree at `depth` that holds the puts of `range` and the `kept` leaf; `nil` when there is nothing to hold.
    private mutating func build(_ range: Range<Int>, kept: HeadChild?, depth: Int) throws(StateError) -> HeadChild? {
        guard let first = range.first(where: { items[$0].isPut }) else { return kept }
        if kept == nil, !range[(first + 1)...].contains(where: { items[$0].isPut }) { return newLeaf(first) }
        let node = HeadNode(lastUsed: stamp)
        var start = range.lowerBound
        for slot in 0..<16 {
            var end = start
            while end < range.upperBound, items[end].path.nibble(depth) == slot { end += 1 }
            let keptHere = kept?.leafPath.nibble(depth) == slot ? kept : nil
            if let child = try build(start..<end, kept: keptHere, depth: depth + 1) { node.insert(child, slot: slot) }
            start = end
        }
        memory += node.memory
        return HeadChild(hash: node.hash, version: version, node: node, isLeaf: false)
    }

    private mutating func newLeaf(_ index: Int) -> HeadChild {
        let item = items[index]
        if item.kind == .insert { insertedKeys.append(updates[Int(item.update)].key) }
        return HeadChild(
            hash: item.leafHash, leafPath: item.path, version: version, item: item.update, keyLength: HeadChild.pendingKeyLength,
            isLeaf: true, pathKnown: true)
    }

    /// Lists `node`, whose place is the first `depth` nibbles of `path`, and the touched nodes below it, in the order of their keys.
    mutating func write(_ node: HeadNode, depth: Int, path: Hash32) throws(StateError) {
        nodes.append(NodeKey(version: version, path: path, length: depth), bitmap: node.bitmap) { [version] index in
            let reference = node.children[index].reference
            // A leaf that is new or moved up is written just below.
            guard let length = reference.leafKeyLength, Int(length) > depth + 1 else { return reference }
            return ChildReference(hash: reference.hash, version: version, leafKeyLength: UInt8(depth + 1))
        }
        var slots = node.bitmap
        for index in node.children.indices {
            let slot = slots.trailingZeroBitCount
            slots &= slots &- 1
            if node.children[index].isLeaf {
                if Int(node.children[index].keyLength) > depth + 1 { try writeLeaf(&node.children[index], depth: depth + 1) }
            } else if node.children[index].version == version, let below = node.children[index].node {
                try write(below, depth: depth + 1, path: path.settingNibble(depth, to: slot))
            }
        }
    }

    /// Writes a leaf at its place: one of this update, or an old one that moved up.
    private mutating func writeLeaf(_ child: inout HeadChild, depth: Int) throws(StateError) {
        let key = NodeKey(version: version, path: child.leafPath, length: depth)
        if child.item >= 0 {
            let item = Int(child.item)
            if let value = updates[item].value { nodes.append(key, leafKey: updates[item].key, value: value) }
        } else {
            let leaf = try reader.leaf(child.reference, path: child.leafPath)
            stale.append(NodeKey(version: child.version, path: child.leafPath, length: Int(child.keyLength)))
            nodes.append(key, leafKey: leaf.record.key, value: leaf.record.value)
        }
        child.item = -1
        child.version = version
        child.keyLength = UInt8(depth)
    }

    /// The items in path order, hashed; refuses sizes out of bounds and double keys.
    private static func sortedItems(_ updates: [(key: [UInt8], value: [UInt8]?)]) throws(StateError) -> ContiguousArray<Item> {
        var paths = ContiguousArray<(path: Hash32, update: Int32)>()
        paths.reserveCapacity(updates.count)
        for (index, update) in updates.enumerated() {
            guard (1...StateLimits.maximumKeyBytes).contains(update.key.count) else { throw .keySize(update.key.count) }
            if let value = update.value, value.count > StateLimits.maximumValueBytes { throw .valueSize(value.count) }
            paths.append((StateHashing.path(ofKey: update.key), Int32(index)))
        }
        paths.sort { $0.path < $1.path }
        var items = ContiguousArray<Item>()
        items.reserveCapacity(updates.count)
        for (path, index) in paths {
            if items.last?.path == path { throw .duplicateKey }
            if let value = updates[Int(index)].value {
                let hash = StateHashing.leaf(path: path, valueHash: StateHashing.value(value))
                items.append(Item(path: path, leafHash: hash, update: index, kind: .insert))
            } else {
                items.append(Item(path: path, leafHash: .zero, update: index, kind: .remove))
            }
        }
        return items
    }

    /// The result, for an update whose root record was written.
    consuming func result(root: Hash32) -> TreeUpdate {
        TreeUpdate(version: version, root: root, newNodes: nodes, stale: stale, insertedKeys: insertedKeys, removedKeys: removedKeys)
    }
}
