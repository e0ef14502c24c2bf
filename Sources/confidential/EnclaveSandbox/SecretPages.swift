import CHardening

/// Memory for key material in passing: on pages of its own, locked if the limit allows, out of core dumps, gone in a child, and
/// overwritten when this object goes.
package final class SecretPages {
    package let bytes: UnsafeMutableRawBufferPointer

    /// `count` zeros; `nil` if there is no memory.
    package init?(count: Int) {
        guard count > 0, let start = jupiter_secret_pages(count) else { return nil }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    deinit { jupiter_free_secret_pages(bytes.baseAddress, bytes.count) }

    /// Overwrites the first `count` bytes.
    package func wipe(_ count: Int) { jupiter_wipe(bytes.baseAddress, min(count, bytes.count)) }
}
