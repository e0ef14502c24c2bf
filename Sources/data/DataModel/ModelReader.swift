import Primitives

/// Bounded reads with this module's errors, over `ByteReader`.
struct ModelReader: ~Copyable {
    private var reader: ByteReader

    init(_ bytes: [UInt8]) { reader = ByteReader(bytes) }

    var remaining: Int { reader.remaining }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(DataModelError) -> T {
        do throws(ByteReaderError) { return try reader.integer(type) } catch { throw .malformed("truncated") }
    }

    mutating func number() throws(DataModelError) -> Double {
        Double(bitPattern: try integer(UInt64.self))
    }

    /// One byte, 0 or 1: anything else would be a second encoding of `true`.
    mutating func boolean() throws(DataModelError) -> Bool {
        switch try integer(UInt8.self) {
        case 0: false
        case 1: true
        default: throw .malformed("a boolean is 0 or 1")
        }
    }

    mutating func bytes(_ count: Int) throws(DataModelError) -> ArraySlice<UInt8> {
        do throws(ByteReaderError) { return try reader.take(count) } catch { throw .malformed("truncated") }
    }

    /// Valid UTF-8 of `count` bytes.
    mutating func text(_ count: Int) throws(DataModelError) -> String {
        guard let text = String(validating: try bytes(count), as: UTF8.self) else { throw .malformed("a text is not UTF-8") }
        return text
    }

    /// A text behind its length of two bytes, at most `limit` bytes long.
    mutating func shortText(limit: Int) throws(DataModelError) -> String {
        let count = Int(try integer(UInt16.self))
        guard count <= limit else { throw .malformed("a text is too long") }
        return try text(count)
    }

    /// A name behind its length of one byte.
    mutating func name() throws(DataModelError) -> String {
        let count = Int(try integer(UInt8.self))
        let name = try text(count)
        guard FieldName.isValid(name) else { throw .malformed("a name breaks the rule of names") }
        return name
    }

    func finish() throws(DataModelError) {
        do throws(ByteReaderError) { try reader.finish() } catch { throw .malformed("trailing bytes") }
    }
}

extension [UInt8] {
    /// Appends the length of `name` in one byte, then its bytes.
    mutating func append(name: String) {
        precondition(name.utf8.count <= 255, "names are checked before they are written")
        append(UInt8(name.utf8.count))
        append(contentsOf: name.utf8)
    }

    /// Appends the length of `text` in two bytes, then its bytes.
    mutating func append(shortText text: String) {
        precondition(text.utf8.count <= 65_535, "texts are bounded before they are written")
        append(littleEndian: UInt16(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}
