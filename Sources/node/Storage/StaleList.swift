import AuthenticatedState
import Primitives

/// The nodes that one version made superfluous, as one entry: per node the size of its encoded key (1 byte) ‖ the key.
enum StaleList {
    static func encode(_ keys: some Collection<NodeKey>) -> [UInt8] {
        let capacity = keys.count * (NodeKey.maximumEncodedBytes + 1)
        return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            let buffer = UnsafeMutableRawBufferPointer(buffer)
            for key in keys {
                let size = key.write(to: UnsafeMutableRawBufferPointer(rebasing: buffer[(count + 1)...]))
                buffer[count] = UInt8(truncatingIfNeeded: size)
                count += 1 + size
            }
        }
    }

    /// The first `limit` encoded keys, and the list of the others.
    static func split(_ bytes: [UInt8], limit: Int) throws(StorageError) -> (keys: [ArraySlice<UInt8>], rest: ArraySlice<UInt8>) {
        var keys: [ArraySlice<UInt8>] = []
        var offset = 0
        while offset < bytes.count, keys.count < limit {
            let end = offset + 1 + Int(bytes[offset])
            guard end <= bytes.count, NodeKey(encoded: bytes[(offset + 1)..<end]) != nil else { throw .corrupt("list of stale nodes") }
            keys.append(bytes[(offset + 1)..<end])
            offset = end
        }
        return (keys, bytes[offset...])
    }
}
