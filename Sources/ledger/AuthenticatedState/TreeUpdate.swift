import Primitives

/// Everything that one version changes in the stores. Written in one atomic batch.
package struct TreeUpdate: Sendable {
    /// The version that this update makes.
    package let version: UInt64
    /// The root after it.
    package let root: Hash32
    /// The nodes to write.
    package let newNodes: NodeBatch
    /// The nodes that no version from this one on needs.
    package let stale: [NodeKey]
    /// The keys that were absent before, in path order.
    package let insertedKeys: [[UInt8]]
    /// The keys that are absent now, in path order.
    package let removedKeys: [[UInt8]]
    /// Tells it from every other update of its tree.
    let serial: UInt64

    /// Bytes of the new nodes and of their keys.
    package var writtenBytes: Int { newNodes.bytes.count }
}

/// Nodes to write, with their encoded keys, in one flat buffer; in the order of the keys.
package struct NodeBatch: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var offset: Int
        var keyBytes: Int32
        var valueBytes: Int32
    }

    private(set) var bytes: [UInt8] = []
    private(set) var entries: [Entry] = []

    /// How many nodes there are.
    package var count: Int { entries.count }

    /// Calls `body` with the encoded key and the bytes of each node; the pointers are valid only inside the call.
    package func forEach<E: Error>(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(E) in
            let all = UnsafeRawBufferPointer(buffer)
            for entry in entries {
                let middle = entry.offset + Int(entry.keyBytes)
                let key = UnsafeRawBufferPointer(rebasing: all[entry.offset..<middle])
                try body(key, UnsafeRawBufferPointer(rebasing: all[middle..<middle + Int(entry.valueBytes)]))
            }
        }
    }

    /// The bytes of the node with this key.
    func value(_ key: NodeKey) -> [UInt8]? {
        withUnsafeTemporaryAllocation(byteCount: NodeKey.maximumEncodedBytes, alignment: 8) { buffer in
            let size = key.write(to: buffer)
            let wanted = UnsafeRawBufferPointer(rebasing: buffer[..<size])
            return bytes.withUnsafeBytes { all in
                var (low, high) = (0, entries.count)
                while low < high {
                    let middle = (low + high) / 2
                    let entry = entries[middle]
                    let end = entry.offset + Int(entry.keyBytes)
                    let found = UnsafeRawBufferPointer(rebasing: all[entry.offset..<end])
                    if found.elementsEqual(wanted) { return Array(all[end..<end + Int(entry.valueBytes)]) }
                    if found.lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = middle }
                }
                return nil
            }
        }
    }

    /// Makes it empty, keeping its memory.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }

    /// Adds an internal node.
    @inline(__always)
    mutating func append(_ key: NodeKey, bitmap: UInt16, child: (Int) -> ChildReference) {
        let size = NodeKey.maximumEncodedBytes + InternalRecord.maximumBytes
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { buffer in
            let keyBytes = key.write(to: buffer)
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[keyBytes...])
            let valueBytes = InternalRecord.write(bitmap: bitmap, version: key.version, to: target, child: child)
            entries.append(Entry(offset: bytes.count, keyBytes: Int32(keyBytes), valueBytes: Int32(valueBytes)))
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<(keyBytes + valueBytes)]))
        }
    }

    /// Adds a leaf.
    mutating func append(_ key: NodeKey, leafKey: [UInt8], value: [UInt8]) {
        let offset = bytes.count
        let keyBytes = append(key: key)
        withUnsafeTemporaryAllocation(byteCount: LeafRecord.headerBytes, alignment: 1) { header in
            header[0] = InternalRecord.format
            header[1] = LeafRecord.kind
            header[2] = UInt8(truncatingIfNeeded: leafKey.count)
            header[3] = UInt8(truncatingIfNeeded: leafKey.count >> 8)
            bytes.append(contentsOf: UnsafeRawBufferPointer(header))
        }
        bytes.append(contentsOf: leafKey)
        bytes.append(contentsOf: value)
        entries.append(Entry(offset: offset, keyBytes: Int32(keyBytes), valueBytes: Int32(bytes.count - offset - keyBytes)))
    }

    private mutating func append(key: NodeKey) -> Int {
        withUnsafeTemporaryAllocation(byteCount: NodeKey.maximumEncodedBytes, alignment: 8) { buffer in
            let size = key.write(to: buffer)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<size]))
            return size
        }
    }
}
