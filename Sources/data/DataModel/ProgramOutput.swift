import Primitives

/// The types of a program's output fields. The raw value is the type's byte on the wire.
package enum OutputType: UInt8, Sendable, CaseIterable {
    case integer = 1
    case number = 2
    case text = 3
    case boolean = 4
    case integers = 5
    case numbers = 6

    /// The type of the value or of the list's elements, if numeric: what bounds apply to.
    var numericType: FieldType? {
        switch self {
        case .integer, .integers: .integer
        case .number, .numbers: .number
        case .text, .boolean: nil
        }
    }

    /// Lists and texts have a length, which an output schema bounds.
    var hasCount: Bool { self == .text || self == .integers || self == .numbers }
}

/// One value of a program's output.
package enum OutputValue: Sendable, Equatable {
    case integer(Int64)
    case number(Double)
    case text(String)
    case boolean(Bool)
    case integers([Int64])
    case numbers([Double])

    package var type: OutputType {
        switch self {
        case .integer: .integer
        case .number: .number
        case .text: .text
        case .boolean: .boolean
        case .integers: .integers
        case .numbers: .numbers
        }
    }
}

/// What a program said: named values in the order it wrote them. Wire format "JPO1" (docs/spec/programs.md §5).
///
/// Decoding only takes the bytes apart; whether a program may say this is decided by `OutputSchema.check`.
package struct ProgramOutput: Sendable, Equatable {
    package static let maximumFields = 64
    /// The longest output of any program, in bytes: the same as `ProgramLimits.standard.outputBytes`.
    package static let maximumBytes = 64 << 10
    package static let magic: [UInt8] = Array("JPO1".utf8)

    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: OutputValue

        package init(_ name: String, _ value: OutputValue) {
            self.name = name
            self.value = value
        }
    }

    package let fields: [Field]

    package init(_ fields: [Field]) { self.fields = fields }

    /// The first value called `name`.
    package subscript(name: String) -> OutputValue? { fields.first { $0.name == name }?.value }

    /// The value called `name`, if it is a number.
    package func number(_ name: String) -> Double? {
        if case .number(let value)? = self[name] { value } else { nil }
    }

    /// The value called `name`, if it is an integer.
    package func integer(_ name: String) -> Int64? {
        if case .integer(let value)? = self[name] { value } else { nil }
    }

    /// The output that `bytes` encode; throws on anything that is not exactly one output.
    package static func decode(_ bytes: [UInt8]) throws(DataModelError) -> ProgramOutput {
        guard bytes.count <= maximumBytes else { throw .malformed("an output has at most 64 KiB") }
        var reader = ModelReader(bytes)
        guard try reader.bytes(4).elementsEqual(magic) else { throw .unsupportedFormat }
        let count = Int(try reader.integer(UInt16.self))
        guard count <= maximumFields else { throw .malformed("an output has at most 64 fields") }
        var fields: [Field] = []
        for _ in 0..<count {
            let name = try reader.name()
            guard let type = OutputType(rawValue: try reader.integer()) else { throw .malformed("unknown type") }
            fields.append(Field(name, try value(type, from: &reader)))
        }
        try reader.finish()
        return ProgramOutput(fields)
    }

    private static func value(_ type: OutputType, from reader: inout ModelReader) throws(DataModelError) -> OutputValue {
        switch type {
        case .integer: return .integer(try reader.integer())
        case .number: return .number(try reader.number())
        case .text: return .text(try reader.shortText(limit: FieldValue.maximumTextBytes))
        case .boolean: return .boolean(try reader.boolean())
        case .integers:
            var list: [Int64] = []
            for _ in 0..<(try listCount(&reader)) { list.append(try reader.integer()) }
            return .integers(list)
        case .numbers:
            var list: [Double] = []
            for _ in 0..<(try listCount(&reader)) { list.append(try reader.number()) }
            return .numbers(list)
        }
    }

    private static func listCount(_ reader: inout ModelReader) throws(DataModelError) -> Int {
        let count = Int(try reader.integer(UInt32.self))
        guard count <= reader.remaining / 8 else { throw .malformed("truncated") }
        return count
    }
}
