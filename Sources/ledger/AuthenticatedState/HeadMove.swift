import Primitives

/// A head tree's way from one branch to another: keeps in memory what both share and reads again what the two changed.
struct HeadMove {
    /// Reads the branch moved to.
    let reader: StateReader
    /// The newest version that both branches hold: nodes of later ones may differ under the same key.
    let ancestor: UInt64?
    let stamp: UInt64
    /// By how much the nodes in memory grew, in bytes.
    var memory = 0

    init(reader: StateReader, ancestor: UInt64?, stamp: UInt64) {
        self.reader = reader
        self.ancestor = ancestor
        self.stamp = stamp
    }

    /// The node of `record` at the first `depth` nibbles of `path`, with the nodes below `old` that it shares; `old` is gone after.
    ///
    /// A node below that cannot be read is left for the one who needs it to fail on.
    mutating func move(_ old: HeadNode, to record: InternalRecord, depth: Int, path: Hash32) -> HeadNode {
        let new = HeadNode(record, lastUsed: stamp)
        memory += new.memory
        var slots = record.bitmap
        for position in 0..<new.count {
            let slot = slots.trailingZeroBitCount
            slots &= slots &- 1
            guard old.has(slot) else { continue }
            let oldPosition = old.bitmap.position(ofSlot: slot)
            let before = old.child(oldPosition)
            var child = new.child(position)
            guard before.isLeaf == child.isLeaf else { continue }
            if child.isLeaf {
                // A leaf's hash covers its path.
                guard before.pathKnown, before.hash == child.hash else { continue }
                child.leafPath = before.leafPath
                child.pathKnown = true
                new.set(position, child)
            } else if let node = before.node {
                if before.version == child.version, let ancestor, child.version <= ancestor {
                    new.setNode(position, node)
                } else {
                    let place = path.settingNibble(depth, to: slot)
                    guard let below = try? reader.internalNode(child.reference, path: place, depth: depth + 1) else { continue }
                    new.setNode(position, move(node, to: below, depth: depth + 1, path: place))
                }
                old.setNode(oldPosition, nil)
            }
        }
        memory -= old.subtreeMemory
        old.destroy()
        return new
    }
}
