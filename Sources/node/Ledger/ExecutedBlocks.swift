import AuthenticatedState
import ChainTypes
import Cryptography
import Primitives
import Storage
import WireTypes

/// How much is kept of blocks that are executed and not committed.
package struct ExecutionLimits: Sendable {
    /// The most blocks.
    package var blocks: Int
    /// The most bytes of state nodes, receipts and sidecars together. A block on the head is always taken.
    package var bytes: Int

    package init(blocks: Int = 256, bytes: Int = 512 << 20) {
        precondition(blocks >= 1, "at least the next block is executed")
        (self.blocks, self.bytes) = (blocks, bytes)
    }
}

/// A block with all that executing it gave, before it is committed.
struct ExecutedBlock: Sendable {
    let parent: Hash32
    let outcome: BlockOutcome
    /// Lacks the block's own bytes and certificate.
    let commit: BlockCommit
    /// The accounts that it wrote.
    let accounts: [Address: WireAccount]
    /// The state after it.
    var branch: StateBranch

    var height: UInt64 { commit.height }

    /// What it takes in memory, about.
    var bytes: Int {
        commit.treeUpdate.writtenBytes + commit.receipts.reduce(0) { $0 + $1.bytes.count } * 2
            + commit.sidecars.reduce(0) { $0 + $1.bytes.count } + accounts.count * 64
    }
}

/// The executed blocks that are not committed: a tree that grows from the head.
///
/// When it is full, the blocks executed longest ago that nothing stands on go first, never an ancestor of the new one: a chain that
/// leaves proposals behind without end does not stop, and what was dropped can be executed again.
struct ExecutedBlocks {
    private struct Entry {
        var block: ExecutedBlock
        var order: UInt64
        var bytes: Int
        var children = 0
    }

    let limits: ExecutionLimits
    private var entries: [Hash32: Entry] = [:]
    private var order: UInt64 = 0
    private(set) var bytes = 0

    init(limits: ExecutionLimits) { self.limits = limits }

    var count: Int { entries.count }

    subscript(hash: Hash32) -> ExecutedBlock? { entries[hash]?.block }

    /// The block and its uncommitted ancestors, newest first.
    func chain(_ hash: Hash32) -> [ExecutedBlock] {
        var chain: [ExecutedBlock] = []
        var next = hash
        while let entry = entries[next] {
            chain.append(entry.block)
            next = entry.block.parent
        }
        return chain
    }

    /// Keeps a block whose parent is the head or here.
    mutating func insert(_ block: ExecutedBlock, hash: Hash32) throws(LedgerError) {
        precondition(entries[hash] == nil, "a block is executed once")
        let size = block.bytes
        try makeRoom(for: size, on: block.parent)
        entries[block.parent]?.children += 1
        entries[hash] = Entry(block: block, order: order, bytes: size)
        order += 1
        bytes += size
    }

    private mutating func makeRoom(for size: Int, on parent: Hash32) throws(LedgerError) {
        while entries.count >= limits.blocks || (bytes + size > limits.bytes && !entries.isEmpty) {
            // The parent itself is kept; its ancestors have children.
            let droppable = entries.filter { $0.key != parent && $0.value.children == 0 }
            guard let oldest = droppable.min(by: { $0.value.order < $1.value.order }) else { throw .tooFarAhead }
            remove(oldest.key)
        }
    }

    private mutating func remove(_ hash: Hash32) {
        guard let entry = entries.removeValue(forKey: hash) else { return }
        bytes -= entry.bytes
        entries[entry.block.parent]?.children -= 1
    }

    /// The block is committed: forgets it and all that does not descend from it.
    mutating func settle(_ hash: Hash32) {
        var kept: Set<Hash32> = []
        for (key, entry) in entries.sorted(by: { $0.value.block.height < $1.value.block.height }) {
            if entry.block.parent == hash || kept.contains(entry.block.parent) {
                kept.insert(key)
                entries[key]?.block.branch = entry.block.branch.settlingFirst()
            } else {
                bytes -= entry.bytes
                entries[key] = nil
            }
        }
    }
}
