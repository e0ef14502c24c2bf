import ChainTypes
import Cryptography
import Primitives
import Testing

@Suite struct `Merkle lists` {
    func leaves(_ count: Int) -> [Hash32] { (0..<count).map { MerkleList.leaf([UInt8($0)]) } }

    /// RFC 6962 §2.1, as written there: split at the largest power of two below the count.
    func reference(_ leaves: ArraySlice<Hash32>) -> Hash32 {
        guard leaves.count > 1 else { return leaves.first ?? .zero }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let middle = leaves.startIndex + split
        return Digest.hash(.merkleNode, reference(leaves[..<middle]).bytes + reference(leaves[middle...]).bytes)
    }

    @Test(arguments: 0...33) func `The root is that of RFC 6962`(count: Int) {
        #expect(MerkleList.root(leaves(count)) == reference(leaves(count)[...]))
    }

    @Test(arguments: 1...33) func `Every item proves itself and nothing else`(count: Int) {
        let all = leaves(count)
        let root = MerkleList.root(all)
        for index in all.indices {
            let siblings = MerkleList.siblings(of: index, in: all)
            #expect(MerkleList.verify(all[index], index: index, count: count, siblings: siblings, root: root))
            for other in all.indices where other != index {
                #expect(!MerkleList.verify(all[other], index: index, count: count, siblings: siblings, root: root))
                #expect(!MerkleList.verify(all[index], index: other, count: count, siblings: siblings, root: root))
            }
        }
    }

    @Test(arguments: 1...33) func `An altered, missing or extra sibling fails`(count: Int) {
        let all = leaves(count)
        let root = MerkleList.root(all)
        for index in all.indices {
            let siblings = MerkleList.siblings(of: index, in: all)
            for position in siblings.indices {
                var altered = siblings
                altered[position] = Hash32(altered[position].w0 ^ 1, altered[position].w1, altered[position].w2, altered[position].w3)
                #expect(!MerkleList.verify(all[index], index: index, count: count, siblings: altered, root: root))
                altered.remove(at: position)
                #expect(!MerkleList.verify(all[index], index: index, count: count, siblings: altered, root: root))
            }
            #expect(!MerkleList.verify(all[index], index: index, count: count, siblings: siblings + [.zero], root: root))
            #expect(!MerkleList.verify(all[index], index: index, count: count, siblings: siblings, root: .zero))
        }
    }

    @Test func `Indices outside the list fail`() {
        let all = leaves(4)
        let siblings = MerkleList.siblings(of: 0, in: all)
        for (index, count) in [(-1, 4), (4, 4), (0, 0), (0, -1), (.max, .max), (Int.max - 1, .max)] {
            #expect(!MerkleList.verify(all[0], index: index, count: count, siblings: siblings, root: MerkleList.root(all)))
        }
    }

    @Test func `An inner node is no item`() {
        let all = leaves(4)
        let left = MerkleList.root(Array(all[..<2]))
        let right = MerkleList.root(Array(all[2...]))
        let root = MerkleList.root(all)
        // Raised as if it were an item, an inner node does verify under a false count; items are hashed in their own context.
        #expect(MerkleList.verify(left, index: 0, count: 2, siblings: [right], root: root))
        #expect(MerkleList.leaf(all[0].bytes + all[1].bytes) != left)
        #expect(MerkleList.leaf([1]) != Digest.hash(.merkleNode, [1]))
    }
}
