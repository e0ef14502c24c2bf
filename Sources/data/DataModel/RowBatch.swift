import Primitives

/// What a program is given: parameters of the request and, row by row, only the fields it may see. Wire format "JPB1"
/// (docs/spec/programs.md §4), column by column, little-endian.
package struct RowBatch: Sendable {
    package static let maximumRows = 1 << 20
    package static let maximumColumns = Schema.maximumFields
    package static let maximumParameters = 64
    /// The default bound of the encoding, the same as `ProgramLimits.standard.inputBytes`.
    package static let standardByteLimit = 8 << 20
    package static let magic: [UInt8] = Array("JPB1".utf8)

    /// A named value of the request, the same for all rows.
    package struct Parameter: Sendable, Equatable {
        package let name: String
        package let value: FieldValue

        package init(_ name: String, _ value: FieldValue) {
            self.name = name
            self.value = value
        }
    }

    /// The name and type of a column.
    package struct Column: Sendable, Equatable {
        package let name: String
        package let type: FieldType

        package init(_ name: String, _ type: FieldType) {
            self.name = name
            self.type = type
        }
    }

    private struct Content: Sendable {
        var validity: [UInt8] = []
        var values: [UInt8] = []
    }

    package let parameters: [Parameter]
    package let columns: [Column]
    package private(set) var rowCount = 0
    /// How many bytes `encode` will give.
    package private(set) var encodedByteCount: Int
    private let byteLimit: Int
    private var contents: [Content]

    /// An empty batch. Throws on names that break the rule or occur twice, on parameters that are not finite or too long, and on
    /// more of anything than the format allows.
    package init(parameters: [Parameter] = [], columns: [Column], byteLimit: Int = standardByteLimit) throws(DataModelError) {
        guard parameters.count <= Self.maximumParameters else { throw .batchTooLarge("parameters") }
        guard (1...Self.maximumColumns).contains(columns.count) else { throw .batchTooLarge("a batch has 1 to 128 columns") }
        try Self.checkNames(parameters.map(\.name))
        try Self.checkNames(columns.map(\.name))
        for parameter in parameters { try parameter.value.check(parameter.value.type, field: parameter.name) }
        self.parameters = parameters
        self.columns = columns
        self.byteLimit = byteLimit
        contents = [Content](repeating: Content(), count: columns.count)
        let header = parameters.reduce(12) { $0 + 2 + $1.name.utf8.count + $1.value.encodedByteCount }
        encodedByteCount = columns.reduce(header) { $0 + 2 + $1.name.utf8.count }
        guard encodedByteCount <= byteLimit else { throw .batchTooLarge("bytes") }
    }

    /// An empty batch whose columns are `fields` of `schema`, in the given order.
    package init(
        schema: Schema, fields: [String], parameters: [Parameter] = [], byteLimit: Int = standardByteLimit
    ) throws(DataModelError) {
        var columns: [Column] = []
        for name in fields {
            guard let field = schema[name] else { throw .unknownField(name) }
            columns.append(Column(name, field.type))
        }
        try self.init(parameters: parameters, columns: columns, byteLimit: byteLimit)
    }

    /// The values of `fields` in `record`, in the given order: nothing else of the record reaches a program.
    package static func project(_ record: DataRecord, schema: Schema, fields: [String]) throws(DataModelError) -> [FieldValue?] {
        var row: [FieldValue?] = []
        row.reserveCapacity(fields.count)
        for name in fields { row.append(try record.value(name, schema: schema)) }
        return row
    }

    /// Adds one row, a value or `nil` (absent) per column. A refused row leaves the batch as it was.
    package mutating func appendRow(_ row: [FieldValue?]) throws(DataModelError) {
        guard row.count == columns.count else { throw .wrongValueCount(found: row.count, expected: columns.count) }
        guard rowCount < Self.maximumRows else { throw .batchTooLarge("rows") }
        let opensByte = rowCount % 8 == 0
        var added = opensByte ? columns.count : 0
        for (column, value) in zip(columns, row) {
            try value?.check(column.type, field: column.name)
            added += (value ?? Self.zero(column.type)).encodedByteCount
        }
        guard encodedByteCount + added <= byteLimit else { throw .batchTooLarge("bytes") }
        for (position, value) in row.enumerated() {
            if opensByte { contents[position].validity.append(0) }
            if value != nil { contents[position].validity[rowCount / 8] |= 1 << UInt8(rowCount % 8) }
            (value ?? Self.zero(columns[position].type)).append(to: &contents[position].values)
        }
        encodedByteCount += added
        rowCount += 1
    }

    /// The most bytes that any batch with these fields, these parameters and this many rows can have: what its length may tell.
    /// Fields that the schema does not have count nothing: such a batch is refused.
    package static func maximumBytes(schema: Schema, fields: [String], parameters: [Parameter] = [], rows: Int) -> Int {
        let header = parameters.reduce(12) { $0 + 2 + $1.name.utf8.count + $1.value.encodedByteCount }
        return fields.reduce(header) { sum, name in
            guard let field = schema[name] else { return sum }
            return sum + 2 + name.utf8.count + (rows + 7) / 8 + rows * field.maximumValueBytes
        }
    }

    /// The "JPB1" bytes.
    package func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encodedByteCount)
        bytes.append(contentsOf: Self.magic)
        bytes.append(littleEndian: UInt32(rowCount))
        bytes.append(littleEndian: UInt16(parameters.count))
        bytes.append(littleEndian: UInt16(columns.count))
        for parameter in parameters {
            bytes.append(name: parameter.name)
            bytes.append(parameter.value.type.rawValue)
            parameter.value.append(to: &bytes)
        }
        for (column, content) in zip(columns, contents) {
            bytes.append(name: column.name)
            bytes.append(column.type.rawValue)
            bytes.append(contentsOf: content.validity)
            bytes.append(contentsOf: content.values)
        }
        return bytes
    }

    /// What stands in the place of an absent value.
    private static func zero(_ type: FieldType) -> FieldValue {
        switch type {
        case .integer: .integer(0)
        case .number: .number(0)
        case .text: .text("")
        case .boolean: .boolean(false)
        }
    }

    private static func checkNames(_ names: [String]) throws(DataModelError) {
        var seen: Set<String> = []
        for name in names {
            guard FieldName.isValid(name) else { throw .malformed("a name breaks the rule of names") }
            guard seen.insert(name).inserted else { throw .duplicateName(name) }
        }
    }
}
