import CRocksDB
import Glibc
import Primitives

/// An open RocksDB and what belongs to it; closed when the last user lets go.
///
/// `@unchecked Sendable`: every stored pointer is set once in `init` and only freed in `deinit`, when nobody else holds the object;
/// in between they are handed to RocksDB functions that its documentation declares safe from any thread (reads, writes, iterators of
/// their own, checkpoints; the option objects are only read).
final class DatabaseHandles: @unchecked Sendable {
    let path: String
    let database: OpaquePointer
    let families: [OpaquePointer]
    let readOptions: OpaquePointer
    let writeOptions: OpaquePointer
    let syncedWriteOptions: OpaquePointer
    private let options: OpaquePointer
    private let columnOptions: [OpaquePointer]
    private let cache: OpaquePointer

    init(path: String, columns: [Column], createIfMissing: Bool, blockCacheBytes: Int) throws(StorageError) {
        self.path = path
        cache = rocksdb_cache_create_lru(blockCacheBytes)
        options = Self.databaseOptions(createIfMissing: createIfMissing)
        // The first column family is RocksDB's own, which always exists; it holds the format marker.
        let all = [Column(index: -1, name: "default", writeBufferBytes: 1 << 20)] + columns
        columnOptions = all.map { [cache] in Self.columnOptions($0, cache: cache) }
        readOptions = rocksdb_readoptions_create()
        writeOptions = rocksdb_writeoptions_create()
        syncedWriteOptions = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(syncedWriteOptions, 1)
        // Nodes of one version come almost in key order: the place of the last insertion is a good hint.
        rocksdb_writeoptions_set_memtable_insert_hint_per_batch(syncedWriteOptions, 1)
        rocksdb_writeoptions_set_memtable_insert_hint_per_batch(writeOptions, 1)
        var families = [OpaquePointer?](repeating: nil, count: all.count)
        var message: UnsafeMutablePointer<CChar>?
        let names = all.map { strdup($0.name) }
        defer { for name in names { free(name) } }
        let constantNames = names.map { UnsafePointer($0) }
        let settings = columnOptions.map { Optional($0) }
        let opened = rocksdb_open_column_families(
            options, path, Int32(all.count), constantNames, settings, &families, &message)
        let usable = families.compactMap(\.self)
        guard let opened, usable.count == all.count else {
            let error = StorageError.rocksDB(Self.take(message), path: path)
            Self.destroy(options, columnOptions, cache, readOptions, [writeOptions, syncedWriteOptions])
            throw error
        }
        database = opened
        self.families = usable
    }

    deinit {
        for family in families { rocksdb_column_family_handle_destroy(family) }
        rocksdb_close(database)
        Self.destroy(options, columnOptions, cache, readOptions, [writeOptions, syncedWriteOptions])
    }

    /// The column's handle; the default family comes before the columns.
    func family(_ column: Column) -> OpaquePointer { families[column.index + 1] }

    /// RocksDB's message, freed on its side.
    static func take(_ message: UnsafeMutablePointer<CChar>?) -> String {
        guard let message else { return "no reason given" }
        defer { rocksdb_free(message) }
        return String(cString: message)
    }

    /// Throws what RocksDB reports.
    func check(_ message: UnsafeMutablePointer<CChar>?) throws(StorageError) {
        guard message != nil else { return }
        throw .rocksDB(Self.take(message), path: path)
    }

    private static func destroy(
        _ options: OpaquePointer, _ columns: [OpaquePointer], _ cache: OpaquePointer, _ read: OpaquePointer, _ writes: [OpaquePointer]
    ) {
        for write in writes { rocksdb_writeoptions_destroy(write) }
        rocksdb_readoptions_destroy(read)
        for column in columns { rocksdb_options_destroy(column) }
        rocksdb_options_destroy(options)
        rocksdb_cache_destroy(cache)
    }

    private static func databaseOptions(createIfMissing: Bool) -> OpaquePointer {
        let options: OpaquePointer = rocksdb_options_create()
        rocksdb_options_set_create_if_missing(options, createIfMissing ? 1 : 0)
        rocksdb_options_set_create_missing_column_families(options, createIfMissing ? 1 : 0)
        rocksdb_options_set_max_background_jobs(options, 2)
        rocksdb_options_set_paranoid_checks(options, 1)
        // One writer at a time commits blocks: no need for its locks.
        rocksdb_options_set_allow_concurrent_memtable_write(options, 0)
        rocksdb_options_set_max_total_wal_size(options, 512 << 20)
        rocksdb_options_set_keep_log_file_num(options, 4)
        rocksdb_options_set_max_log_file_size(options, 4 << 20)
        rocksdb_options_set_max_open_files(options, 1000)
        return options
    }

    private static func columnOptions(_ column: Column, cache: OpaquePointer) -> OpaquePointer {
        let options: OpaquePointer = rocksdb_options_create()
        rocksdb_options_set_write_buffer_size(options, column.writeBufferBytes)
        rocksdb_options_set_max_write_buffer_number(options, 3)
        // Hashes and ciphertext do not compress.
        rocksdb_options_set_compression(options, Int32(rocksdb_no_compression))
        let table: OpaquePointer = rocksdb_block_based_options_create()
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_block_size(table, 4 << 10)
        if column.filtered {
            rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
        }
        rocksdb_options_set_block_based_table_factory(options, table)
        rocksdb_block_based_options_destroy(table)
        return options
    }
}
