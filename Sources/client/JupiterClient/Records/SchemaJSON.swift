import DataModel

/// Schemas as JSON Schema 2020-12, in the part of it that this product takes (docs/quickstart.md): an object of typed properties with
/// `required`, `enum`, `minimum`, `maximum` and `description`. A keyword outside that part is refused, not ignored.
package enum SchemaJSON {
    private static let keywords: Set<String> = [
        "$schema", "$id", "$comment", "title", "description", "type", "properties", "required", "additionalProperties", "x-order",
        "x-version",
    ]
    private static let fieldKeywords: Set<String> = ["type", "description", "title", "enum", "minimum", "maximum"]

    /// Fields come in the order of `x-order`, or of their names: JSON itself has no order.
    package static func schema(_ json: JSONValue, version: UInt32? = nil) throws(ClientError) -> Schema {
        guard let members = json.object else { throw .invalidSchema("it is not a JSON object") }
        for key in members.keys.sorted() where !keywords.contains(key) { throw .invalidSchema("the keyword \"\(key)\" is not supported") }
        guard members["type"]?.text == "object" else { throw .invalidSchema("its type must be \"object\"") }
        if let additional = members["additionalProperties"], additional != false {
            throw .invalidSchema("additionalProperties can only be false")
        }
        guard let properties = members["properties"]?.object, !properties.isEmpty else { throw .invalidSchema("it has no properties") }
        let required = try names(members["required"] ?? [], "required")
        for name in required where properties[name] == nil { throw .invalidSchema("\"\(name)\" is required but no property") }
        var order = properties.keys.sorted()
        if let given = members["x-order"] {
            let list = try names(given, "x-order")
            guard list.sorted() == order else { throw .invalidSchema("x-order must list every property once") }
            order = list
        }
        var fields: [Field] = []
        for name in order { fields.append(try field(name, properties[name] ?? .null, optional: !required.contains(name))) }
        let written = members["x-version"]?.unsigned.flatMap { UInt32(exactly: $0) }
        do { return try Schema(version: version ?? written ?? 1, fields: fields) } catch { throw .invalidSchema(error.reason) }
    }

    private static func names(_ json: JSONValue, _ keyword: String) throws(ClientError) -> [String] {
        guard let items = json.array else { throw .invalidSchema("\(keyword) is no list") }
        let list = items.compactMap(\.text)
        guard list.count == items.count, Set(list).count == list.count else { throw .invalidSchema("\(keyword) must list different names") }
        return list
    }

    private static func field(_ name: String, _ json: JSONValue, optional: Bool) throws(ClientError) -> Field {
        guard let members = json.object else { throw .invalidSchema("the property \"\(name)\" is no object") }
        for key in members.keys.sorted() where !fieldKeywords.contains(key) {
            throw .invalidSchema("the keyword \"\(key)\" of \"\(name)\" is not supported")
        }
        let type: FieldType
        switch members["type"]?.text {
        case "integer": type = .integer
        case "number": type = .number
        case "string": type = .text
        case "boolean": type = .boolean
        default: throw .invalidSchema("the type of \"\(name)\" must be integer, number, string or boolean")
        }
        var allowed: [String] = []
        if let codes = members["enum"] {
            guard let items = codes.array, !items.isEmpty else { throw .invalidSchema("the enum of \"\(name)\" is empty") }
            allowed = items.compactMap(\.text)
            guard allowed.count == items.count else { throw .invalidSchema("the enum of \"\(name)\" may list strings only") }
        }
        return Field(
            name, type, optional: optional, description: members["description"]?.text ?? "",
            minimum: try bound(members["minimum"], name), maximum: try bound(members["maximum"], name), allowedValues: allowed)
    }

    private static func bound(_ json: JSONValue?, _ name: String) throws(ClientError) -> FieldValue? {
        switch json {
        case nil: return nil
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        default: throw .invalidSchema("a bound of \"\(name)\" is no number")
        }
    }

    /// The schema as JSON Schema; `schema(_:)` gives the same schema back.
    package static func json(_ schema: Schema, title: String? = nil) -> JSONValue {
        var properties: [String: JSONValue] = [:]
        for field in schema.fields { properties[field.name] = json(field) }
        var members: [String: JSONValue] = [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
            "properties": .object(properties), "required": .array(schema.fields.filter { !$0.optional }.map { .text($0.name) }),
            "x-order": .array(schema.fields.map { .text($0.name) }), "x-version": JSONValue(UInt64(schema.version)),
        ]
        if let title { members["title"] = .text(title) }
        return .object(members)
    }

    private static func json(_ field: Field) -> JSONValue {
        var members: [String: JSONValue] = [:]
        switch field.type {
        case .integer: members["type"] = "integer"
        case .number: members["type"] = "number"
        case .text: members["type"] = "string"
        case .boolean: members["type"] = "boolean"
        }
        if !field.description.isEmpty { members["description"] = .text(field.description) }
        if let minimum = field.bounds.minimum { members["minimum"] = RecordJSON.json(minimum) }
        if let maximum = field.bounds.maximum { members["maximum"] = RecordJSON.json(maximum) }
        if !field.allowedValues.isEmpty { members["enum"] = .array(field.allowedValues.map { .text($0) }) }
        return .object(members)
    }
}
