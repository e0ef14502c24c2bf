/// Bounded little-endian reads of the input. The bytes outlive every value made from them: see `ProgramInput`.
struct InputReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(ProgramFailure) -> T {
        let start = try skip(T.bitWidth / 8)
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: type))
    }

    /// Steps over `count` bytes and returns where they start.
    mutating func skip(_ count: Int) throws(ProgramFailure) -> Int {
        guard count >= 0, count <= remaining else { throw .malformedInput }
        defer { offset += count }
        return offset
    }

    /// Steps over `count` bytes and returns them.
    mutating func take(_ count: Int) throws(ProgramFailure) -> UnsafeRawBufferPointer {
        let start = try skip(count)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
    }
}
