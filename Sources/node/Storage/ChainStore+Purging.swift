import Primitives
import Synchronization

extension ChainStore {
    /// Ranges are rewritten one by one up to so many; the whole column beyond.
    private static let fewKeys = 16
    /// Names noted as erased that one call takes on.
    private static let keysPerPurge = 10_000

    /// Notes in the batch that deletes a sidecar that its bytes are still to leave the files: a crash forgets no such note.
    static func noteErased(_ sidecar: Hash32, at height: UInt64, in batch: inout WriteBatch) {
        batch.put(Columns.meta, MetaKeys.erased + sidecar.bytes, key(height))
    }

    /// Whether bytes of erased ciphertext may still be in files.
    package func hasUnpurged() throws(StorageError) -> Bool {
        try !database.iterate(Columns.meta, prefix: MetaKeys.erased, limit: 1).isEmpty
    }

    /// Takes the bytes of ciphertext that was erased out of the files; tells whether there was any.
    ///
    /// Everything in memory is written to sorted files, so that the logs it came by are deleted; then the files in which an erased key
    /// lies are written anew without it. Takes as long as writing those files. After a crash it is repeated.
    @discardableResult
    package func purgeErased() throws(StorageError) -> Bool {
        let notes = try database.iterate(Columns.meta, prefix: MetaKeys.erased, limit: Self.keysPerPurge)
        guard !notes.isEmpty else { return false }
        try database.flush()
        if notes.count <= Self.fewKeys {
            for note in notes { try database.compact(Columns.sidecars, around: Array(note.key.dropFirst(MetaKeys.erased.count))) }
        } else {
            try database.compact(Columns.sidecars)
        }
        try writer.withLock { (writer) throws(StorageError) in
            var batch = try database.makeBatch()
            // What came back meanwhile and was erased again stays noted.
            for note in notes where try database.get(Columns.meta, note.key) == note.value { batch.delete(Columns.meta, note.key) }
            try writer.write(batch, to: database, sync: false)
        }
        return true
    }
}
