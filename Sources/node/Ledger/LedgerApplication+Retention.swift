import ChainTypes
import Cryptography
import Primitives
import Storage
import Synchronization

/// How much of the past a node keeps.
package struct Retention: Sendable, Equatable {
    /// The newest state versions: for queries of the past, and snapshots of them.
    package var stateVersions: UInt64
    /// The newest blocks with their receipts; `nil` for all. Headers stay, and the certificates that end epochs.
    package var blocks: UInt64?

    package init(stateVersions: UInt64, blocks: UInt64? = nil) {
        precondition(stateVersions >= 1 && blocks ?? 1 >= 1, "the newest stays")
        (self.stateVersions, self.blocks) = (stateVersions, blocks)
    }
}

extension LedgerApplication {
    /// Removes a little of what is not kept: at most `nodes` nodes of the state and `blocks` blocks. Tells whether more is left.
    /// To be called again and again from the start; a crash in between does no harm.
    package func prune(_ retention: Retention, nodes: Int = 2_000, blocks: Int = 8) throws -> Bool {
        var more = try store.pruneState(keeping: retention.stateVersions, limit: nodes)
        guard let kept = retention.blocks else { return more }
        for _ in 0..<blocks {
            guard try store.pruneBlock(keeping: kept, summary: Self.summary) else { return more }
        }
        more = true
        return more
    }

    private static func summary(_ height: UInt64, _ bytes: [UInt8]) throws -> PrunedBlock {
        let block = try Block(decoding: bytes)
        return PrunedBlock(
            transactions: block.transactions.map(\.id), header: block.header.bytes, keepsCertificate: block.header.lastOfEpoch)
    }

    /// The header at `height`, also of a pruned block.
    package func header(_ height: UInt64) throws -> BlockHeader? {
        if let tip = chain.withLock({ $0.tip }), tip.height == height { return tip }
        if let bytes = try store.block(height), height > 0 { return try Block.header(of: bytes) }
        return try store.prunedHeader(height).map { try BlockHeader(decoding: $0) }
    }

    /// The oldest block and the oldest state that this node still has.
    package func oldest() throws -> (block: UInt64, state: UInt64) {
        (try store.oldestBlock() ?? 0, try store.oldestStateVersion() ?? 0)
    }
}
