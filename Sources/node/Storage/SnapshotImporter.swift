import AuthenticatedState
import Primitives
import Synchronization

/// The block that a snapshot's state follows, with what a chain needs of it. Who imports has checked it against certified headers.
package struct SnapshotBase: Sendable {
    package var block: [UInt8]
    package var certificate: [UInt8]?
    package var receipts: [BlockCommit.Receipt]
    /// Named values of the new store (`ChainStore.getMeta`).
    package var names: [(name: String, value: [UInt8])]

    package init(
        block: [UInt8], certificate: [UInt8]?, receipts: [BlockCommit.Receipt], names: [(name: String, value: [UInt8])] = []
    ) {
        (self.block, self.certificate, self.receipts, self.names) = (block, certificate, receipts, names)
    }
}

/// Gives named values one by one to whom it is called with: there may be more than should be in memory.
package typealias NamedValues = (_ put: (String, [UInt8]) throws -> Void) throws -> Void

/// Makes a chain store out of chunks of one state, which may come from anybody, in any order, over several runs of the program.
///
/// Until `finish` nothing is at `path`: the entries received are in `path`.import, the store that is built of them in `path`.new. Then
/// the first is renamed to `path`.done, which is the moment that counts, and the second to `path`. All these names are in one directory,
/// so they change in order. A crash at any moment leaves an import that goes on, or a complete store (docs/spec/sync.md).
package final class SnapshotImporter: Sendable {
    private enum Columns {
        static let progress = Column(index: 0, name: "progress", writeBufferBytes: 1 << 20)
        static let entries = Column(index: 1, name: "entries", writeBufferBytes: 64 << 20)
        static let all = [progress, entries]
    }

    private struct State: Sendable {
        /// What is missing of each part, in their order.
        var missing: [PathRange?]
        var entries: UInt64
    }

    package let manifest: SnapshotManifest
    private let path: String
    private let database: Database
    private let state: Mutex<State>

    private static let manifestKey = Array("manifest".utf8)
    private static let countKey = Array("count".utf8)

    /// The directories beside the chain's.
    private struct Folders {
        let entries, built, done, old: String

        init(_ path: String) {
            let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
            (entries, built, done, old) = (path + ".import", path + ".new", path + ".done", path + ".old")
        }
    }

    /// Starts the import of a snapshot whose height, block and root the caller has from certified headers, or goes on with it. The chain
    /// will be at `path`, whose parent must exist.
    /// - Throws: `otherSnapshot` when another one was started there: finish it, or `abandon` it.
    package init(path: String, manifest: SnapshotManifest) throws {
        try Self.settle(path)
        database = try Database(
            path: Folders(path).entries, columns: Columns.all, options: .init(sync: false, blockCacheBytes: 16 << 20))
        self.path = path
        if let bytes = try database.get(Columns.progress, Self.manifestKey) {
            let started = try SnapshotManifest.decode(bytes)
            guard started.height == manifest.height, started.blockHash == manifest.blockHash, started.stateRoot == manifest.stateRoot
            else { throw SnapshotError.otherSnapshot }
            self.manifest = started
        } else {
            var batch = try database.makeBatch()
            batch.put(Columns.progress, Self.manifestKey, manifest.encode())
            try database.write(batch, sync: true)
            self.manifest = manifest
        }
        state = Mutex(try Self.read(database, self.manifest))
    }

    /// The snapshot whose import at `path` was started and neither finished nor abandoned.
    package static func started(_ path: String) throws -> SnapshotManifest? {
        try settle(path)
        do {
            let database = try Database(
                path: Folders(path).entries, columns: Columns.all, options: .init(createIfMissing: false, blockCacheBytes: 1 << 20))
            defer { database.close() }
            return try database.get(Columns.progress, manifestKey).map { try SnapshotManifest.decode($0) }
        } catch StorageError.notFound {
            return nil
        }
    }

    /// Removes what an import at `path` has left, also after one that is finished.
    package static func abandon(_ path: String) throws {
        try settle(path)
        try Files.remove(Folders(path).built)
        try Files.remove(Folders(path).entries)
    }

    /// What is still missing of each part. Any of these ranges can be asked for; a chunk that covers only the beginning of one is taken.
    package var missing: [PathRange] { state.withLock { $0.missing.compactMap(\.self) } }

    /// How many entries have been received.
    package var entries: UInt64 { state.withLock { $0.entries } }

    /// Takes a chunk.
    /// - Throws: `notAsked` unless it begins where a missing range begins and ends inside it; what `StateChunk.verify` throws.
    package func add(_ chunk: StateChunk) throws {
        // Hashed before the lock, so that chunks are verified at the same time.
        let paths = try chunk.verify(root: manifest.stateRoot)
        try state.withLock { state in
            let part = state.missing.firstIndex { $0?.first == chunk.range.first && $0?.contains(chunk.range) == true }
            guard let part, let range = state.missing[part] else { throw SnapshotError.notAsked }
            let rest = range.after(chunk.range.last)
            var batch = try database.makeBatch()
            for (path, entry) in zip(paths, chunk.entries) { batch.put(Columns.entries, path.bytes, Self.row(entry)) }
            batch.put(Columns.progress, Self.progressKey(part), rest?.first.bytes ?? [])
            let count = state.entries + UInt64(paths.count)
            batch.put(Columns.progress, Self.countKey, withUnsafeBytes(of: count.bigEndian) { Array($0) })
            try database.write(batch)
            state.missing[part] = rest
            state.entries = count
        }
    }

    /// Builds the store and puts it at `path`, in the place of a chain that is there if `replacing`. Nobody may have either open.
    /// - Parameter names: further named values of the new store.
    /// - Throws: `incomplete` while parts are missing, `occupied` when there is a chain that is not to be replaced.
    package func finish(_ base: SnapshotBase, names: NamedValues = { _ in }, replacing: Bool = false) throws {
        guard missing.isEmpty else { throw SnapshotError.incomplete }
        guard replacing || !Files.exists(path + "/CURRENT") else { throw SnapshotError.occupied }
        let folders = Folders(path)
        // What a run before this one left half built.
        try Files.remove(folders.built)
        let store = try Database(path: folders.built, columns: ChainStore.columns, options: .init(sync: false, blockCacheBytes: 16 << 20))
        try build(into: store, base, names)
        store.close()
        database.close()
        // From here on the new chain is the chain: `settle` does what a crash leaves undone.
        try Files.rename(folders.entries, folders.done)
        try Self.settle(path)
    }

    /// Puts a store that an import has completed at `path`, when a crash kept the import from doing so; does nothing otherwise.
    static func settle(_ path: String) throws(StorageError) {
        let folders = Folders(path)
        guard Files.exists(folders.done) else { return }
        if Files.exists(folders.built) {
            if Files.exists(path) { try Files.rename(path, folders.old) }
            try Files.rename(folders.built, path)
        }
        try Files.remove(folders.old)
        // Last, because it says what to do with the rest.
        try Files.remove(folders.done)
    }

    /// Lets go of the files; the import can be gone on with.
    package func close() { database.close() }

    /// Writes the nodes and the index, and last of all the block and the head, with one sync for everything.
    private func build(into store: Database, _ base: SnapshotBase, _ names: NamedValues) throws {
        let sink = BatchSink(store)
        var builder = TreeBuilder(version: manifest.height) { key, bytes in
            try sink.put(ChainStore.Columns.nodes, key.encoded, bytes)
        }
        var from: [UInt8]?
        while true {
            let rows = try database.iterate(Columns.entries, from: from, limit: 256)
            for row in rows where row.key != from {
                let entry = try Self.entry(row.value)
                try builder.add(key: entry.key, value: entry.value)
                try sink.put(ChainStore.Columns.index, entry.key, [])
            }
            guard rows.count > 1, let last = rows.last else { break }
            from = last.key
        }
        let root = try builder.finish()
        guard root == manifest.stateRoot else { throw SnapshotError.rootMismatch }
        try names { name, value in try sink.put(ChainStore.Columns.meta, ChainStore.MetaKeys.user(name), value) }
        try sink.flush()
        var batch = try store.makeBatch()
        ChainStore.append(
            manifest.height, hash: manifest.blockHash, block: base.block, certificate: base.certificate, base.receipts, to: &batch)
        for (name, value) in base.names { batch.put(ChainStore.Columns.meta, ChainStore.MetaKeys.user(name), value) }
        let head = ChainHead(height: manifest.height, blockHash: manifest.blockHash, stateVersion: manifest.height, root: root)
        ChainStore.append(head, first: true, to: &batch)
        try store.write(batch, sync: true)
    }

    private static func read(_ database: Database, _ manifest: SnapshotManifest) throws -> State {
        var missing: [PathRange?] = []
        for (number, range) in manifest.parts.enumerated() {
            guard let bytes = try database.get(Columns.progress, progressKey(number)) else {
                missing.append(range)
                continue
            }
            guard bytes.isEmpty || Hash32(bytes) != nil else { throw StorageError.corrupt("progress of an import") }
            missing.append(Hash32(bytes).flatMap { PathRange(first: $0, last: range.last) })
        }
        let count = try database.get(Columns.progress, countKey)?.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } ?? 0
        return State(missing: missing, entries: count)
    }

    private static func progressKey(_ part: Int) -> [UInt8] { Array("part/\(part)".utf8) }

    /// Size of the key (u16) ‖ key ‖ value.
    private static func row(_ entry: StateChunk.Entry) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 + entry.key.count + entry.value.count)
        bytes.append(littleEndian: UInt16(entry.key.count))
        return bytes + entry.key + entry.value
    }

    private static func entry(_ row: [UInt8]) throws(StorageError) -> StateChunk.Entry {
        do throws(ByteReaderError) {
            var reader = ByteReader(row)
            let size = Int(try reader.integer(UInt16.self))
            let key = Array(try reader.take(size))
            return StateChunk.Entry(key: key, value: Array(try reader.take(reader.remaining)))
        } catch {
            throw .corrupt("entry of an import")
        }
    }
}

/// Gathers rows into batches of a few megabytes.
private final class BatchSink {
    private let database: Database
    private var batch: WriteBatch?

    private static let batchBytes = 4 << 20

    init(_ database: Database) { self.database = database }

    func put(_ column: Column, _ key: [UInt8], _ value: [UInt8]) throws(StorageError) {
        var open = if let kept = batch.take() { kept } else { try database.makeBatch() }
        open.put(column, key, value)
        let isFull = open.bytes >= Self.batchBytes
        batch = consume open
        if isFull { try flush() }
    }

    func flush() throws(StorageError) {
        guard let full = batch.take() else { return }
        try database.write(full, sync: false)
    }
}
