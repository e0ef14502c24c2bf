import NIOCore
import Primitives

/// Reads the fields of a Protocol Buffers message, in the order of their numbers, in their only encoding: what another encoder than
/// `FieldWriter` could have written differently is `malformed` (docs/spec/encodings.md). Copies bytes once.
struct FieldReader {
    private var buffer: ByteBuffer

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    var remaining: Int { buffer.readableBytes }

    /// A varint without leading zeros.
    mutating func varint() throws(PeerError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = buffer.readInteger(as: UInt8.self) {
            guard shift < 63 || byte <= 1 else { throw .malformed }
            value |= UInt64(byte & 0x7f) << shift
            guard byte & 0x80 != 0 else {
                guard byte != 0 || shift == 0 else { throw .malformed }
                return value
            }
            shift += 7
        }
        throw .malformed
    }

    /// Whether the next field is `field` of this wire type; its tag is read then.
    private mutating func begins(_ field: UInt64, _ type: UInt64) throws(PeerError) -> Bool {
        guard remaining > 0 else { return false }
        let start = buffer.readerIndex
        if try varint() == field << 3 | type { return true }
        buffer.moveReaderIndex(to: start)
        return false
    }

    /// A number that was written because it is not zero, or zero.
    mutating func number(_ field: UInt64) throws(PeerError) -> UInt64 {
        guard try begins(field, 0) else { return 0 }
        let value = try varint()
        guard value != 0 else { throw .malformed }
        return value
    }

    mutating func number32(_ field: UInt64) throws(PeerError) -> UInt32 {
        guard let value = UInt32(exactly: try number(field)) else { throw .malformed }
        return value
    }

    mutating func flag(_ field: UInt64) throws(PeerError) -> Bool {
        let value = try number(field)
        guard value <= 1 else { throw .malformed }
        return value == 1
    }

    /// The part of the message that the next length announces, of at most `limit` bytes.
    mutating func part(limit: Int) throws(PeerError) -> ByteBuffer {
        let length = try varint()
        guard length <= UInt64(remaining) else { throw .malformed }
        guard length <= UInt64(limit) else { throw .tooLarge }
        guard let slice = buffer.readSlice(length: Int(length)) else { throw .malformed }
        return slice
    }

    private mutating func bytes(limit: Int) throws(PeerError) -> [UInt8] {
        let length = try varint()
        guard length <= UInt64(remaining) else { throw .malformed }
        guard length <= UInt64(limit) else { throw .tooLarge }
        return buffer.readBytes(length: Int(length)) ?? []
    }

    /// Bytes that were written because there are some, or none.
    mutating func bytes(_ field: UInt64, limit: Int) throws(PeerError) -> [UInt8] {
        guard try begins(field, 2) else { return [] }
        let value = try bytes(limit: limit)
        guard !value.isEmpty else { throw .malformed }
        return value
    }

    /// The 32 bytes of a field that must be there.
    mutating func hash(_ field: UInt64) throws(PeerError) -> Hash32 {
        guard try begins(field, 2), try varint() == 32, let value = hash() else { throw .malformed }
        return value
    }

    private mutating func hash() -> Hash32? {
        guard let a = buffer.readInteger(as: UInt64.self), let b = buffer.readInteger(as: UInt64.self),
            let c = buffer.readInteger(as: UInt64.self), let d = buffer.readInteger(as: UInt64.self)
        else { return nil }
        return Hash32(a, b, c, d)
    }

    /// Text in UTF-8; empty when it was not written.
    mutating func text(_ field: UInt64, limit: Int) throws(PeerError) -> String {
        guard let text = String(validating: try bytes(field, limit: limit), as: UTF8.self) else { throw .malformed }
        return text
    }

    /// The elements of a repeated field: at most `count`, each of at most `limit` bytes.
    mutating func elements(_ field: UInt64, count: Int, limit: Int) throws(PeerError) -> [[UInt8]] {
        var values: [[UInt8]] = []
        while try begins(field, 2) {
            guard values.count < count else { throw .tooLarge }
            values.append(try bytes(limit: limit))
        }
        return values
    }

    /// The messages of a repeated field, read by `element`.
    mutating func messages<Element>(
        _ field: UInt64, count: Int, limit: Int, _ element: (inout FieldReader) throws(PeerError) -> Element
    ) throws(PeerError) -> [Element] {
        var values: [Element] = []
        while try begins(field, 2) {
            guard values.count < count else { throw .tooLarge }
            var reader = FieldReader(try part(limit: limit))
            values.append(try element(&reader))
            try reader.finish()
        }
        return values
    }

    /// Packed numbers that rise: at most `count`.
    mutating func positions(_ field: UInt64, count: Int) throws(PeerError) -> [UInt32] {
        guard try begins(field, 2) else { return [] }
        var reader = FieldReader(try part(limit: count * 5))
        guard reader.remaining > 0 else { throw .malformed }
        var values: [UInt32] = []
        while reader.remaining > 0 {
            guard values.count < count else { throw .tooLarge }
            guard let value = UInt32(exactly: try reader.varint()) else { throw .malformed }
            if let last = values.last { guard value > last else { throw .malformed } }
            values.append(value)
        }
        return values
    }

    /// The one field of a message that holds one of several.
    mutating func choice() throws(PeerError) -> (field: UInt64, contents: ByteBuffer) {
        let tag = try varint()
        guard tag & 7 == 2 else { throw .malformed }
        return (tag >> 3, try part(limit: PeerLimits.frame))
    }

    /// Everything that is left.
    mutating func rest() -> [UInt8] { buffer.readBytes(length: buffer.readableBytes) ?? [] }

    /// Throws unless everything was read: unknown fields, repeated ones and those out of order are left over.
    func finish() throws(PeerError) {
        guard remaining == 0 else { throw .malformed }
    }
}
