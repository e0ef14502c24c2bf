import Primitives

/// One field of a schema: its name, its type and what values it accepts.
package struct Field: Sendable {
    /// The longest description, in bytes of UTF-8.
    package static let maximumDescriptionBytes = 1024
    /// The most codes a text field can list, and the longest of them in bytes.
    package static let maximumAllowedValues = 256
    package static let maximumAllowedValueBytes = 256

    package let name: String
    package let type: FieldType
    /// An optional field may be absent from a record.
    package let optional: Bool
    /// What the field means, for people.
    package let description: String
    /// For integers and numbers only.
    package let bounds: NumericBounds
    /// The codes a text field accepts, in the publisher's order; empty: any text.
    package let allowedValues: [String]

    /// Describes a field; `Schema.init` checks it.
    package init(
        _ name: String, _ type: FieldType, optional: Bool = false, description: String = "", minimum: FieldValue? = nil,
        maximum: FieldValue? = nil, allowedValues: [String] = []
    ) {
        self.name = name
        self.type = type
        self.optional = optional
        self.description = description
        self.bounds = NumericBounds(minimum: minimum, maximum: maximum, of: type)
        self.allowedValues = allowedValues
    }

    func validate() throws(DataModelError) {
        guard FieldName.isValid(name) else { throw .invalidSchema("names are [a-z][a-z0-9_]*, at most 64 bytes", field: "") }
        guard description.utf8.count <= Self.maximumDescriptionBytes else {
            throw .invalidSchema("the description is too long", field: name)
        }
        try bounds.validate(for: type, field: name)
        if allowedValues.isEmpty { return }
        guard type == .text else { throw .invalidSchema("only text fields have allowed values", field: name) }
        guard allowedValues.count <= Self.maximumAllowedValues else { throw .invalidSchema("too many allowed values", field: name) }
        var seen: Set<[UInt8]> = []
        for value in allowedValues {
            guard (1...Self.maximumAllowedValueBytes).contains(value.utf8.count) else {
                throw .invalidSchema("an allowed value is empty or too long", field: name)
            }
            guard seen.insert(Array(value.utf8)).inserted else { throw .invalidSchema("an allowed value occurs twice", field: name) }
        }
    }

    /// Throws unless a record may hold `value` in this field.
    func check(_ value: FieldValue?) throws(DataModelError) {
        guard let value else {
            guard optional else { throw .missingField(name) }
            return
        }
        try value.check(type, field: name)
        switch value {
        case .integer(let integer): guard bounds.contains(integer) else { throw .outOfBounds(name) }
        case .number(let number): guard bounds.contains(number) else { throw .outOfBounds(name) }
        case .text(let text):
            guard allowedValues.isEmpty || allowedValues.contains(where: { $0.utf8.elementsEqual(text.utf8) }) else {
                throw .valueNotAllowed(name)
            }
        case .boolean: break
        }
    }

    /// The most bytes that a value of this field has in a row.
    package var maximumValueBytes: Int {
        switch type {
        case .integer, .number: 8
        case .boolean: 1
        case .text: 2 + (allowedValues.map(\.utf8.count).max() ?? FieldValue.maximumTextBytes)
        }
    }

    /// Name, type, optional, description, bounds, number of allowed values, allowed values.
    func append(to bytes: inout [UInt8]) {
        bytes.append(name: name)
        bytes.append(type.rawValue)
        bytes.append(optional ? 1 : 0)
        bytes.append(shortText: description)
        bounds.append(to: &bytes)
        bytes.append(littleEndian: UInt16(allowedValues.count))
        for value in allowedValues { bytes.append(shortText: value) }
    }

    init(from reader: inout ModelReader) throws(DataModelError) {
        name = try reader.name()
        guard let type = FieldType(rawValue: try reader.integer()) else { throw .malformed("unknown type") }
        self.type = type
        optional = try reader.boolean()
        description = try reader.shortText(limit: Self.maximumDescriptionBytes)
        bounds = try NumericBounds(of: type, from: &reader)
        let count = Int(try reader.integer(UInt16.self))
        guard count <= Self.maximumAllowedValues else { throw .malformed("too many allowed values") }
        var values: [String] = []
        for _ in 0..<count { values.append(try reader.shortText(limit: Self.maximumAllowedValueBytes)) }
        allowedValues = values
    }
}
