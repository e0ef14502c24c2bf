/// Reads one JSON value by recursive descent, bounded in depth.
struct JsonParser {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(AttestationError) -> JsonValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw .malformed }
        return value
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func expect(_ character: Character) throws(AttestationError) {
        guard let byte = next, byte == character.asciiValue else { throw .malformed }
        position += 1
    }

    private mutating func accept(_ character: Character) -> Bool {
        guard let byte = next, byte == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(AttestationError) -> JsonValue {
        let start = position
        let content: JsonValue.Content
        switch next {
        case UInt8(ascii: "{"): content = .object(try nested { (parser) throws(AttestationError) in try parser.members() })
        case UInt8(ascii: "["): content = .array(try nested { (parser) throws(AttestationError) in try parser.items() })
        case UInt8(ascii: "\""): content = .string(try string())
        case UInt8(ascii: "t"): content = .bool(try literal("true", true))
        case UInt8(ascii: "f"): content = .bool(try literal("false", false))
        case UInt8(ascii: "n"):
            _ = try literal("null", true)
            content = .null
        default: content = .number(try number())
        }
        return JsonValue(content, bytes[start..<position])
    }

    private mutating func nested<T>(_ body: (inout JsonParser) throws(AttestationError) -> T) throws(AttestationError) -> T {
        guard depth < JsonValue.maximumDepth else { throw .malformed }
        depth += 1
        defer { depth -= 1 }
        position += 1
        return try body(&self)
    }

    private mutating func members() throws(AttestationError) -> [String: JsonValue] {
        var members: [String: JsonValue] = [:]
        skipSpace()
        if accept("}") { return members }
        while true {
            skipSpace()
            let key = try string()
            skipSpace()
            try expect(":")
            skipSpace()
            guard members.updateValue(try value(), forKey: key) == nil else { throw .malformed }
            skipSpace()
            if accept("}") { return members }
            try expect(",")
        }
    }

    private mutating func items() throws(AttestationError) -> [JsonValue] {
        var items: [JsonValue] = []
        skipSpace()
        if accept("]") { return items }
        while true {
            skipSpace()
            items.append(try value())
            skipSpace()
            if accept("]") { return items }
            try expect(",")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: Bool) throws(AttestationError) -> Bool {
        let count = text.utf8CodeUnitCount
        let isThere = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
        guard isThere else { throw .malformed }
        position += count
        return value
    }

    /// RFC 8259 §6: no leading zeros, no plus sign; kept as written.
    private mutating func number() throws(AttestationError) -> String {
        let start = position
        _ = accept("-")
        if !accept("0") { try digits() }
        if accept(".") { try digits() }
        if accept("e") || accept("E") {
            if !accept("+") { _ = accept("-") }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(AttestationError) {
        let start = position
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
        guard position > start else { throw .malformed }
    }

    private mutating func string() throws(AttestationError) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw .malformed }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw .malformed
            default: text.append(byte)
            }
        }
        throw .malformed
    }

    private mutating func escape(into text: inout [UInt8]) throws(AttestationError) {
        guard let byte = next else { throw .malformed }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            var unit = UInt32(try hexadecimal())
            if 0xd800..<0xdc00 ~= unit {
                try expect("\\")
                try expect("u")
                let low = UInt32(try hexadecimal())
                guard 0xdc00..<0xe000 ~= low else { throw .malformed }
                unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(unit) else { throw .malformed }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: throw .malformed
        }
    }

    private mutating func hexadecimal() throws(AttestationError) -> UInt16 {
        guard position + 4 <= bytes.count, let text = String(validating: bytes[position..<position + 4], as: UTF8.self),
            text.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }), let unit = UInt16(text, radix: 16)
        else { throw .malformed }
        position += 4
        return unit
    }
}
