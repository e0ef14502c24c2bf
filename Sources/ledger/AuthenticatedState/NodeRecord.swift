import Primitives

/// What an internal node says about one child.
package struct ChildReference: Sendable, Equatable {
    /// The child's hash.
    package var hash: Hash32
    /// The version that wrote the child.
    package var version: UInt64
    /// For a leaf, the number of nibbles of its `NodeKey`; `nil` for an internal node, whose key is its place.
    ///
    /// A leaf that a later neighbour pushes down stays where it was written, so its key may be shorter than its place.
    package var leafKeyLength: UInt8?

    package init(hash: Hash32, version: UInt64, leafKeyLength: UInt8?) {
        self.hash = hash
        self.version = version
        self.leafKeyLength = leafKeyLength
    }
}

/// A stored internal node: format (1) ‖ kind 2 ‖ bitmap (u16) ‖ which children are leaves (u16) ‖ per child in slot order: hash ‖
/// how many versions before this node it was written (canonical LEB128) ‖ for a leaf the length of its key (1 byte).
package struct InternalRecord: Sendable, Equatable {
    static let format: UInt8 = 1
    static let kind: UInt8 = 2
    static let maximumBytes = 6 + 16 * (32 + 10 + 1)

    /// Which of the 16 children exist.
    package var bitmap: UInt16
    /// The existing ones, in slot order.
    package var children: ContiguousArray<ChildReference>

    /// The child in `slot`, if there is one.
    func child(_ slot: Int) -> ChildReference? {
        guard bitmap & (1 << UInt16(slot)) != 0 else { return nil }
        return children[bitmap.position(ofSlot: slot)]
    }

    /// What the parent (or the header, for a root) holds for this node.
    ///
    /// The root alone may have no child (an empty tree: zero) or a lone leaf (the leaf's own hash), so that the hash of a tree never
    /// depends on how it is stored.
    func hash(depth: Int) -> Hash32 {
        if depth == 0, children.isEmpty { return .zero }
        if depth == 0, children.count == 1, children[0].leafKeyLength != nil { return children[0].hash }
        return StateHashing.node(bitmap: bitmap, count: children.count) { children[$0].hash }
    }

    /// The record stored under `key`; throws unless the bytes are canonical and possible there.
    package init(_ bytes: [UInt8], key: NodeKey) throws(StateError) {
        try NodeFormat.check(bytes, kind: Self.kind, key: key)
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            _ = try reader.take(2)
            bitmap = try reader.integer()
            let leaves = try reader.integer(UInt16.self)
            guard leaves & ~bitmap == 0 else { throw .truncated }
            children = []
            children.reserveCapacity(bitmap.nonzeroBitCount)
            for slot in 0..<16 where bitmap & (1 << UInt16(slot)) != 0 {
                let hash = try reader.hash()
                let age = try reader.canonicalVarint()
                guard age <= key.version else { throw .truncated }
                var length: UInt8?
                if leaves & (1 << UInt16(slot)) != 0 {
                    let value = try reader.integer(UInt8.self)
                    guard value >= 1, Int(value) <= key.length + 1 else { throw .truncated }
                    length = value
                }
                children.append(ChildReference(hash: hash, version: key.version - age, leafKeyLength: length))
            }
            try reader.finish()
            guard key.length < 63 || leaves == bitmap else { throw .truncated }
            guard key.length == 0 || bitmap.nonzeroBitCount > 1 || (bitmap != 0 && leaves == 0) else { throw .truncated }
        } catch {
            throw .malformedNode(version: key.version, depth: key.length)
        }
    }

    package init(bitmap: UInt16, children: ContiguousArray<ChildReference>) {
        self.bitmap = bitmap
        self.children = children
    }

    /// Writes the encoding for a node written by `version` to `target` (at least `maximumBytes`); returns its size.
    @inline(__always)
    static func write(
        bitmap: UInt16, version: UInt64, to target: UnsafeMutableRawBufferPointer, child: (Int) -> ChildReference
    ) -> Int {
        precondition(target.count >= maximumBytes, "a node may need that much")
        target[0] = format
        target[1] = kind
        var leaves: UInt16 = 0
        var end = 6
        var rest = bitmap
        for index in 0..<bitmap.nonzeroBitCount {
            let child = child(index)
            child.hash.write(to: UnsafeMutableRawBufferPointer(rebasing: target[end..<end + 32]))
            end += 32
            var age = version - child.version
            while age >= 0x80 {
                target[end] = UInt8(truncatingIfNeeded: age) | 0x80
                age >>= 7
                end += 1
            }
            target[end] = UInt8(truncatingIfNeeded: age)
            end += 1
            if let length = child.leafKeyLength {
                leaves |= rest & (~rest &+ 1)
                target[end] = length
                end += 1
            }
            rest &= rest &- 1
        }
        target[2] = UInt8(truncatingIfNeeded: bitmap)
        target[3] = UInt8(truncatingIfNeeded: bitmap >> 8)
        target[4] = UInt8(truncatingIfNeeded: leaves)
        target[5] = UInt8(truncatingIfNeeded: leaves >> 8)
        return end
    }

    /// The encoding for a node written by `version`.
    package func encoded(version: UInt64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.maximumBytes) { buffer, count in
            count = Self.write(bitmap: bitmap, version: version, to: UnsafeMutableRawBufferPointer(buffer)) { children[$0] }
        }
    }
}

/// A stored leaf: format (1) ‖ kind 1 ‖ key length (u16) ‖ key ‖ value.
package struct LeafRecord: Sendable, Equatable {
    static let kind: UInt8 = 1
    static let headerBytes = 4

    package var key: [UInt8]
    package var value: [UInt8]

    var path: Hash32 { StateHashing.path(ofKey: key) }

    func hash(path: Hash32) -> Hash32 { StateHashing.leaf(path: path, valueHash: StateHashing.value(value)) }

    package init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }

    /// The leaf stored under `place`.
    package init(_ bytes: [UInt8], key place: NodeKey) throws(StateError) {
        try NodeFormat.check(bytes, kind: Self.kind, key: place)
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            _ = try reader.take(2)
            let length = Int(try reader.integer(UInt16.self))
            guard length >= 1, length <= StateLimits.maximumKeyBytes else { throw .truncated }
            key = Array(try reader.take(length))
            guard reader.remaining <= StateLimits.maximumValueBytes else { throw .trailing }
            value = Array(try reader.take(reader.remaining))
        } catch {
            throw .malformedNode(version: place.version, depth: place.length)
        }
    }

    /// The encoded leaf.
    package var encoded: [UInt8] {
        var bytes = [InternalRecord.format, Self.kind]
        bytes.append(littleEndian: UInt16(key.count))
        return bytes + key + value
    }
}

private enum NodeFormat {
    /// Refuses unknown formats first, so that an older program says so instead of "damaged".
    static func check(_ bytes: [UInt8], kind: UInt8, key: NodeKey) throws(StateError) {
        guard let format = bytes.first else { throw .malformedNode(version: key.version, depth: key.length) }
        guard format == InternalRecord.format else { throw .unknownNodeFormat(format) }
        guard bytes.count >= 2, bytes[1] == kind else { throw .malformedNode(version: key.version, depth: key.length) }
    }
}

extension UInt16 {
    /// Where the child of `slot` lies among the present ones.
    @inline(__always)
    func position(ofSlot slot: Int) -> Int { (self & ((1 << UInt16(slot)) &- 1)).nonzeroBitCount }
}

extension ByteReader {
    /// An unsigned LEB128 number of at most 64 bits; its only accepted encoding is the shortest.
    mutating func canonicalVarint() throws(ByteReaderError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<10 {
            let byte = try integer(UInt8.self)
            guard index < 9 || byte <= 1 else { throw .trailing }
            value |= UInt64(byte & 0x7F) << UInt64(index * 7)
            if byte & 0x80 == 0 {
                guard byte != 0 || index == 0 else { throw .trailing }
                return value
            }
        }
        throw .trailing
    }
}
