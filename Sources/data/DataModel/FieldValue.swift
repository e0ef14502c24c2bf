import Primitives

/// The types a field of a record can have. The raw value is the type's byte in every encoding of this module.
package enum FieldType: UInt8, Sendable, CaseIterable {
    /// A 64-bit signed integer.
    case integer = 1
    /// A finite IEEE 754 double.
    case number = 2
    /// UTF-8, at most `FieldValue.maximumTextBytes` bytes.
    case text = 3
    case boolean = 4
}

/// One value of a record, a parameter or a bound.
package enum FieldValue: Sendable, Equatable {
    case integer(Int64)
    case number(Double)
    case text(String)
    case boolean(Bool)

    /// The longest text, in bytes of UTF-8.
    package static let maximumTextBytes = 4096

    package var type: FieldType {
        switch self {
        case .integer: .integer
        case .number: .number
        case .text: .text
        case .boolean: .boolean
        }
    }

    /// Texts are equal when their bytes are: Unicode equivalence differs between versions of its tables.
    package static func == (a: FieldValue, b: FieldValue) -> Bool {
        switch (a, b) {
        case (.integer(let x), .integer(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.text(let x), .text(let y)): x.utf8.elementsEqual(y.utf8)
        case (.boolean(let x), .boolean(let y)): x == y
        default: false
        }
    }

    /// Throws unless the value has `type`, is finite and not too long; `field` is named in the error.
    func check(_ type: FieldType, field: String) throws(DataModelError) {
        guard self.type == type else { throw .wrongType(field) }
        switch self {
        case .number(let value): guard value.isFinite else { throw .notFinite(field) }
        case .text(let text): guard text.utf8.count <= Self.maximumTextBytes else { throw .textTooLong(field) }
        case .integer, .boolean: break
        }
    }

    /// How many bytes `append(to:)` writes.
    var encodedByteCount: Int {
        switch self {
        case .integer, .number: 8
        case .text(let text): 2 + text.utf8.count
        case .boolean: 1
        }
    }

    /// The value without its type: 8 bytes, 8 bytes, length and bytes, or one byte.
    func append(to bytes: inout [UInt8]) {
        switch self {
        case .integer(let value): bytes.append(littleEndian: value)
        case .number(let value): bytes.append(littleEndian: value.bitPattern)
        case .text(let text): bytes.append(shortText: text)
        case .boolean(let value): bytes.append(value ? 1 : 0)
        }
    }

    init(type: FieldType, from reader: inout ModelReader) throws(DataModelError) {
        self =
            switch type {
            case .integer: .integer(try reader.integer())
            case .number: .number(try reader.number())
            case .text: .text(try reader.shortText(limit: Self.maximumTextBytes))
            case .boolean: .boolean(try reader.boolean())
            }
    }
}

extension FieldValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(stringLiteral value: String) { self = .text(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
}

/// The rule of names of fields, columns, parameters and outputs: `[a-z][a-z0-9_]*`, at most 64 bytes.
package enum FieldName {
    package static let maximumBytes = 64

    package static func isValid(_ name: String) -> Bool {
        let bytes = name.utf8
        guard bytes.count <= maximumBytes, let first = bytes.first, letters.contains(first) else { return false }
        return bytes.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_") }
    }

    private static let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
}
