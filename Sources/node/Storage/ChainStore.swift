import AuthenticatedState
import Primitives
import Synchronization

/// A chain on disk: blocks, certificates, receipts, ciphertext and the state tree. One atomic synced batch per block.
///
/// Reads come from any thread. `commit`, the prunings, `deleteSidecar` and the puts take turns. After a write that failed (the disk is
/// full) every later one is refused with the same error: what was acknowledged is there, and opening the store again goes on from it.
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
        static let oldestBlock = Array("chain/oldest-block".utf8)
        /// Before the name of an erased sidecar whose bytes may still be in files; the value says which erasure of it.
        static let erased = Array("erased/".utf8)
        static func user(_ name: String) -> [UInt8] { Array("meta/\(name)".utf8) }
    }

    let database: Database
    let writer: Mutex<Writer>

    /// What those who write take turns with: the head, and a batch whose memory is used again.
    struct Writer: ~Copyable {
        fileprivate(set) var head: ChainHead?
        fileprivate var batch: WriteBatch?
        /// Why no more is written.
        private var failure: StorageError?
        /// State versions in use that are not pruned, with how often.
        var pins: [UInt64: Int] = [:]
        /// A batch that grew larger is not kept.
        fileprivate static let keptBytes = 32 << 20

        fileprivate init(head: ChainHead?) { self.head = head }

        /// Writes the batch, or refuses when a write has failed before.
        mutating func write(_ batch: borrowing WriteBatch, to database: Database, sync: Bool? = nil) throws(StorageError) {
            if let failure { throw failure }
            do throws(StorageError) {
                try database.write(batch, sync: sync)
            } catch {
                if error != .closed { failure = error }
                throw error
            }
        }
    }

    /// Opens or makes the chain in the directory `path`, whose parent must exist; throws unless its head is consistent.
    package init(path: String, options: Database.Options = Database.Options()) throws(StorageError) {
        try SnapshotImporter.settle(path)
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
            try writer.write(batch, to: database)
            writer.head = new
            guard batch.bytes <= Writer.keptBytes else { return }
            batch.clear()
            writer.batch = consume batch
        }
    }

    /// Everything that committing the block writes; the head it makes. (`package` for the benchmark, which writes the same elsewhere.)
    package static func append(_ block: BlockCommit, first: Bool, to batch: inout WriteBatch) -> ChainHead {
        let update = block.treeUpdate
        update.newNodes.forEach { batch.put(Columns.nodes, $0, $1) }
        if !update.stale.isEmpty { batch.put(Columns.stale, key(block.height), StaleList.encode(update.stale)) }
        for inserted in update.insertedKeys { batch.put(Columns.index, inserted, []) }
        for removed in update.removedKeys { batch.delete(Columns.index, removed) }
        append(block, to: &batch)
        let head = ChainHead(height: block.height, blockHash: block.blockHash, stateVersion: update.version, root: update.root)
        append(head, first: first, to: &batch)
        return head
    }

    static func append(_ head: ChainHead, first: Bool, to batch: inout WriteBatch) {
        if first {
            batch.put(Columns.meta, MetaKeys.oldestState, key(head.stateVersion))
            batch.put(Columns.meta, MetaKeys.oldestBlock, key(head.height))
        }
        batch.put(Columns.meta, MetaKeys.head, head.encoded)
    }

    /// The block with its certificate, receipts and ciphertext.
    private static func append(_ block: BlockCommit, to batch: inout WriteBatch) {
        append(block.height, hash: block.blockHash, block: block.block, certificate: block.certificate, block.receipts, to: &batch)
        for sidecar in block.sidecars { batch.put(Columns.sidecars, sidecar.hash.bytes, sidecar.bytes) }
        for hash in block.erasedSidecars {
            batch.delete(Columns.sidecars, hash.bytes)
            noteErased(hash, at: block.height, in: &batch)
        }
        for (name, value) in block.names { batch.put(Columns.meta, MetaKeys.user(name), value) }
    }

    static func append(
        _ number: UInt64, hash: Hash32, block: [UInt8], certificate: [UInt8]?, _ receipts: [BlockCommit.Receipt],
        to batch: inout WriteBatch
    ) {
        let height = key(number)
        batch.put(Columns.blocks, [Prefix.block] + height, block)
        batch.put(Columns.blocks, [Prefix.hash] + hash.bytes, height)
        batch.put(Columns.blocks, [Prefix.hashOfHeight] + height, hash.bytes)
        if let certificate { batch.put(Columns.certificates, height, certificate) }
        for receipt in receipts {
            let bytes = StoredReceipt.encode(height: number, index: receipt.index, receipt.bytes)
            batch.put(Columns.receipts, receipt.transactionId.bytes, bytes)
        }
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

    /// Keeps ciphertext if `isLive`, asked while nothing else is committed, says that the newest state names it; tells whether it did.
    package func putSidecar(_ hash: Hash32, _ bytes: [UInt8], isLive: (ChainHead) throws -> Bool) throws -> Bool {
        try writer.withLock { writer in
            guard let head = writer.head, try isLive(head) else { return false }
            var batch = try database.makeBatch()
            batch.put(Columns.sidecars, hash.bytes, bytes)
            try writer.write(batch, to: database)
            return true
        }
    }

    /// Erases ciphertext. Its bytes leave the files with `purgeErased`, or when RocksDB next compacts.
    package func deleteSidecar(_ hash: Hash32) throws(StorageError) {
        try writer.withLock { (writer) throws(StorageError) in
            var batch = try database.makeBatch()
            batch.delete(Columns.sidecars, hash.bytes)
            Self.noteErased(hash, at: writer.head?.height ?? 0, in: &batch)
            try writer.write(batch, to: database)
        }
    }

    /// Makes a consistent copy in the new directory `path`.
    package func checkpoint(to path: String) throws(StorageError) { try database.checkpoint(to: path) }

    private func put(_ column: Column, _ key: [UInt8], _ value: [UInt8]) throws(StorageError) {
        try writer.withLock { (writer) throws(StorageError) in
            var batch = try database.makeBatch()
            batch.put(column, key, value)
            try writer.write(batch, to: database)
        }
    }
}
