import CHardening

/// Memory for key material in passing: on pages of its own, locked if the limit allows, out of core dumps, gone in a child, and
/// overwritten when this value goes. There is one of it: whoever consumes it ends it.
package struct SecretPages: ~Copyable {
    private let bytes: UnsafeMutableRawBufferPointer

    /// `count` zeros; `nil` if there is no memory.
    package init?(count: Int) {
        guard count > 0, let start = jupiter_secret_pages(count) else { return nil }
        self.init(adopting: UnsafeMutableRawBufferPointer(start: start, count: count))
    }

    /// Takes over pages as they are; nobody else may give them back.
    package init(adopting pages: UnsafeMutableRawBufferPointer) { bytes = pages }

    /// The memory, which is there until `body` returns. (A value of one owner ends with its last use: of a pointer that outlives that
    /// use, nothing would be left.)
    package borrowing func withBytes<Value>(_ body: (UnsafeMutableRawBufferPointer) -> Value) -> Value { body(bytes) }

    deinit { jupiter_free_secret_pages(bytes.baseAddress, bytes.count) }
}
