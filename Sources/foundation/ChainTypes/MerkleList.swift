import Cryptography
import Primitives

/// Roots and proofs of lists (transactions, receipts): the tree of RFC 6962 §2.1 with our domain separation.
package enum MerkleList {
    /// The hash of one item.
    package static func leaf(_ bytes: [UInt8]) -> Hash32 { Digest.hash(.merkleLeaf, bytes) }

    private static func parent(_ left: Hash32, _ right: Hash32) -> Hash32 {
        var digest = Digest(.merkleNode)
        digest.update(left)
        digest.update(right)
        return digest.finalize()
    }

    /// The root of `leaves`; of no leaves, zero.
    package static func root(_ leaves: [Hash32]) -> Hash32 {
        guard !leaves.isEmpty else { return .zero }
        var level = leaves
        while level.count > 1 { level = above(level) }
        return level[0]
    }

    /// The siblings from leaf `index` upward.
    package static func siblings(of index: Int, in leaves: [Hash32]) -> [Hash32] {
        precondition(leaves.indices.contains(index), "a proof is of an item of the list")
        var siblings: [Hash32] = []
        var (level, position) = (leaves, index)
        while level.count > 1 {
            let other = position ^ 1
            if other < level.count { siblings.append(level[other]) }
            (level, position) = (above(level), position / 2)
        }
        return siblings
    }

    /// Whether `leaf` is item `index` of the `count` items under `root`.
    package static func verify(_ leaf: Hash32, index: Int, count: Int, siblings: [Hash32], root: Hash32) -> Bool {
        guard index >= 0, index < count, siblings.count <= 64 else { return false }
        var (hash, position, size) = (leaf, index, count)
        var rest = siblings[...]
        while size > 1 {
            if position ^ 1 < size {
                guard let sibling = rest.popFirst() else { return false }
                hash = position & 1 == 0 ? parent(hash, sibling) : parent(sibling, hash)
            }
            (position, size) = (position / 2, size / 2 + size % 2)
        }
        return rest.isEmpty && hash == root
    }

    /// An odd last node rises unchanged, which RFC 6962's split at the largest power of two amounts to.
    private static func above(_ level: [Hash32]) -> [Hash32] {
        stride(from: 0, to: level.count, by: 2).map { index in
            index + 1 < level.count ? parent(level[index], level[index + 1]) : level[index]
        }
    }
}
