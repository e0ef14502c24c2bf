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

    /// A known inner node: everything below it can be derived.
    struct Node: Sendable {
        let level: Int
        let index: UInt32
        let key: SymmetricKey
    }

    private var nodes: [Node]

    /// The whole tree under `subjectKey`.
    package init(subjectKey: SymmetricKey) { nodes = [Node(level: 0, index: 0, key: subjectKey)] }

    /// The key of record number `leaf`.
    /// - Throws: `indexOutOfRange`, or `punctured` when the leaf was destroyed.
    package func recordKey(_ leaf: UInt32) throws(CryptographyError) -> SymmetricKey {
        guard leaf < Self.leaves else { throw .indexOutOfRange }
        guard var node = nodes.first(where: { Self.ancestor(of: leaf, level: $0.level) == $0.index }) else { throw .punctured }
        while node.level < Self.depth { node = Self.child(of: node, towards: leaf) }
        return node.key
    }

    /// Destroys record key number `leaf` for good; a second time changes nothing.
    package mutating func puncture(_ leaf: UInt32) throws(CryptographyError) {
        guard leaf < Self.leaves else { throw .indexOutOfRange }
        guard let position = nodes.firstIndex(where: { Self.ancestor(of: leaf, level: $0.level) == $0.index }) else { return }
        var node = nodes.remove(at: position)
        while node.level < Self.depth {
            let onPath = Self.ancestor(of: leaf, level: node.level + 1)
            for digit in 0..<UInt32(Self.fanOut) {
                let index = node.index * UInt32(Self.fanOut) + digit
                if index != onPath { nodes.append(Self.step(node, to: index)) }
            }
            node = Self.step(node, to: onPath)
        }
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
