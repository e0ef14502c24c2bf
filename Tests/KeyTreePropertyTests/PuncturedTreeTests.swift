import Crypto
import Cryptography
import Primitives
import Testing

/// Trees punctured at random, near and far, against what is asked of them. Heavy: meant for the release configuration.
@Suite struct `Punctured trees` {
    /// A tree after punctures, and what was punctured.
    private struct Punctured {
        let whole: RecordKeyTree
        var tree: RecordKeyTree
        var gone: Set<UInt32> = []

        init(_ generator: inout SeededGenerator) throws {
            whole = RecordKeyTree(subjectKey: try AuthenticatedEncryption.key(generator.bytes(32)))
            tree = whole
        }

        mutating func puncture(_ leaf: UInt32) throws {
            try tree.puncture(leaf)
            gone.insert(leaf)
        }
    }

    private static func leaf(_ generator: inout SeededGenerator, near: UInt32) -> UInt32 {
        switch generator.next() % 4 {
        case 0: UInt32(truncatingIfNeeded: generator.next()) % RecordKeyTree.leaves
        case 1: near ^ UInt32(truncatingIfNeeded: generator.next() % 16)
        case 2: near ^ UInt32(truncatingIfNeeded: generator.next() % 256)
        default: near ^ (1 << UInt32(truncatingIfNeeded: generator.next() % 24))
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `keep every other leaf, lose every punctured one, and hold no key above one`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var punctured = try Punctured(&generator)
        let near = UInt32(truncatingIfNeeded: generator.next()) % RecordKeyTree.leaves
        for _ in 0..<400 {
            try punctured.puncture(Self.leaf(&generator, near: near))
            let probe = Self.leaf(&generator, near: near)
            if punctured.gone.contains(probe) {
                #expect(throws: CryptographyError.punctured) { try punctured.tree.recordKey(probe) }
            } else {
                #expect(try punctured.tree.recordKey(probe) == punctured.whole.recordKey(probe), "seed \(seed) leaf \(probe)")
            }
        }
        for leaf in punctured.gone {
            #expect(throws: CryptographyError.punctured) { try punctured.tree.recordKey(leaf) }
            // No node that is left is the leaf or above it.
            #expect(
                !punctured.tree.nodes.contains { node in
                    leaf >> UInt32(4 * (RecordKeyTree.depth - node.level)) == node.index
                })
        }
        // Together they are exactly the rest of the leaves.
        let covered = punctured.tree.nodes.reduce(0) { $0 + (1 << (4 * (RecordKeyTree.depth - $1.level))) }
        #expect(covered == Int(RecordKeyTree.leaves) - punctured.gone.count)
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func `are the same in any order, and when they are restored from their nodes`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var first = try Punctured(&generator)
        let near = UInt32(truncatingIfNeeded: generator.next()) % RecordKeyTree.leaves
        let leaves = (0..<200).map { _ in Self.leaf(&generator, near: near) }
        for leaf in leaves { try first.puncture(leaf) }
        var second = first.whole
        for leaf in leaves.shuffled(using: &generator) { try second.puncture(leaf) }
        func shape(_ tree: RecordKeyTree) -> [[UInt8]] {
            tree.nodes.map { node in [UInt8(node.level)] + node.key.withUnsafeBytes { Array($0) } }
        }
        #expect(shape(first.tree) == shape(second))
        let restored = try RecordKeyTree(nodes: first.tree.nodes.shuffled(using: &generator))
        #expect(shape(restored) == shape(first.tree))
        let one = leaves[0]
        #expect(throws: CryptographyError.punctured) { try restored.recordKey(one) }
    }

    @Test func `are not restored from nodes that no tree leaves`() throws {
        let seed: UInt64 = 21
        var generator = SeededGenerator(seed: seed)
        func node(_ level: Int, _ index: UInt32, bytes: Int = 32) -> RecordKeyTree.Node {
            .init(level: level, index: index, key: SymmetricKey(data: [UInt8](repeating: 3, count: bytes)))
        }
        let bad = [
            [node(7, 0)], [node(-1, 0)], [node(0, 1)], [node(1, 16)], [node(6, RecordKeyTree.leaves)], [node(2, 3), node(2, 3)],
            [node(0, 0), node(4, 9)], [node(3, 5), node(5, 5 << 8 | 3)], [node(1, 0, bytes: 16)], [node(1, 0, bytes: 0)],
        ]
        for nodes in bad { #expect(throws: CryptographyError.malformedKey) { try RecordKeyTree(nodes: nodes) } }
        #expect(try RecordKeyTree(nodes: []).nodes.isEmpty)
        for round in 0..<2_000 {
            let nodes = (0..<(generator.next() % 6)).map { _ in
                node(Int(generator.next() % 8), UInt32(truncatingIfNeeded: generator.next() >> (generator.next() % 64)))
            }
            guard let tree = try? RecordKeyTree(nodes: nodes) else { continue }
            // Whatever is accepted is a tree: its leaves are derived from one node each.
            let covered = tree.nodes.reduce(0) { $0 + (1 << (4 * (RecordKeyTree.depth - $1.level))) }
            #expect(covered <= Int(RecordKeyTree.leaves), "seed \(seed) round \(round)")
        }
    }
}
