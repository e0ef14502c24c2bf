import ChainTypes
import Primitives

/// The hashes of the last blocks, kept in the state so that evidence can answer one of them.
package enum RecentBlocks {
    /// How many are kept.
    package static let count = RecentBlockEntry.slots

    /// Notes, at the start of block `height`, the hash of the block before it.
    package static func record(parent: Hash32, of height: UInt64, _ state: inout ModuleState) {
        state.set(StateKey.recentBlock((height - 1) % count), bytes: RecentBlockEntry(height: height - 1, hash: parent).bytes)
    }

    /// The hash of block `height`, while it is recent.
    static func hash(at height: UInt64, _ state: inout ModuleState) throws -> Hash32? {
        guard let entry = try state.value(StateKey.recentBlock(height % count)).flatMap(RecentBlockEntry.init) else { return nil }
        return entry.height == height ? entry.hash : nil
    }
}
