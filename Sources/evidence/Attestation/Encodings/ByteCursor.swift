/// Reads outside bytes from front to back, checking what is left before each read.
struct ByteCursor {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }
    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) throws(AttestationError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw .malformed }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func littleEndian<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type = T.self) throws(AttestationError) -> T {
        try take(T.bitWidth / 8).reversed().reduce(0) { $0 << 8 | T($1) }
    }

    mutating func bigEndian<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type = T.self) throws(AttestationError) -> T {
        try take(T.bitWidth / 8).reduce(0) { $0 << 8 | T($1) }
    }

    /// Two bytes of length, big-endian, and as many bytes (TPM2B).
    mutating func sized(limit: Int) throws(AttestationError) -> ArraySlice<UInt8> {
        let count = Int(try bigEndian(UInt16.self))
        guard count <= limit else { throw .malformed }
        return try take(count)
    }

    /// Throws unless every byte was read: trailing bytes are somebody's smuggling.
    func finish() throws(AttestationError) {
        guard rest.isEmpty else { throw .malformed }
    }
}

/// A structure of fixed layout whose size was checked: reads at offsets that its specification gives.
struct FixedLayout {
    let bytes: ArraySlice<UInt8>

    /// - Throws: `malformed` unless there are exactly `size` bytes.
    init(_ bytes: ArraySlice<UInt8>, size: Int) throws(AttestationError) {
        guard bytes.count == size else { throw .malformed }
        self.bytes = bytes
    }

    subscript(_ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
        precondition(offset >= 0 && count >= 0 && offset + count <= bytes.count, "inside the layout")
        return bytes[bytes.startIndex + offset..<bytes.startIndex + offset + count]
    }

    func byte(_ offset: Int) -> UInt8 { bytes[bytes.startIndex + offset] }

    func littleEndian<T: FixedWidthInteger & UnsignedInteger>(_ offset: Int, _ type: T.Type = T.self) -> T {
        self[offset, T.bitWidth / 8].reversed().reduce(0) { $0 << 8 | T($1) }
    }

    func isZero(_ offset: Int, _ count: Int) -> Bool { self[offset, count].allSatisfy { $0 == 0 } }
}
