/// A CBOR data item (RFC 8949) of the deterministic kind that AWS writes, with the exact bytes it was read from.
///
/// Shortest lengths only, definite lengths only, no floats, no duplicate keys; the order of keys is free, for AWS does not sort them.
package struct CborItem: Sendable {
    package enum Content: Sendable {
        case unsigned(UInt64)
        /// The value is −1 − n.
        case negative(UInt64)
        case bytes(ArraySlice<UInt8>)
        case text(String)
        case array([CborItem])
        case map([(key: CborItem, value: CborItem)])
        indirect case tagged(UInt64, CborItem)
        case bool(Bool)
        case null
    }

    package let content: Content
    package let encoded: ArraySlice<UInt8>

    package static let maximumDepth = 8

    /// - Throws: `malformed` for anything but one item of at most `limit` bytes.
    package init(_ bytes: some Collection<UInt8>, limit: Int) throws(AttestationError) {
        guard bytes.count <= limit else { throw .malformed }
        var reader = CborReader(Array(bytes))
        self = try reader.document()
    }

    init(_ content: Content, _ encoded: ArraySlice<UInt8>) { (self.content, self.encoded) = (content, encoded) }

    package var bytes: ArraySlice<UInt8>? { if case .bytes(let bytes) = content { bytes } else { nil } }
    package var text: String? { if case .text(let text) = content { text } else { nil } }
    package var array: [CborItem]? { if case .array(let items) = content { items } else { nil } }
    package var unsigned: UInt64? { if case .unsigned(let value) = content { value } else { nil } }
    var isNull: Bool { if case .null = content { true } else { false } }
    var map: [(key: CborItem, value: CborItem)]? { if case .map(let pairs) = content { pairs } else { nil } }

    /// A map's members by text key; throws when a key is something else.
    func members() throws(AttestationError) -> [String: CborItem] {
        guard let map else { throw .malformed }
        var members: [String: CborItem] = [:]
        for (key, value) in map {
            guard let name = key.text, members.updateValue(value, forKey: name) == nil else { throw .malformed }
        }
        return members
    }
}

/// Reads one item by recursive descent, bounded in depth; every length is checked against what is left before anything is made.
private struct CborReader {
    let bytes: [UInt8]
    var position = 0
    var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(AttestationError) -> CborItem {
        let item = try item()
        guard position == bytes.count else { throw .malformed }
        return item
    }

    private mutating func take(_ count: UInt64) throws(AttestationError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.count - position) else { throw .malformed }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }

    /// The argument of an initial byte, in its shortest form (RFC 8949 §4.2.1).
    private mutating func argument(_ additional: UInt8) throws(AttestationError) -> UInt64 {
        guard additional >= 24 else { return UInt64(additional) }
        guard additional <= 27 else { throw .malformed }
        let size = UInt64(1) << UInt64(additional - 24)
        let value = try take(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let least: UInt64 = size == 1 ? 24 : 1 << (size * 4)
        guard value >= least else { throw .malformed }
        return value
    }

    mutating func item() throws(AttestationError) -> CborItem {
        guard depth < CborItem.maximumDepth else { throw .malformed }
        depth += 1
        defer { depth -= 1 }
        let start = position
        let initial = try take(1)[start]
        let content = try content(initial >> 5, initial & 31)
        return CborItem(content, bytes[start..<position])
    }

    private mutating func content(_ major: UInt8, _ additional: UInt8) throws(AttestationError) -> CborItem.Content {
        if major == 7 {
            switch additional {
            case 20: return .bool(false)
            case 21: return .bool(true)
            case 22: return .null
            default: throw .malformed
            }
        }
        let argument = try argument(additional)
        switch major {
        case 0: return .unsigned(argument)
        case 1: return .negative(argument)
        case 2: return .bytes(try take(argument))
        case 3:
            guard let text = String(validating: try take(argument), as: UTF8.self) else { throw .malformed }
            return .text(text)
        case 4: return .array(try items(argument))
        case 5: return .map(try pairs(argument))
        default: return .tagged(argument, try item())
        }
    }

    private mutating func items(_ count: UInt64) throws(AttestationError) -> [CborItem] {
        // Each item takes a byte at least.
        guard count <= UInt64(bytes.count - position) else { throw .malformed }
        var items: [CborItem] = []
        for _ in 0..<count { items.append(try item()) }
        return items
    }

    private mutating func pairs(_ count: UInt64) throws(AttestationError) -> [(key: CborItem, value: CborItem)] {
        guard count <= UInt64(bytes.count - position) / 2 else { throw .malformed }
        var pairs: [(key: CborItem, value: CborItem)] = []
        var keys: Set<ArraySlice<UInt8>> = []
        for _ in 0..<count {
            let key = try item()
            guard keys.insert(key.encoded).inserted else { throw .malformed }
            pairs.append((key, try item()))
        }
        return pairs
    }
}
