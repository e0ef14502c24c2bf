import CRocksDB
import Glibc
import Primitives
import Synchronization

/// RocksDB through its C API: columns, atomic batches, one `fdatasync` per synced batch.
///
/// Safe from any thread (its only state is a lock around the open handles). After `close` every call throws `closed`.
package final class Database: Sendable {
    /// The store's own format; another one is refused.
    package static let format: UInt32 = 1
    private static let formatKey = Array("FORMAT".utf8)
    private static let formatColumn = Column(index: -1, name: "default")

    /// Settings of an open database.
    package struct Options: Sendable {
        /// Whether `write` waits for the disk when not told otherwise.
        package var sync = true
        /// Whether to make a store where there is none.
        package var createIfMissing = true
        /// Memory for blocks read from disk, in bytes.
        package var blockCacheBytes = 256 << 20
        /// Space on the disk that writes leave alone, in bytes: for compaction, and for a stop in good order.
        package var reservedBytes = 64 << 20

        package init(
            sync: Bool = true, createIfMissing: Bool = true, blockCacheBytes: Int = 256 << 20, reservedBytes: Int = 64 << 20
        ) {
            self.sync = sync
            self.createIfMissing = createIfMissing
            self.blockCacheBytes = blockCacheBytes
            self.reservedBytes = reservedBytes
        }
    }

    /// A key with its value.
    package typealias Row = (key: [UInt8], value: [UInt8])

    private let handles: Mutex<DatabaseHandles?>
    private let options: Options

    /// Opens the store in the directory `path`, whose parent must exist. The columns' indices are their places in `columns`.
    package init(path: String, columns: [Column], options: Options = Options()) throws(StorageError) {
        precondition(columns.enumerated().allSatisfy { $0.offset == $0.element.index }, "a column's index is its place")
        let existed = access(path + "/CURRENT", F_OK) == 0
        guard existed || options.createIfMissing else { throw .notFound(path: path) }
        // Opening replays RocksDB's logs and writes: without space it would assert as well.
        try Self.checkSpace(at: existed ? path : Self.parent(of: path), options)
        let handles = try DatabaseHandles(
            path: path, columns: columns, createIfMissing: options.createIfMissing, blockCacheBytes: options.blockCacheBytes)
        self.handles = Mutex(handles)
        self.options = options
        if !existed { try Self.syncParent(of: path) }
        try checkFormat(columns)
    }

    /// Lets go of the store; calls that are under way finish first.
    package func close() { handles.withLock { $0 = nil } }

    /// The value of `key`; `nil` when there is none.
    package func get(_ column: Column, _ key: [UInt8]) throws(StorageError) -> [UInt8]? {
        try key.withUnsafeBufferPointer { (key) throws(StorageError) in try get(column, UnsafeRawBufferPointer(key)) }
    }

    /// The value of `key`; `nil` when there is none.
    package func get(_ column: Column, _ key: UnsafeRawBufferPointer) throws(StorageError) -> [UInt8]? {
        let open = try open()
        var message: UnsafeMutablePointer<CChar>?
        let name = key.assumingMemoryBound(to: CChar.self)
        let slice = rocksdb_get_pinned_cf(open.database, open.readOptions, open.family(column), name.baseAddress, name.count, &message)
        try open.check(message)
        return Self.take(slice)
    }

    /// The values of `keys`, in their order.
    package func multiGet(_ column: Column, _ keys: [[UInt8]]) throws(StorageError) -> [[UInt8]?] {
        guard !keys.isEmpty else { return [] }
        let open = try open()
        var slices = [OpaquePointer?](repeating: nil, count: keys.count)
        var messages = [UnsafeMutablePointer<CChar>?](repeating: nil, count: keys.count)
        let flat = keys.flatMap(\.self)
        flat.withUnsafeBytes { flat in
            let base = flat.assumingMemoryBound(to: CChar.self).baseAddress
            var starts: [UnsafePointer<CChar>?] = []
            var offset = 0
            for key in keys {
                starts.append(base?.advanced(by: offset))
                offset += key.count
            }
            rocksdb_batched_multi_get_cf(
                open.database, open.readOptions, open.family(column), keys.count, starts, keys.map(\.count), &slices, &messages, false)
        }
        let values = slices.map(Self.take)
        var failure: String?
        for message in messages where message != nil { failure = DatabaseHandles.take(message) }
        if let failure { throw .rocksDB(failure, path: open.path) }
        return values
    }

    /// At most `limit` rows whose keys start with `prefix`, in key order (or its `reverse`), from `from` on (included) when given.
    package func iterate(
        _ column: Column, prefix: [UInt8] = [], from: [UInt8]? = nil, limit: Int, reverse: Bool = false
    ) throws(StorageError) -> [Row] {
        let open = try open()
        let iterator: OpaquePointer = rocksdb_create_iterator_cf(open.database, open.readOptions, open.family(column))
        defer { rocksdb_iter_destroy(iterator) }
        if reverse {
            Self.seekLast(iterator, prefix: prefix, from: from)
        } else {
            let first = from.map { $0.lexicographicallyPrecedes(prefix) ? prefix : $0 } ?? prefix
            Self.withCharacters(first) { rocksdb_iter_seek(iterator, $0.baseAddress, $0.count) }
        }
        var rows: [Row] = []
        while rows.count < limit, rocksdb_iter_valid(iterator) != 0 {
            var count = 0
            let key = Self.copy(rocksdb_iter_key(iterator, &count), count)
            guard key.starts(with: prefix) else { break }
            rows.append((key, Self.copy(rocksdb_iter_value(iterator, &count), count)))
            if reverse { rocksdb_iter_prev(iterator) } else { rocksdb_iter_next(iterator) }
        }
        var message: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(iterator, &message)
        try open.check(message)
        return rows
    }

    /// A new, empty batch. It keeps the files open until it goes away.
    package func makeBatch() throws(StorageError) -> WriteBatch { WriteBatch(try open()) }

    /// Writes the whole batch or nothing. With `sync` (default: the database's option) it is on disk when this returns.
    package func write(_ batch: borrowing WriteBatch, sync: Bool? = nil) throws(StorageError) {
        let open = try open()
        try Self.checkSpace(for: batch.bytes, at: open.path, options)
        var message: UnsafeMutablePointer<CChar>?
        let writeOptions = sync ?? options.sync ? open.syncedWriteOptions : open.writeOptions
        rocksdb_write(open.database, writeOptions, batch.pointer, &message)
        try open.check(message)
    }

    /// Refuses before RocksDB meets a full disk: its log writer asserts when it is used again after that, and flushing needs room too.
    private static func checkSpace(for bytes: Int = 0, at path: String, _ options: Options) throws(StorageError) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        guard free >= UInt64(options.reservedBytes) + 2 * UInt64(bytes) else {
            throw .diskFull("\(free >> 20) MiB are left, \(options.reservedBytes >> 20) MiB are kept free")
        }
    }

    /// Makes a consistent copy in the new directory `path`: files are shared where the file system allows.
    package func checkpoint(to path: String) throws(StorageError) {
        let open = try open()
        var message: UnsafeMutablePointer<CChar>?
        let checkpoint = rocksdb_checkpoint_object_create(open.database, &message)
        try open.check(message)
        defer { rocksdb_checkpoint_object_destroy(checkpoint) }
        rocksdb_checkpoint_create(checkpoint, path, 0, &message)
        try open.check(message)
        try Self.syncParent(of: path)
    }

    /// Writes what is in memory of every column to sorted files, and waits: the logs that held it are deleted then.
    package func flush() throws(StorageError) {
        let open = try open()
        let settings: OpaquePointer = rocksdb_flushoptions_create()
        defer { rocksdb_flushoptions_destroy(settings) }
        rocksdb_flushoptions_set_wait(settings, 1)
        for family in open.families {
            var message: UnsafeMutablePointer<CChar>?
            rocksdb_flush_cf(open.database, settings, family, &message)
            try open.check(message)
        }
    }

    /// Rewrites the column, or its files around `key`, without what was deleted, so that the bytes leave the disk's files.
    package func compact(_ column: Column, around key: [UInt8]? = nil) throws(StorageError) {
        let open = try open()
        let settings: OpaquePointer = rocksdb_compactoptions_create()
        defer { rocksdb_compactoptions_destroy(settings) }
        // 3 is kForceOptimized: the last level is rewritten too.
        rocksdb_compactoptions_set_bottommost_level_compaction(settings, 3)
        guard let key else {
            rocksdb_compact_range_cf_opt(open.database, open.family(column), settings, nil, 0, nil, 0)
            return
        }
        Self.withCharacters(key) { key in
            rocksdb_compact_range_cf_opt(
                open.database, open.family(column), settings, key.baseAddress, key.count, key.baseAddress, key.count)
        }
    }

    private func open() throws(StorageError) -> DatabaseHandles {
        guard let open = handles.withLock({ $0 }) else { throw .closed }
        return open
    }

    /// Refuses another format; marks a new store. A store whose making was cut short is empty and counts as new.
    private func checkFormat(_ columns: [Column]) throws(StorageError) {
        var expected: [UInt8] = []
        expected.append(littleEndian: Self.format)
        if let found = try get(Self.formatColumn, Self.formatKey) {
            guard found == expected else { throw .unknownFormat("format \(Hex.encode(found)), known \(Hex.encode(expected))") }
            return
        }
        for column in columns where try !iterate(column, limit: 1).isEmpty { throw .unknownFormat("no format marker") }
        var batch = try makeBatch()
        batch.put(Self.formatColumn, Self.formatKey, expected)
        try write(batch, sync: true)
    }
}

extension Database {
    private static func parent(of path: String) -> String {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        return trimmed.lastIndex(of: "/").map { $0 == trimmed.startIndex ? "/" : String(trimmed[..<$0]) } ?? "."
    }

    /// Makes the directory's own entry durable: RocksDB syncs what is inside.
    static func syncParent(of path: String) throws(StorageError) {
        let parent = parent(of: path)
        let descriptor = Glibc.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io("open \(parent): \(String(cString: strerror(errno)))") }
        defer { _ = Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .io("fsync \(parent): \(String(cString: strerror(errno)))") }
    }

    private static func take(_ slice: OpaquePointer?) -> [UInt8]? {
        guard let slice else { return nil }
        defer { rocksdb_pinnableslice_destroy(slice) }
        var count = 0
        return copy(rocksdb_pinnableslice_value(slice, &count), count)
    }

    private static func copy(_ start: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    private static func withCharacters(_ bytes: [UInt8], _ body: (UnsafeBufferPointer<CChar>) -> Void) {
        bytes.withUnsafeBytes { body($0.assumingMemoryBound(to: CChar.self)) }
    }

    /// Places the iterator on the last key that has the prefix and is not after `from`.
    private static func seekLast(_ iterator: OpaquePointer, prefix: [UInt8], from: [UInt8]?) {
        if let from, from.starts(with: prefix) || from.lexicographicallyPrecedes(prefix) {
            withCharacters(from) { rocksdb_iter_seek_for_prev(iterator, $0.baseAddress, $0.count) }
            return
        }
        // The smallest key after all with the prefix: drop trailing 0xFF, add one.
        var end = prefix
        while end.last == 0xFF { end.removeLast() }
        guard let last = end.popLast() else {
            rocksdb_iter_seek_to_last(iterator)
            return
        }
        end.append(last + 1)
        withCharacters(end) { rocksdb_iter_seek_for_prev(iterator, $0.baseAddress, $0.count) }
        var count = 0
        if rocksdb_iter_valid(iterator) != 0, copy(rocksdb_iter_key(iterator, &count), count) == end { rocksdb_iter_prev(iterator) }
    }
}
