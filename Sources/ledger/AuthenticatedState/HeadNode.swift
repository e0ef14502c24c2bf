import Primitives

/// One child of an internal node of the head version.
struct HeadChild {
    /// The child's hash; stale while an update is under way below it.
    var hash: Hash32
    /// For a leaf, its own path, when `pathKnown`.
    var leafPath: Hash32 = .zero
    /// The version that wrote the child.
    var version: UInt64
    /// For an internal node, the node itself when it is in memory.
    var node: HeadNode?
    /// For a leaf of the update under way, the update's number; otherwise -1.
    var item = -1
    /// For a leaf, the nibbles of its `NodeKey`; `pendingKeyLength` until it is written.
    var keyLength: UInt8 = 0
    var isLeaf: Bool
    var pathKnown = false

    /// Longer than any place, so that the leaf is written where it ends up.
    static let pendingKeyLength: UInt8 = 65

    var reference: ChildReference { ChildReference(hash: hash, version: version, leafKeyLength: isLeaf ? keyLength : nil) }
}

/// An internal node of the head version in memory: one block from `malloc` and the blocks below it.
///
/// Updates run through tens of thousands of nodes whose memory is cold, so what is read together lies together (all hashes first, as
/// they are hashed), and nothing is counted: `HeadTree` alone owns the nodes, each is reached from its parent only, and `destroy` frees
/// it with those below. Nothing outside `HeadTree` and `TreeUpdater`, which work under the tree's lock, ever holds one.
///
/// The block: bitmap, leaves, known paths, capacity (2 bytes each) ‖ last use (8) ‖ per child: hash (32) ‖ version (8) ‖ node or
/// item (8) ‖ leaf path (32) ‖ key length (1).
struct HeadNode {
    private var base: UnsafeMutableRawPointer

    private static let header = 16

    /// A node without children.
    init(lastUsed: UInt64, capacity: Int = 2) {
        base = Self.allocate(capacity)
        base.storeBytes(of: 0, as: UInt64.self)
        base.storeBytes(of: UInt16(capacity), toByteOffset: 6, as: UInt16.self)
        self.lastUsed = lastUsed
    }

    init(_ record: InternalRecord, lastUsed: UInt64) {
        self.init(lastUsed: lastUsed, capacity: Self.capacity(for: record.children.count))
        var slots = record.bitmap
        for child in record.children {
            let length = child.leafKeyLength
            let new = HeadChild(hash: child.hash, version: child.version, keyLength: length ?? 0, isLeaf: length != nil)
            insert(new, slot: slots.trailingZeroBitCount)
            slots &= slots &- 1
        }
    }

    /// Frees the node and all nodes below it.
    func destroy() {
        for position in 0..<count { child(position).node?.destroy() }
        base.deallocate()
    }

    /// Frees the node alone; those below must be elsewhere.
    func free() { base.deallocate() }

    /// Which of the 16 children exist.
    var bitmap: UInt16 {
        get { base.load(as: UInt16.self) }
        nonmutating set { base.storeBytes(of: newValue, as: UInt16.self) }
    }

    /// Which positions (not slots) are leaves.
    private var leaves: UInt16 {
        get { base.load(fromByteOffset: 2, as: UInt16.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 2, as: UInt16.self) }
    }

    /// Which positions are leaves whose paths are known.
    private var known: UInt16 {
        get { base.load(fromByteOffset: 4, as: UInt16.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 4, as: UInt16.self) }
    }

    private var capacity: Int { Int(base.load(fromByteOffset: 6, as: UInt16.self)) }

    /// The last update that passed through the node: never smaller than that of a node below.
    var lastUsed: UInt64 {
        get { base.load(fromByteOffset: 8, as: UInt64.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 8, as: UInt64.self) }
    }

    var count: Int { bitmap.nonzeroBitCount }

    /// The bytes of memory that the node takes, without those below it.
    var memory: Int { Self.bytes(capacity) + 16 }

    /// `memory` with everything below.
    var subtreeMemory: Int { (0..<count).reduce(memory) { $0 + (child($1).node?.subtreeMemory ?? 0) } }

    /// The node's hash; not for a root, which has rules of its own (`InternalRecord.hash`).
    var hash: Hash32 {
        StateHashing.node(bitmap: bitmap, hashes: UnsafeRawBufferPointer(start: base + Self.header, count: count * 32))
    }

    func has(_ slot: Int) -> Bool { bitmap & (1 << UInt16(slot)) != 0 }

    func isLeaf(_ position: Int) -> Bool { leaves & (1 << UInt16(position)) != 0 }

    func version(_ position: Int) -> UInt64 { base.load(fromByteOffset: versions + position * 8, as: UInt64.self) }

    func keyLength(_ position: Int) -> UInt8 { base.load(fromByteOffset: keyLengths + position, as: UInt8.self) }

    /// The node at `position`, when it is one and in memory.
    func node(_ position: Int) -> HeadNode? {
        guard !isLeaf(position) else { return nil }
        return base.load(fromByteOffset: links + position * 8, as: UnsafeMutableRawPointer?.self).map { HeadNode(base: $0) }
    }

    func setNode(_ position: Int, _ node: HeadNode?) {
        precondition(!isLeaf(position), "a leaf has no node")
        base.storeBytes(of: node?.base, toByteOffset: links + position * 8, as: UnsafeMutableRawPointer?.self)
    }

    /// What the parent's record says of the child.
    func reference(_ position: Int) -> ChildReference {
        let leaf = isLeaf(position)
        return ChildReference(hash: hash(position), version: version(position), leafKeyLength: leaf ? keyLength(position) : nil)
    }

    func child(_ position: Int) -> HeadChild {
        precondition(position < count, "a child that exists")
        let bit: UInt16 = 1 << UInt16(position)
        let leaf = leaves & bit != 0
        return HeadChild(
            hash: hash(position), leafPath: loadHash(paths + position * 32), version: version(position), node: node(position),
            item: leaf ? base.load(fromByteOffset: links + position * 8, as: Int.self) : -1, keyLength: keyLength(position),
            isLeaf: leaf, pathKnown: known & bit != 0)
    }

    /// Replaces the child; a node that was there is the caller's now.
    func set(_ position: Int, _ child: HeadChild) {
        precondition(position < count, "a child that exists")
        let bit: UInt16 = 1 << UInt16(position)
        store(child.hash, at: Self.header + position * 32)
        store(child.leafPath, at: paths + position * 32)
        base.storeBytes(of: child.version, toByteOffset: versions + position * 8, as: UInt64.self)
        if child.isLeaf {
            base.storeBytes(of: child.item, toByteOffset: links + position * 8, as: Int.self)
        } else {
            base.storeBytes(of: child.node?.base, toByteOffset: links + position * 8, as: UnsafeMutableRawPointer?.self)
        }
        base.storeBytes(of: child.keyLength, toByteOffset: keyLengths + position, as: UInt8.self)
        leaves = child.isLeaf ? leaves | bit : leaves & ~bit
        known = child.pathKnown ? known | bit : known & ~bit
    }

    /// Sets what a changed child's record gets.
    func set(_ position: Int, hash: Hash32, version: UInt64) {
        store(hash, at: Self.header + position * 32)
        base.storeBytes(of: version, toByteOffset: versions + position * 8, as: UInt64.self)
    }

    /// Adds a child in an empty slot; the node may move.
    mutating func insert(_ child: HeadChild, slot: Int) {
        precondition(!has(slot), "an empty slot")
        if count == capacity { move(to: Self.capacity(for: count + 1)) }
        let position = bitmap.position(ofSlot: slot)
        shift(from: position, by: 1)
        bitmap |= 1 << UInt16(slot)
        leaves = leaves.insertingZero(position)
        known = known.insertingZero(position)
        set(position, child)
    }

    /// Removes a child; a node that was there is the caller's now.
    func remove(slot: Int) {
        precondition(has(slot), "a child that exists")
        let position = bitmap.position(ofSlot: slot)
        shift(from: position + 1, by: -1)
        bitmap &= ~(1 << UInt16(slot))
        leaves = leaves.removing(position)
        known = known.removing(position)
    }

    /// Frees the nodes below that no update since `stamp` passed through; returns the memory they took.
    func forget(before stamp: UInt64) -> Int {
        var freed = 0
        for position in 0..<count {
            guard let node = node(position) else { continue }
            if node.lastUsed < stamp {
                freed += node.subtreeMemory
                node.destroy()
                setNode(position, nil)
            } else {
                freed += node.forget(before: stamp)
            }
        }
        return freed
    }
}

extension HeadNode {
    private init(base: UnsafeMutableRawPointer) { self.base = base }

    private var versions: Int { Self.header + capacity * 32 }
    private var links: Int { Self.header + capacity * 40 }
    private var paths: Int { Self.header + capacity * 48 }
    private var keyLengths: Int { Self.header + capacity * 80 }

    private static func bytes(_ capacity: Int) -> Int { header + capacity * 81 }

    private static func capacity(for count: Int) -> Int {
        switch count {
        case ...2: 2
        case ...4: 4
        case ...8: 8
        case ...12: 12
        default: 16
        }
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer {
        .allocate(byteCount: bytes(capacity), alignment: 8)
    }

    private func hash(_ position: Int) -> Hash32 { loadHash(Self.header + position * 32) }

    private func loadHash(_ offset: Int) -> Hash32 {
        func word(_ index: Int) -> UInt64 { UInt64(bigEndian: base.load(fromByteOffset: offset + index * 8, as: UInt64.self)) }
        return Hash32(word(0), word(1), word(2), word(3))
    }

    /// As bytes, so that the hashes are hashed where they lie.
    private func store(_ hash: Hash32, at offset: Int) { hash.write(to: UnsafeMutableRawBufferPointer(start: base + offset, count: 32)) }

    /// Moves the children from `position` on up or down by one.
    private func shift(from position: Int, by distance: Int) {
        let moved = count - position
        guard moved > 0 else { return }
        func shift(_ start: Int, _ size: Int) {
            let source = base + start + position * size
            (source + distance * size).copyMemory(from: source, byteCount: moved * size)
        }
        shift(Self.header, 32)
        shift(versions, 8)
        shift(links, 8)
        shift(paths, 32)
        shift(keyLengths, 1)
    }

    private mutating func move(to capacity: Int) {
        let old = self
        base = Self.allocate(capacity)
        base.copyMemory(from: old.base, byteCount: Self.header)
        base.storeBytes(of: UInt16(capacity), toByteOffset: 6, as: UInt16.self)
        func copy(_ from: Int, _ to: Int, _ size: Int) { (base + to).copyMemory(from: old.base + from, byteCount: count * size) }
        copy(Self.header, Self.header, 32)
        copy(old.versions, versions, 8)
        copy(old.links, links, 8)
        copy(old.paths, paths, 32)
        copy(old.keyLengths, keyLengths, 1)
        old.free()
    }
}

extension UInt16 {
    /// The bits from `position` on moved up by one.
    fileprivate func insertingZero(_ position: Int) -> UInt16 {
        let low = (1 << UInt16(position)) &- 1 as UInt16
        return self & low | (self & ~low) << 1
    }

    /// The bits above `position` moved down by one, over it.
    fileprivate func removing(_ position: Int) -> UInt16 {
        let low = (1 << UInt16(position)) &- 1 as UInt16
        return self & low | (self >> 1) & ~low
    }
}
