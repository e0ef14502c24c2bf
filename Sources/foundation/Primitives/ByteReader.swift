/// Bounded, little-endian reads from outside bytes: every read checks what is left, none allocates more than it found.
package struct ByteReader: ~Copyable {
    private let bytes: [UInt8]
    package private(set) var offset = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var remaining: Int { bytes.count - offset }

    package mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(ByteReaderError) -> T {
        let size = T.bitWidth / 8
        guard remaining >= size else { throw .truncated }
        defer { offset += size }
        return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }

    package mutating func take(_ count: Int) throws(ByteReaderError) -> ArraySlice<UInt8> {
        guard count >= 0, remaining >= count else { throw .truncated }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    package mutating func hash() throws(ByteReaderError) -> Hash32 {
        guard let value = Hash32(try take(32)) else { throw .truncated }
        return value
    }

    /// Throws unless every byte was read: trailing bytes are somebody's smuggling.
    package func finish() throws(ByteReaderError) {
        guard remaining == 0 else { throw .trailing }
    }
}

/// Why outside bytes could not be read.
package enum ByteReaderError: Error, Sendable, Equatable { case truncated, trailing }

extension [UInt8] {
    /// Appends `value`, little-endian.
    @inlinable
    package mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { self.append(contentsOf: $0) }
    }

    /// Appends the 32 bytes of `hash`.
    package mutating func append(_ hash: Hash32) {
        hash.withBytes { self.append(contentsOf: $0) }
    }
}
