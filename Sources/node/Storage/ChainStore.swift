import AuthenticatedState
import Primitives
import Synchronization

/// A chain on disk: blocks, certificates, receipts, ciphertext and the state tree. One atomic synced batch per block.
///
/// Reads come from any thread. `commit`, `pruneState`, `deleteSidecar` and the puts take turns.
package final class ChainStore: StateNodeStore {
    enum Columns {
        static let meta = Column(index: 0, name: "meta", writeBufferBytes: 4 << 20)
        static let blocks = Column(index: 1, name: "blocks", writeBufferBytes: 32 << 20)
        static let certificates = Column(index: 2, name: "certificates")
        static let receipts = Column(index: 3, name: "receipts", writeBufferBytes: 32 << 20, filtered: true)
        static let sidecars = Column(index: 4, name: "sidecars", writeBufferBytes: 32 << 20, filtered: true)
        static let nodes = Column(index: 5, name: "nodes", writeBufferBytes: 128 << 20, filtered: true)
        static let stale = Column(index: 6, name: "stale", writeBufferBytes: 32 << 20)
        static let index = Column(index: 7, name: "index", writeBufferBytes: 32 << 20, filtered: true)
        static let all = [meta, blocks, certificates, receipts, sidecars, nodes, stale, index]
    }

    /// The column families in their order, for tools that look into a store.
    package static let columns = Columns.all

    /// Names in the meta column. Those of `putMeta` carry a prefix of their own.
    enum MetaKeys {
        static let head = Array("chain/head".utf8)
        static let oldestState = Array("chain/oldest-state".utf8)
        static func user(_ name: String) -> [UInt8] { Array("meta/\(name)".utf8) }
    }

    let database: Database
    private let writer: Mutex<Writer>

    /// What those who write take turns with: the head, and a batch whose memory is used again.
    private struct Writer: ~Copyable {
        var head: ChainHead?
        var batch: WriteBatch?
        /// A batch that grew larger is not kept.
        static let keptBytes = 32 << 20
    }

    /// Opens or makes the chain in the directory `path`, whose parent must exist; throws unless its head is consistent.
    package init(path: String, options: Database.Options = Database.Options()) throws(StorageError) {
        database = try Database(path: path, columns: Columns.all, options: options)
        let head = try Self.readHead(database)
        writer = Mutex(Writer(head: head))
        if let head { try verify(head) }
    }

    /// Lets go of the files.
    package func close() {
        writer.withLock { $0.batch = nil }
        database.close()
    }

    /// The newest block; `nil` in a new store.
    package func head() -> ChainHead? { writer.withLock { $0.head } }

    /// Writes a block and its effects; when it returns they are on disk (unless opened with `sync: false`).
    package func commit(_ block: BlockCommit) throws(StorageError) {
        try writer.withLock { (writer) throws(StorageError) in
            let head = writer.head
            guard block.treeUpdate.version == block.height, head.map({ $0.height + 1 == block.height }) ?? true else {
                throw .notNext(head: head?.height, given: block.height)
            }
            var batch = if let kept = writer.batch.take() { kept } else { try database.makeBatch() }
            let new = Self.append(block, first: head == nil, to: &batch)
            try database.write(batch)
            writer.head = new
            guard batch.bytes <= Writer.keptBytes else { return }
            batch.clear()
            writer.batch = consume batch
        }
    }

    /// Everything that committing the block writes; the head it makes. (`package` for the benchmark, which writes the same elsewhere.)
    package static func append(_ block: BlockCommit, first: Bool, to batch: inout WriteBatch) -> ChainHead {
        let update = block.treeUpdate
        let height = key(block.height)
        batch.put(Columns.blocks, [Prefix.block] + height, block.block)
        batch.put(Columns.blocks, [Prefix.hash] + block.blockHash.bytes, height)
        batch.put(Columns.blocks, [Prefix.hashOfHeight] + height, block.blockHash.bytes)
        if let certificate = block.certificate { batch.put(Columns.certificates, height, certificate) }
        for receipt in block.receipts {
            let bytes = StoredReceipt.encode(height: block.height, index: receipt.index, receipt.bytes)
            batch.put(Columns.receipts, receipt.transactionId.bytes, bytes)
        }
        for sidecar in block.sidecars { batch.put(Columns.sidecars, sidecar.hash.bytes, sidecar.bytes) }
        for hash in block.erasedSidecars { batch.delete(Columns.sidecars, hash.bytes) }
        update.newNodes.forEach { batch.put(Columns.nodes, $0, $1) }
        if !update.stale.isEmpty { batch.put(Columns.stale, height, StaleList.encode(update.stale)) }
        for inserted in update.insertedKeys { batch.put(Columns.index, inserted, []) }
        for removed in update.removedKeys { batch.delete(Columns.index, removed) }
        if first { batch.put(Columns.meta, MetaKeys.oldestState, height) }
        let head = ChainHead(
            height: block.height, blockHash: block.blockHash, stateVersion: update.version, root: update.root)
        batch.put(Columns.meta, MetaKeys.head, head.encoded)
        return head
    }

    /// Keeps the certificate of a block that is committed.
    package func putCertificate(height: UInt64, _ certificate: [UInt8]) throws(StorageError) {
        try put(Columns.certificates, Self.key(height), certificate)
    }

    /// Keeps a small named value, on disk when this returns.
    package func putMeta(_ name: String, _ value: [UInt8]) throws(StorageError) {
        try put(Columns.meta, MetaKeys.user(name), value)
    }

    /// Keeps ciphertext before its block is committed, or again after a sync.
    package func putSidecar(_ hash: Hash32, _ bytes: [UInt8]) throws(StorageError) {
        try put(Columns.sidecars, hash.bytes, bytes)
    }

    /// Erases ciphertext. Its bytes leave the files with `purgeErased`, or when RocksDB next compacts.
    package func deleteSidecar(_ hash: Hash32) throws(StorageError) {
        try writer.withLock { (_) throws(StorageError) in
            var batch = try database.makeBatch()
            batch.delete(Columns.sidecars, hash.bytes)
            try database.write(batch)
        }
    }

    /// Rewrites the files that held erased ciphertext. Slow: for a quiet moment.
    package func purgeErased() throws(StorageError) { try database.compact(Columns.sidecars) }

    /// Makes a consistent copy in the new directory `path`.
    package func checkpoint(to path: String) throws(StorageError) { try database.checkpoint(to: path) }

    /// Removes nodes that only versions older than the newest `versions` need, at most `limit` of them; tells whether more are left.
    ///
    /// A crash in between does no harm: removing is only ever repeated.
    package func pruneState(keeping versions: UInt64, limit: Int = 10_000) throws(StorageError) -> Bool {
        precondition(versions >= 1 && limit >= 1, "the newest version stays")
        return try writer.withLock { (writer) throws(StorageError) in
            guard let head = writer.head, head.stateVersion >= versions else { return false }
            // The list of version v names what versions before v need: it can go when v is the oldest version kept.
            let oldest = head.stateVersion - versions + 1
            guard let row = try database.iterate(Columns.stale, limit: 1).first, let version = Self.height(row.key) else { return false }
            guard version <= oldest else { return false }
            let (keys, rest) = try StaleList.split(row.value, limit: limit)
            var batch = try database.makeBatch()
            for key in keys { key.withUnsafeBytes { batch.delete(Columns.nodes, $0) } }
            if rest.isEmpty { batch.delete(Columns.stale, row.key) } else { batch.put(Columns.stale, row.key, Array(rest)) }
            batch.put(Columns.meta, MetaKeys.oldestState, row.key)
            try database.write(batch, sync: false)
            return true
        }
    }

    private func put(_ column: Column, _ key: [UInt8], _ value: [UInt8]) throws(StorageError) {
        try writer.withLock { (_) throws(StorageError) in
            var batch = try database.makeBatch()
            batch.put(column, key, value)
            try database.write(batch)
        }
    }
}
