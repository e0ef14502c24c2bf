/// A 32-byte value (digest, identifier or address) held in four words, without heap allocation.
///
/// The words are big-endian, so `<` orders like the bytes do. `InlineArray` is not `Hashable`, hence the four words.
@frozen
@usableFromInline
package struct Hash32: Sendable, Hashable, Comparable {
    @usableFromInline package let w0, w1, w2, w3: UInt64

    @inlinable
    package init(_ w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) {
        (self.w0, self.w1, self.w2, self.w3) = (w0, w1, w2, w3)
    }

    /// Thirty-two zero bytes: the parent of a genesis block and the root of an empty tree.
    package static let zero = Hash32(0, 0, 0, 0)

    /// The 32 bytes at `bytes`; `nil` unless there are exactly 32.
    @inlinable
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        self.init(
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
    }

    /// The 32 bytes of `bytes` (`[UInt8]`, `Data`, a digest); `nil` unless there are exactly 32.
    @inlinable
    package init?(_ bytes: some Sequence<UInt8>) {
        if let value = bytes.withContiguousStorageIfAvailable({ Hash32(UnsafeRawBufferPointer($0)) }) {
            guard let value else { return nil }
            self = value
            return
        }
        let copy = [UInt8](bytes)
        guard let value = copy.withUnsafeBytes({ Hash32($0) }) else { return nil }
        self = value
    }

    /// The value of 64 hexadecimal digits; `nil` for anything else.
    package init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    @inlinable
    package static func < (a: Hash32, b: Hash32) -> Bool {
        if a.w0 != b.w0 { return a.w0 < b.w0 }
        if a.w1 != b.w1 { return a.w1 < b.w1 }
        if a.w2 != b.w2 { return a.w2 < b.w2 }
        return a.w3 < b.w3
    }

    /// The bytes, in order.
    @inlinable
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            write(to: UnsafeMutableRawBufferPointer(buffer))
            count = 32
        }
    }

    /// Writes the 32 bytes to the start of `target`, which must hold at least 32.
    @inlinable
    package func write(to target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= 32, "32 bytes are written")
        target.storeBytes(of: w0.bigEndian, toByteOffset: 0, as: UInt64.self)
        target.storeBytes(of: w1.bigEndian, toByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: w2.bigEndian, toByteOffset: 16, as: UInt64.self)
        target.storeBytes(of: w3.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    /// Calls `body` with the 32 bytes, on the stack.
    @inlinable
    package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let words = (w0.bigEndian, w1.bigEndian, w2.bigEndian, w3.bigEndian)
        return try withUnsafeBytes(of: words) { (raw) throws(E) in try body(raw) }
    }

    /// The four bits at position `index` (0 is the first, most significant nibble; below 64).
    @inlinable
    package func nibble(_ index: Int) -> Int {
        let word =
            switch index >> 4 {
            case 0: w0
            case 1: w1
            case 2: w2
            default: w3
            }
        return Int(truncatingIfNeeded: word &>> UInt64(60 - (index & 15) * 4)) & 15
    }

    /// How many leading nibbles the two values share (0…64).
    @inlinable
    package func commonNibbles(with other: Hash32) -> Int {
        var bits = (w0 ^ other.w0).leadingZeroBitCount
        if bits == 64 { bits += (w1 ^ other.w1).leadingZeroBitCount }
        if bits == 128 { bits += (w2 ^ other.w2).leadingZeroBitCount }
        if bits == 192 { bits += (w3 ^ other.w3).leadingZeroBitCount }
        return bits / 4
    }
}

extension Hash32: CustomStringConvertible {
    /// 64 lowercase hexadecimal digits.
    @usableFromInline package var description: String { Hex.encode(bytes) }
}
