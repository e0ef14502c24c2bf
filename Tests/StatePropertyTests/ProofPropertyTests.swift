import AuthenticatedState
import Primitives
import StateModel
import Testing

/// A random tree of 10,000 keys in two versions. Heavy: meant for the release configuration.
struct LargeTree {
    let tree: StateTree
    let root: Hash32
    let values: [[UInt8]: [UInt8]]
    let present: [[UInt8]]
    let absent: [[UInt8]]

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pool = KeyPool.neighbours(2_000, seed: seed) + KeyPool.random(18_000, seed: seed + 1_000)
        let chosen = pool.shuffled(using: &generator)
        var tracked = TrackedTree()
        try tracked.apply(chosen.prefix(11_000).map { (key: $0, value: generator.bytes(Int(generator.next() % 40))) })
        try tracked.apply(chosen.prefix(11_000).suffix(1_000).map { (key: $0, value: nil) })
        tree = tracked.tree
        root = try tree.root()
        values = tracked.model.values
        present = Array(chosen.prefix(10_000))
        absent = Array(chosen.dropFirst(10_000))
        #expect(root == tracked.model.root)
    }
}

@Suite struct `Proofs over random trees of 10,000 keys` {
    @Test(arguments: [1, 2] as [UInt64])
    func `every inclusion and exclusion proof verifies`(seed: UInt64) throws {
        let large = try LargeTree(seed: seed)
        for key in large.present + large.absent {
            let bytes = try large.tree.prove(key, version: 2).encode()
            try StateProof.decode(bytes).verify(root: large.root, key: key, value: large.values[key])
        }
        #expect(large.present.count == 10_000 && large.absent.count == 10_000)
    }

    @Test func `every byte of 200 proofs counts`() throws {
        let seed: UInt64 = 3
        let large = try LargeTree(seed: seed)
        var generator = SeededGenerator(seed: seed)
        let keys = large.present.shuffled(using: &generator).prefix(100) + large.absent.shuffled(using: &generator).prefix(100)
        for (number, key) in keys.enumerated() {
            let bytes = try large.tree.prove(key, version: 2).encode()
            let value = large.values[key]
            for position in bytes.indices {
                let bits = number % 10 == 0 ? Array(0..<8) : [Int(generator.next() % 8)]
                for bit in bits {
                    var flipped = bytes
                    flipped[position] ^= 1 << UInt8(bit)
                    #expect(!Self.holds(flipped, large.root, key, value), "seed \(seed) proof \(number) byte \(position) bit \(bit)")
                }
            }
            #expect(!Self.holds(bytes + [0], large.root, key, value))
            #expect(!Self.holds(Array(bytes.dropLast()), large.root, key, value))
        }
    }

    private static func holds(_ bytes: [UInt8], _ root: Hash32, _ key: [UInt8], _ value: [UInt8]?) -> Bool {
        (try? StateProof.decode(bytes).verify(root: root, key: key, value: value)) != nil
    }
}
