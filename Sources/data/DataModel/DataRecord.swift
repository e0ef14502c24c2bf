import Primitives

/// The values of one record, in the order of its schema's fields; `nil` is an absent value of an optional field.
///
/// Encoding (docs/spec/programs.md §3): format version, schema version, a presence bit per field, the present values. This is
/// what is encrypted; it never leaves the enclave in the clear.
package struct DataRecord: Sendable, Equatable {
    /// The first byte of the encoding.
    package static let formatVersion: UInt8 = 1

    package let values: [FieldValue?]

    /// Takes the values as they are; `encode` and `validate` check them.
    package init(values: [FieldValue?]) { self.values = values }

    /// Puts named values in the schema's order and checks them.
    package init(_ named: [String: FieldValue], schema: Schema) throws(DataModelError) {
        for name in named.keys.sorted() where schema.position(of: name) == nil { throw .unknownField(name) }
        values = schema.fields.map { named[$0.name] }
        try validate(schema)
    }

    /// Throws unless the record may be stored under `schema`.
    package func validate(_ schema: Schema) throws(DataModelError) {
        guard values.count == schema.fields.count else { throw .wrongValueCount(found: values.count, expected: schema.fields.count) }
        for (field, value) in zip(schema.fields, values) { try field.check(value) }
    }

    /// The value of the field `name`; `nil` if absent.
    package func value(_ name: String, schema: Schema) throws(DataModelError) -> FieldValue? {
        guard let position = schema.position(of: name), position < values.count else { throw .unknownField(name) }
        return values[position]
    }

    /// The only encoding of the record; throws unless the record is valid under `schema`.
    package func encode(_ schema: Schema) throws(DataModelError) -> [UInt8] {
        try validate(schema)
        var bytes: [UInt8] = [Self.formatVersion]
        bytes.append(littleEndian: schema.version)
        var presence = [UInt8](repeating: 0, count: (values.count + 7) / 8)
        for (position, value) in values.enumerated() where value != nil { presence[position / 8] |= 1 << UInt8(position % 8) }
        bytes.append(contentsOf: presence)
        for value in values { value?.append(to: &bytes) }
        return bytes
    }

    /// The record that `bytes` encode, valid under `schema`; any other bytes are refused.
    package static func decode(_ bytes: [UInt8], schema: Schema) throws(DataModelError) -> DataRecord {
        var reader = ModelReader(bytes)
        guard try reader.integer(UInt8.self) == formatVersion else { throw .unsupportedFormat }
        let version: UInt32 = try reader.integer()
        guard version == schema.version else { throw .schemaVersionMismatch(found: version, expected: schema.version) }
        let count = schema.fields.count
        let presence = [UInt8](try reader.bytes((count + 7) / 8))
        if count % 8 != 0, let last = presence.last, last >> UInt8(count % 8) != 0 { throw .malformed("presence bits beyond the fields") }
        var values: [FieldValue?] = []
        values.reserveCapacity(count)
        for (position, field) in schema.fields.enumerated() {
            let isPresent = presence[position / 8] & (1 << UInt8(position % 8)) != 0
            values.append(isPresent ? try FieldValue(type: field.type, from: &reader) : nil)
        }
        try reader.finish()
        let record = DataRecord(values: values)
        try record.validate(schema)
        return record
    }
}
