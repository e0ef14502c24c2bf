import ChainTypes
import Primitives

/// The hashes of the last blocks, kept in the state so that evidence can answer one of them.
package enum RecentBlocks {
    /// How many are kept.
    package static let count: UInt64 = 256

    /// Notes, at the start of block `height`, the hash of the block before it.
    package static func record(parent: Hash32, of height: UInt64, _ state: inout ModuleState) {
        var entry: [UInt8] = []
        entry.append(littleEndian: height - 1)
        entry.append(parent)
        state.set(StateKey.recentBlock((height - 1) % count), bytes: entry)
    }

    /// The hash of block `height`, while it is recent.
    static func hash(at height: UInt64, _ state: inout ModuleState) throws -> Hash32? {
        guard let bytes = try state.value(StateKey.recentBlock(height % count)) else { return nil }
        var reader = ByteReader(bytes)
        let recorded = try reader.integer(UInt64.self)
        return recorded == height ? try reader.hash() : nil
    }
}
