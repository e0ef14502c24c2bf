/// A JSON value (RFC 8259) of a signed document: strict, bounded, and with the exact bytes it was read from, for a signature covers those.
///
/// Strings are UTF-8 without lone surrogates, objects have no duplicate keys, numbers are kept as text, nothing follows the value.
package struct JsonValue: Sendable {
    package enum Content: Sendable {
        case null
        case bool(Bool)
        case number(String)
        case string(String)
        case array([JsonValue])
        case object([String: JsonValue])
    }

    package let content: Content
    /// As sent, without surrounding white space.
    package let encoded: ArraySlice<UInt8>

    package static let maximumDepth = 16

    /// - Throws: `malformed` for anything but one JSON value of at most `limit` bytes.
    package init(_ bytes: [UInt8], limit: Int) throws(AttestationError) {
        guard bytes.count <= limit else { throw .malformed }
        var parser = JsonParser(bytes)
        self = try parser.document()
    }

    init(_ content: Content, _ encoded: ArraySlice<UInt8>) { (self.content, self.encoded) = (content, encoded) }

    package var object: [String: JsonValue]? { if case .object(let members) = content { members } else { nil } }
    package var array: [JsonValue]? { if case .array(let items) = content { items } else { nil } }
    package var string: String? { if case .string(let text) = content { text } else { nil } }

    /// A non-negative integer written as plain digits.
    package var unsigned: UInt64? {
        guard case .number(let text) = content, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        return UInt64(text)
    }

    /// The member `name`; throws without it.
    package func member(_ name: String) throws(AttestationError) -> JsonValue {
        guard let value = object?[name] else { throw .malformed }
        return value
    }

    func text(_ name: String) throws(AttestationError) -> String {
        guard let text = try member(name).string else { throw .malformed }
        return text
    }

    func number(_ name: String, below bound: UInt64 = 1 << 32) throws(AttestationError) -> UInt64 {
        guard let number = try member(name).unsigned, number < bound else { throw .malformed }
        return number
    }

    func items(_ name: String, atMost limit: Int = 256) throws(AttestationError) -> [JsonValue] {
        guard let items = try member(name).array, items.count <= limit else { throw .malformed }
        return items
    }
}
