/// A column family of a database: a keyspace of its own in the same log, so that one batch changes several atomically.
package struct Column: Sendable, Hashable {
    /// Its place in the list given to `Database.open`.
    package let index: Int
    /// Its name on disk.
    package let name: String
    /// How much is gathered in memory before it is written as a sorted file, in bytes.
    package let writeBufferBytes: Int
    /// Whether absent keys are often asked for, or keys spread over many files: keeps a Bloom filter (10 bits per key).
    package let filtered: Bool

    package init(index: Int, name: String, writeBufferBytes: Int = 8 << 20, filtered: Bool = false) {
        self.index = index
        self.name = name
        self.writeBufferBytes = writeBufferBytes
        self.filtered = filtered
    }
}
