import Primitives

/// One child of an internal node of the head version, as kept in memory.
struct HeadChild {
    /// The child's hash; stale while an update is under way below it.
    var hash: Hash32
    /// For a leaf, its own path, when `pathKnown`.
    var leafPath: Hash32 = .zero
    /// The version that wrote the child.
    var version: UInt64
    /// For an internal node, the node itself when it is in memory.
    var node: HeadNode?
    /// For a leaf of the update under way, the update's item; otherwise -1.
    var item: Int32 = -1
    /// For a leaf, the nibbles of its `NodeKey`; `pendingKeyLength` until it is written.
    var keyLength: UInt8 = 0
    var isLeaf: Bool
    var pathKnown = false

    /// Longer than any place, so that the leaf is written where it ends up.
    static let pendingKeyLength: UInt8 = 65

    var reference: ChildReference { ChildReference(hash: hash, version: version, leafKeyLength: isLeaf ? keyLength : nil) }
}

/// An internal node of the head version in memory. Owned by its parent; only `HeadTree` touches it.
final class HeadNode {
    var bitmap: UInt16
    /// The children in slot order.
    var children: ContiguousArray<HeadChild>
    /// The last update that passed through the node: never smaller than that of a node below.
    var lastUsed: UInt64

    init(bitmap: UInt16 = 0, children: ContiguousArray<HeadChild> = [], lastUsed: UInt64) {
        self.bitmap = bitmap
        self.children = children
        self.lastUsed = lastUsed
    }

    convenience init(_ record: InternalRecord, lastUsed: UInt64) {
        var children = ContiguousArray<HeadChild>()
        children.reserveCapacity(record.children.count)
        for child in record.children {
            children.append(
                HeadChild(
                    hash: child.hash, version: child.version, keyLength: child.leafKeyLength ?? 0, isLeaf: child.leafKeyLength != nil))
        }
        self.init(bitmap: record.bitmap, children: children, lastUsed: lastUsed)
    }

    /// About the bytes of memory that the node takes, without those below it.
    var memory: Int { 112 + children.capacity * MemoryLayout<HeadChild>.stride }

    /// The node's hash; not for a root, which has rules of its own (`InternalRecord.hash`).
    var hash: Hash32 { StateHashing.node(bitmap: bitmap, count: children.count) { children[$0].hash } }

    func has(_ slot: Int) -> Bool { bitmap & (1 << UInt16(slot)) != 0 }

    func insert(_ child: HeadChild, slot: Int) {
        children.insert(child, at: bitmap.position(ofSlot: slot))
        bitmap |= 1 << UInt16(slot)
    }

    func remove(slot: Int) {
        children.remove(at: bitmap.position(ofSlot: slot))
        bitmap &= ~(1 << UInt16(slot))
    }

    /// Forgets the nodes below that no update since `stamp` passed through; returns the memory they took.
    func forget(before stamp: UInt64) -> Int {
        var freed = 0
        for index in children.indices {
            guard let node = children[index].node else { continue }
            if node.lastUsed < stamp {
                children[index].node = nil
                freed += node.subtreeMemory
            } else {
                freed += node.forget(before: stamp)
            }
        }
        return freed
    }

    /// `memory` with everything below.
    var subtreeMemory: Int { children.reduce(memory) { $0 + ($1.node?.subtreeMemory ?? 0) } }
}
