import AuthenticatedState
import Primitives
import Synchronization

/// What stays of a block that is pruned.
package struct PrunedBlock: Sendable {
    /// Whose receipts go with it.
    package var transactions: [Hash32]
    /// Stays.
    package var header: [UInt8]
    /// Whether the certificate stays too.
    package var keepsCertificate: Bool

    package init(transactions: [Hash32], header: [UInt8], keepsCertificate: Bool) {
        (self.transactions, self.header, self.keepsCertificate) = (transactions, header, keepsCertificate)
    }
}

extension ChainStore {
    /// Removes nodes that only versions older than the newest `versions` need, at most `limit` of them; tells whether more are left.
    ///
    /// Versions that a snapshot reader uses stay, with those after them. A crash in between does no harm: removing is only ever
    /// repeated.
    package func pruneState(keeping versions: UInt64, limit: Int = 10_000) throws(StorageError) -> Bool {
        precondition(versions >= 1 && limit >= 1, "the newest version stays")
        return try writer.withLock { (writer) throws(StorageError) in
            guard let head = writer.head, head.stateVersion >= versions else { return false }
            // The list of version v names what versions before v need: it can go when v is the oldest version kept.
            let oldest = min(head.stateVersion - versions + 1, writer.pins.keys.min() ?? .max)
            guard let row = try database.iterate(Columns.stale, limit: 1).first, let version = Self.height(row.key) else { return false }
            guard version <= oldest else { return false }
            let (keys, rest) = try StaleList.split(row.value, limit: limit)
            var batch = try database.makeBatch()
            for key in keys { key.withUnsafeBytes { batch.delete(Columns.nodes, $0) } }
            if rest.isEmpty { batch.delete(Columns.stale, row.key) } else { batch.put(Columns.stale, row.key, Array(rest)) }
            batch.put(Columns.meta, MetaKeys.oldestState, row.key)
            try writer.write(batch, to: database, sync: false)
            return true
        }
    }

    /// Removes the oldest block that is not among the newest `heights`, with its receipts, and leaves its header; tells whether it did.
    ///
    /// One block a call: the work is bounded by a block's. `summary` reads the stored block. Block 0 stays. Ciphertext is not touched:
    /// what the state names as live stays. A crash in between does no harm.
    package func pruneBlock(
        keeping heights: UInt64, summary: (_ height: UInt64, _ block: [UInt8]) throws -> PrunedBlock
    ) throws -> Bool {
        precondition(heights >= 1, "the newest block stays")
        guard let head = head(), head.height >= heights else { return false }
        let oldest = max(try readOldestBlock(), 1)
        guard oldest <= head.height - heights else { return false }
        // Blocks never change, so this one is read and decoded before those who commit are kept waiting.
        let height = Self.key(oldest)
        let pruned = try database.get(Columns.blocks, [Prefix.block] + height).map { try summary(oldest, $0) }
        try writer.withLock { (writer) throws(StorageError) in
            // Another pruning was faster.
            guard max(try readOldestBlock(), 1) == oldest else { return }
            var batch = try database.makeBatch()
            if let pruned {
                batch.put(Columns.blocks, [Prefix.header] + height, pruned.header)
                batch.delete(Columns.blocks, [Prefix.block] + height)
                if !pruned.keepsCertificate { batch.delete(Columns.certificates, height) }
            }
            batch.put(Columns.meta, MetaKeys.oldestBlock, Self.key(oldest + 1))
            for transaction in pruned?.transactions ?? [] {
                // A transaction that was refused may stand in a later block again.
                guard let bytes = try database.get(Columns.receipts, transaction.bytes) else { continue }
                if try StoredReceipt(encoded: bytes).height == oldest { batch.delete(Columns.receipts, transaction.bytes) }
            }
            try writer.write(batch, to: database, sync: false)
        }
        return true
    }

    private func readOldestBlock() throws(StorageError) -> UInt64 {
        guard let bytes = try database.get(Columns.meta, MetaKeys.oldestBlock) else { return 0 }
        guard let height = Self.height(bytes) else { throw .corrupt("oldest block") }
        return height
    }

    /// Keeps a state version from being pruned until the same number of `unpin`; false when it is not here.
    func pin(_ version: UInt64) throws(StorageError) -> Bool {
        try writer.withLock { (writer) throws(StorageError) in
            guard let head = writer.head, version <= head.stateVersion else { return false }
            guard let bytes = try database.get(Columns.meta, MetaKeys.oldestState), let oldest = Self.height(bytes), oldest <= version
            else {
                return false
            }
            writer.pins[version, default: 0] += 1
            return true
        }
    }

    func unpin(_ version: UInt64) {
        writer.withLock { writer in
            guard let count = writer.pins[version] else { return }
            writer.pins[version] = count > 1 ? count - 1 : nil
        }
    }
}
