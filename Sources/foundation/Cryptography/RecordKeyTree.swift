import Crypto
import Primitives

/// A subject's record keys: the leaves of a tree of one-way steps under the subject key (Goldreich, Goldwasser, Micali 1986).
///
/// Sixteen children a node, six levels: 2²⁴ records for a subject and dataset, six HMACs a leaf. Destroying one leaf
/// (`puncture`) deletes the path to it and keeps the co-path, so that leaf can never be derived again.
package struct RecordKeyTree: Sendable {
    package static let depth = 6
    package static let fanOut = 16
    /// How many record keys there are.
    package static let leaves: UInt32 = 1 << 24
    /// The most nodes that a tree is restored from: those of over ten thousand punctured leaves far apart.
    package static let maximumNodes = 1 << 20

    /// A known inner node: everything below it can be derived.
    package struct Node: Sendable {
        /// 0 is the root, `depth` a leaf.
        package let level: Int
        /// Its place in the level, below 16^level.
        package let index: UInt32
        package let key: SymmetricKey

        package init(level: Int, index: UInt32, key: SymmetricKey) { (self.level, self.index, self.key) = (level, index, key) }

        var firstLeaf: UInt32 { index << UInt32(4 * (depth - level)) }
        var endLeaf: UInt32 { (index + 1) << UInt32(4 * (depth - level)) }
    }

    /// What is left of the tree: no node above another, in the order of their leaves. From it nothing punctured can be derived.
    package private(set) var nodes: [Node]

    /// The whole tree under `subjectKey`.
    package init(subjectKey: SymmetricKey) { nodes = [Node(level: 0, index: 0, key: subjectKey)] }

    /// The tree of which `nodes` are left, in any order.
    /// - Throws: `malformedKey` when a node is outside of the tree, overlaps with another, or has no key of 32 bytes.
    package init(nodes: [Node]) throws(CryptographyError) {
        guard nodes.count <= Self.maximumNodes,
            nodes.allSatisfy({ node in
                (0...Self.depth).contains(node.level) && node.index < 1 << UInt32(4 * node.level) && node.key.bitCount == 256
            })
        else { throw .malformedKey }
        let sorted = nodes.sorted { $0.firstLeaf < $1.firstLeaf }
        guard zip(sorted, sorted.dropFirst()).allSatisfy({ $0.endLeaf <= $1.firstLeaf }) else { throw .malformedKey }
        self.nodes = sorted
    }

    /// Whether a leaf was ever destroyed.
    package var isPunctured: Bool { nodes.first?.level != 0 }

    /// The key of record number `leaf`.
    /// - Throws: `indexOutOfRange`, or `punctured` when the leaf was destroyed.
    package func recordKey(_ leaf: UInt32) throws(CryptographyError) -> SymmetricKey {
        guard leaf < Self.leaves else { throw .indexOutOfRange }
        guard let position = position(above: leaf) else { throw .punctured }
        var node = nodes[position]
        while node.level < Self.depth { node = Self.child(of: node, towards: leaf) }
        return node.key
    }

    /// Destroys record key number `leaf` for good; a second time changes nothing.
    package mutating func puncture(_ leaf: UInt32) throws(CryptographyError) {
        guard leaf < Self.leaves else { throw .indexOutOfRange }
        guard let position = position(above: leaf) else { return }
        nodes.replaceSubrange(position...position, with: Self.coPath(of: leaf, under: nodes[position]))
    }

    /// What is left below `node` without `leaf`, in the order of the leaves.
    private static func coPath(of leaf: UInt32, under node: Node) -> [Node] {
        var (before, after): ([Node], [Node]) = ([], [])
        var node = node
        while node.level < depth {
            let onPath = ancestor(of: leaf, level: node.level + 1)
            let children = (0..<UInt32(fanOut)).map { node.index * UInt32(fanOut) + $0 }
            before += children.filter { $0 < onPath }.map { step(node, to: $0) }
            after = children.filter { $0 > onPath }.map { step(node, to: $0) } + after
            node = step(node, to: onPath)
        }
        return before + after
    }

    /// Where the node that `leaf` derives from is, by bisection: a punctured tree may have many.
    private func position(above leaf: UInt32) -> Int? {
        var (low, high) = (0, nodes.count)
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].endLeaf <= leaf { low = middle + 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].firstLeaf <= leaf ? low : nil
    }

    private static func ancestor(of leaf: UInt32, level: Int) -> UInt32 { leaf >> UInt32(4 * (depth - level)) }

    private static func child(of node: Node, towards leaf: UInt32) -> Node { step(node, to: ancestor(of: leaf, level: node.level + 1)) }

    private static func step(_ node: Node, to index: UInt32) -> Node {
        var input = Context.recordKeyTree.prefix
        input.append(UInt8(node.level))
        input.append(UInt8(index & 15))
        let code = HMAC<SHA256>.authenticationCode(for: input, using: node.key)
        return Node(level: node.level + 1, index: index, key: SymmetricKey(data: code))
    }
}
