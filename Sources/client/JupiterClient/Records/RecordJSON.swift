import DataModel

/// Records as JSON objects. Errors name fields, never values: values are personal data.
package enum RecordJSON {
    /// The record of the object `json`, valid under `schema`.
    package static func record(_ json: JSONValue, schema: Schema) throws(ClientError) -> DataRecord {
        guard let members = json.object else { throw .invalidRecord("a record is a JSON object") }
        var values: [String: FieldValue] = [:]
        for (name, value) in members where value != .null {
            guard let field = schema[name] else { throw .invalidRecord("the schema has no field \(name)") }
            values[name] = try fieldValue(value, field)
        }
        do { return try DataRecord(values, schema: schema) } catch { throw .invalidRecord(error.reason) }
    }

    private static func fieldValue(_ json: JSONValue, _ field: Field) throws(ClientError) -> FieldValue {
        let value: FieldValue? =
            switch field.type {
            case .integer: json.integer.map { .integer($0) }
            case .number: json.number.map { .number($0) }
            case .text: json.text.map { .text($0) }
            case .boolean: json.boolean.map { .boolean($0) }
            }
        guard let value else { throw .invalidRecord("the value of \(field.name) has another type than declared") }
        return value
    }

    /// The record as a JSON object; absent values are left out.
    package static func json(_ record: DataRecord, schema: Schema) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for (field, value) in zip(schema.fields, record.values) { members[field.name] = value.map(json) }
        return .object(members)
    }

    static func json(_ value: FieldValue) -> JSONValue {
        switch value {
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .text(let value): .text(value)
        case .boolean(let value): .boolean(value)
        }
    }

    /// A program's output as a JSON object.
    package static func json(_ output: ProgramOutput) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for field in output.fields {
            members[field.name] =
                switch field.value {
                case .integer(let value): .integer(value)
                case .number(let value): .number(value)
                case .text(let value): .text(value)
                case .boolean(let value): .boolean(value)
                case .integers(let list): .array(list.map { .integer($0) })
                case .numbers(let list): .array(list.map { .number($0) })
                }
        }
        return .object(members)
    }
}
