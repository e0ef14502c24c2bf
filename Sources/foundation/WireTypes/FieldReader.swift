import Primitives

/// Reads the fields of a Protocol Buffers message, in the order of their numbers, in their only encoding: what another encoder than
/// `FieldWriter` could have written differently is `malformed` (docs/spec/encodings.md). Copies bytes once.
///
/// For the few messages that carry other messages as bytes: there it says what `Message.init(strictly:)` says, without decoding and
/// encoding everything inside.
package struct FieldReader {
    /// Valid as long as the closure of `read` runs.
    private var buffer: UnsafeRawBufferPointer

    private init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }

    /// Lets `body` read all of `bytes`; it must leave nothing, and not keep the reader.
    package static func read<Value>(
        _ bytes: [UInt8], limit: Int, _ body: (inout FieldReader) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        try bytes.withUnsafeBufferPointer { (buffer) throws(WireError) in try read(UnsafeRawBufferPointer(buffer), limit: limit, body) }
    }

    /// As above, for bytes that whoever calls keeps alive meanwhile.
    package static func read<Value>(
        _ bytes: UnsafeRawBufferPointer, limit: Int, _ body: (inout FieldReader) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        guard bytes.count <= limit else { throw .tooLarge }
        var reader = FieldReader(bytes)
        let value = try body(&reader)
        try reader.finish()
        return value
    }

    package var remaining: Int { buffer.count }

    /// A varint without leading zeros.
    package mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for position in 0..<min(buffer.count, 10) {
            let byte = buffer[position]
            guard shift < 63 || byte <= 1 else { throw .malformed }
            value |= UInt64(byte & 0x7f) << shift
            guard byte & 0x80 != 0 else {
                guard byte != 0 || shift == 0 else { throw .malformed }
                skip(position + 1)
                return value
            }
            shift += 7
        }
        throw .malformed
    }

    private mutating func skip(_ count: Int) { buffer = UnsafeRawBufferPointer(rebasing: buffer[count...]) }

    /// Whether the next field is `field` of this wire type; its tag is read then.
    private mutating func begins(_ field: UInt64, _ type: UInt64) throws(WireError) -> Bool {
        guard remaining > 0 else { return false }
        let start = buffer
        if try varint() == field << 3 | type { return true }
        buffer = start
        return false
    }

    /// A number that was written because it is not zero, or zero.
    package mutating func number(_ field: UInt64) throws(WireError) -> UInt64 {
        guard try begins(field, 0) else { return 0 }
        let value = try varint()
        guard value != 0 else { throw .malformed }
        return value
    }

    package mutating func number32(_ field: UInt64) throws(WireError) -> UInt32 {
        guard let value = UInt32(exactly: try number(field)) else { throw .malformed }
        return value
    }

    package mutating func flag(_ field: UInt64) throws(WireError) -> Bool {
        let value = try number(field)
        guard value <= 1 else { throw .malformed }
        return value == 1
    }

    /// The bytes that the next length announces, at most `limit` of them.
    private mutating func part(limit: Int) throws(WireError) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard length <= UInt64(remaining) else { throw .malformed }
        guard length <= UInt64(limit) else { throw .tooLarge }
        let part = UnsafeRawBufferPointer(rebasing: buffer[..<Int(length)])
        skip(Int(length))
        return part
    }

    /// Bytes that were written because there are some, or none.
    package mutating func bytes(_ field: UInt64, limit: Int) throws(WireError) -> [UInt8] {
        guard try begins(field, 2) else { return [] }
        let value = try part(limit: limit)
        guard !value.isEmpty else { throw .malformed }
        return [UInt8](value)
    }

    /// The 32 bytes of a field that must be there.
    package mutating func hash(_ field: UInt64) throws(WireError) -> Hash32 {
        guard try begins(field, 2), let value = Hash32(try part(limit: 32)) else { throw .malformed }
        return value
    }

    /// Text in UTF-8; empty when it was not written.
    package mutating func text(_ field: UInt64, limit: Int) throws(WireError) -> String {
        guard let text = String(validating: try bytes(field, limit: limit), as: UTF8.self) else { throw .malformed }
        return text
    }

    /// The elements of a repeated field: at most `count`, each of at most `limit` bytes.
    package mutating func elements(_ field: UInt64, count: Int, limit: Int) throws(WireError) -> [[UInt8]] {
        var values: [[UInt8]] = []
        while try begins(field, 2) {
            guard values.count < count else { throw .tooLarge }
            values.append([UInt8](try part(limit: limit)))
        }
        return values
    }

    /// A message that is written whenever it is set, even when it is empty; `nil` when it is not.
    package mutating func message<Value>(
        _ field: UInt64, limit: Int, _ body: (inout FieldReader) throws(WireError) -> Value
    ) throws(WireError) -> Value? {
        guard try begins(field, 2) else { return nil }
        return try Self.read(try part(limit: limit), limit: limit, body)
    }

    /// The messages of a repeated field, read by `element`.
    package mutating func messages<Element>(
        _ field: UInt64, count: Int, limit: Int, _ element: (inout FieldReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        var values: [Element] = []
        while try begins(field, 2) {
            guard values.count < count else { throw .tooLarge }
            values.append(try Self.read(try part(limit: limit), limit: limit, element))
        }
        return values
    }

    /// Packed numbers that rise: at most `count`.
    package mutating func positions(_ field: UInt64, count: Int) throws(WireError) -> [UInt32] {
        guard try begins(field, 2) else { return [] }
        return try Self.read(try part(limit: count * 5), limit: count * 5) { (reader) throws(WireError) in
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
    }

    /// The one field of a message that holds one of several, of at most `limit` bytes: `body` reads what is in it.
    package mutating func choice<Value>(
        limit: Int, _ body: (UInt64, inout FieldReader) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        let tag = try varint()
        guard tag & 7 == 2 else { throw .malformed }
        return try Self.read(try part(limit: limit), limit: limit) { (reader) throws(WireError) in try body(tag >> 3, &reader) }
    }

    /// Everything that is left.
    package mutating func rest() -> [UInt8] {
        defer { skipRest() }
        return [UInt8](buffer)
    }

    /// Passes over everything that is left, whatever it is.
    package mutating func skipRest() { skip(buffer.count) }

    /// Throws unless everything was read: unknown fields, repeated ones and those out of order are left over.
    private func finish() throws(WireError) {
        guard remaining == 0 else { throw .malformed }
    }
}
