import Crypto
import Primitives

/// The state as a dictionary, with the root computed from nothing by the definition in docs/spec/state-tree.md.
///
/// Shares no code with the tree: it is what the tree is compared with.
package struct NaiveState: Sendable {
    package var values: [[UInt8]: [UInt8]] = [:]

    package init() {}

    package var root: Hash32 {
        let leaves = values.map { key, value in
            let path = Self.sha("jupiter/state-key/v1", key)
            return (path: path, hash: Self.sha("jupiter/state-lea/v1", path + Self.sha("jupiter/state-val/v1", value)))
        }
        return Hash32(Self.root(leaves, depth: 0)) ?? .zero
    }

    private static func root(_ leaves: [(path: [UInt8], hash: [UInt8])], depth: Int) -> [UInt8] {
        if leaves.isEmpty { return [UInt8](repeating: 0, count: 32) }
        if leaves.count == 1 { return leaves[0].hash }
        var bitmap: UInt16 = 0
        var hashes: [UInt8] = []
        for nibble in 0..<16 {
            let below = leaves.filter { ($0.path[depth / 2] >> (depth % 2 == 0 ? 4 : 0)) & 15 == nibble }
            if below.isEmpty { continue }
            bitmap |= 1 << UInt16(nibble)
            hashes += root(below, depth: depth + 1)
        }
        return sha("jupiter/state-int/v1", [UInt8(bitmap & 0xFF), UInt8(bitmap >> 8)] + hashes)
    }

    private static func sha(_ domain: String, _ content: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: [UInt8(domain.utf8.count)] + Array(domain.utf8) + content))
    }
}
