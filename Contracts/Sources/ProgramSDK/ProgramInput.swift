/// The types of columns and parameters. The raw value is the type's byte in "JPB1".
public enum ColumnType: UInt8 {
    case integer = 1
    case number = 2
    case text = 3
    case boolean = 4
}

/// What the enclave gives a program: parameters and columns of a "JPB1" batch (docs/spec/programs.md §4).
///
/// This value, its columns and their texts point into the input without owning it: counting references would cost more than the
/// program's work. They are valid during the `body` of `Program.run`, which is as long as an instance lives.
public struct ProgramInput {
    private struct Parameter {
        let name: Text
        let type: ColumnType
        let value: UnsafeRawBufferPointer
    }

    /// How many rows every column has.
    public let rowCount: Int
    private let parameters: [Parameter]
    /// The columns, in the batch's order.
    public let columns: [Column]

    /// Takes the batch apart; throws `malformedInput` on anything else.
    init(_ bytes: UnsafeRawBufferPointer) throws(ProgramFailure) {
        var reader = InputReader(bytes)
        guard try reader.integer(UInt32.self) == 0x3142_504A else { throw .malformedInput }  // "JPB1"
        let rows = try reader.integer(UInt32.self)  // `Int` has 32 bits here: compared before it is converted
        let parameterCount = Int(try reader.integer(UInt16.self))
        let columnCount = Int(try reader.integer(UInt16.self))
        guard rows <= 1 << 20, parameterCount <= 64, columnCount <= 128 else { throw .malformedInput }
        let rowCount = Int(rows)
        var parameters: [Parameter] = []
        parameters.reserveCapacity(parameterCount)
        for _ in 0..<parameterCount { parameters.append(try Self.parameter(&reader)) }
        var columns: [Column] = []
        columns.reserveCapacity(columnCount)
        for _ in 0..<columnCount { columns.append(try Column(&reader, rowCount: rowCount)) }
        guard reader.remaining == 0 else { throw .malformedInput }
        self.rowCount = rowCount
        self.parameters = parameters
        self.columns = columns
    }

    /// The column `name`; throws `missingColumn`.
    public func column(_ name: StaticString) throws(ProgramFailure) -> Column {
        for index in columns.indices where columns[index].name == name { return columns[index] }
        throw .missingColumn
    }

    /// The integer parameter `name`; throws `invalidParameter` if missing, `wrongType` if it is no integer.
    public func integer(_ name: StaticString) throws(ProgramFailure) -> Int64 {
        Int64(littleEndian: try value(name, .integer).loadUnaligned(as: Int64.self))
    }

    /// The number parameter `name`; throws as `integer` does.
    public func number(_ name: StaticString) throws(ProgramFailure) -> Double {
        Double(bitPattern: UInt64(littleEndian: try value(name, .number).loadUnaligned(as: UInt64.self)))
    }

    /// The text parameter `name`; throws as `integer` does.
    public func text(_ name: StaticString) throws(ProgramFailure) -> Text {
        Text(UnsafeRawBufferPointer(rebasing: try value(name, .text)[2...]))
    }

    /// The boolean parameter `name`; throws as `integer` does.
    public func boolean(_ name: StaticString) throws(ProgramFailure) -> Bool {
        try value(name, .boolean)[0] != 0
    }

    private func value(_ name: StaticString, _ type: ColumnType) throws(ProgramFailure) -> UnsafeRawBufferPointer {
        for parameter in parameters where parameter.name == name {
            guard parameter.type == type else { throw .wrongType }
            return parameter.value
        }
        throw .invalidParameter
    }

    private static func parameter(_ reader: inout InputReader) throws(ProgramFailure) -> Parameter {
        let (name, type) = try nameAndType(&reader)
        let start = reader.offset
        switch type {
        case .integer, .number: _ = try reader.skip(8)
        case .text: _ = try reader.skip(Int(try reader.integer(UInt16.self)))
        case .boolean: _ = try reader.skip(1)
        }
        return Parameter(name: name, type: type, value: UnsafeRawBufferPointer(rebasing: reader.bytes[start..<reader.offset]))
    }

    static func nameAndType(_ reader: inout InputReader) throws(ProgramFailure) -> (Text, ColumnType) {
        let name = try reader.take(Int(try reader.integer(UInt8.self)))
        guard let type = ColumnType(rawValue: try reader.integer(UInt8.self)) else { throw .malformedInput }
        return (Text(name), type)
    }
}
