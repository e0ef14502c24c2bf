import CRocksDB

/// Changes that `Database.write` makes at once. The bytes are copied into it.
package struct WriteBatch: ~Copyable {
    let pointer: OpaquePointer
    private let handles: DatabaseHandles

    init(_ handles: DatabaseHandles) {
        self.handles = handles
        pointer = rocksdb_writebatch_create()
    }

    deinit { rocksdb_writebatch_destroy(pointer) }

    /// How many changes it holds.
    package var count: Int { Int(rocksdb_writebatch_count(pointer)) }

    /// The size of the batch as it goes to the log, in bytes.
    package var bytes: Int {
        var size = 0
        _ = rocksdb_writebatch_data(pointer, &size)
        return size
    }

    /// Sets `key` to `value`.
    package mutating func put(_ column: Column, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let (key, value) = (key.assumingMemoryBound(to: CChar.self), value.assumingMemoryBound(to: CChar.self))
        rocksdb_writebatch_put_cf(pointer, handles.family(column), key.baseAddress, key.count, value.baseAddress, value.count)
    }

    /// Sets `key` to `value`.
    package mutating func put(_ column: Column, _ key: [UInt8], _ value: [UInt8]) {
        key.withUnsafeBytes { key in value.withUnsafeBytes { value in put(column, key, value) } }
    }

    /// Removes `key`, if it is there.
    package mutating func delete(_ column: Column, _ key: UnsafeRawBufferPointer) {
        let key = key.assumingMemoryBound(to: CChar.self)
        rocksdb_writebatch_delete_cf(pointer, handles.family(column), key.baseAddress, key.count)
    }

    /// Removes `key`, if it is there.
    package mutating func delete(_ column: Column, _ key: [UInt8]) {
        key.withUnsafeBytes { delete(column, $0) }
    }

    /// Makes it empty, keeping its memory.
    package mutating func clear() { rocksdb_writebatch_clear(pointer) }
}
