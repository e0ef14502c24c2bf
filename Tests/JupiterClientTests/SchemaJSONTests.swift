import DataModel
import JupiterClient
import Primitives
import Testing

@Suite struct `JSON Schema` {
    private static let text = """
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Person", "type": "object",
         "properties": {
           "age": {"type": "integer", "minimum": 0, "maximum": 150, "description": "years"},
           "score": {"type": "number", "minimum": 0, "maximum": 1},
           "code": {"type": "string", "enum": ["A1", "A2"]},
           "note": {"type": "string"}, "member": {"type": "boolean"}},
         "required": ["age", "code"], "additionalProperties": false}
        """

    private func schema(_ text: String = text) throws -> Schema { try SchemaJSON.schema(JSONValue(parsing: Array(text.utf8))) }

    @Test func `becomes a schema with its fields by name`() throws {
        let schema = try schema()
        #expect(schema.fields.map(\.name) == ["age", "code", "member", "note", "score"])
        #expect(schema["age"]?.optional == false)
        #expect(schema["note"]?.optional == true)
        #expect(schema["code"]?.allowedValues == ["A1", "A2"])
        #expect(schema["score"]?.bounds.maximum == .number(1))
    }

    @Test func `and back is the same schema`() throws {
        let fields = [Field("zeta", .integer, minimum: -5), Field("alpha", .text, optional: true, description: "first in the alphabet")]
        let original = try Schema(version: 3, fields: fields)
        let text = SchemaJSON.json(original).encoded()
        #expect(try schema(text) == original)
        #expect(try schema(SchemaJSON.json(schema()).encoded()) == schema())
    }

    @Test(arguments: [
        #"{"type": "array"}"#, #"{"type": "object", "properties": {}}"#,
        #"{"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}}"#,
        #"{"type": "object", "properties": {"a": {"type": "null"}}}"#, #"{"type": "object", "properties": {"A": {"type": "string"}}}"#,
        #"{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["b"]}"#,
        #"{"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": true}"#,
        #"{"type": "object", "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 4}}}"#,
        #"{"type": "object", "properties": {"a": {"type": "integer", "enum": [1]}}}"#, #"{"allOf": []}"#, "[]", "3",
    ])
    func `outside the supported part is refused`(text: String) {
        #expect(throws: ClientError.self) { try schema(text) }
    }

    @Test func `records fit or are refused by field, never by value`() throws {
        let schema = try schema()
        let record = try RecordJSON.record(["age": 30, "code": "A1", "score": 1], schema: schema)
        #expect(try record.value("score", schema: schema) == .number(1))
        #expect(RecordJSON.json(record, schema: schema) == ["age": 30, "code": "A1", "score": .number(1)])
        let secret = "very-secret-value"
        for wrong: JSONValue in [
            ["age": 30], ["age": 30, "code": .text(secret)], ["age": .text(secret), "code": "A1"],
            ["age": 200, "code": "A1"], ["age": 3, "code": "A1", "other": .text(secret)],
        ] {
            do {
                _ = try RecordJSON.record(wrong, schema: schema)
                Issue.record("accepted")
            } catch { #expect(!error.reason.contains(secret)) }
        }
    }

    @Test func `mutated text never crashes`() throws {
        var generator = SeededGenerator(seed: 7)
        let bytes = Array(Self.text.utf8)
        for _ in 0..<1_000 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutated[Int.random(in: 0..<mutated.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if let json = try? JSONValue(parsing: mutated) { _ = try? SchemaJSON.schema(json) }
        }
    }
}

@Suite struct `JSON values` {
    @Test func `keep every digit of a 64-bit number`() throws {
        let text = #"{"a":18446744073709551615,"b":-9223372036854775808,"c":0.1}"#
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(value["a"]?.unsigned == .max)
        #expect(value["b"]?.integer == .min)
        #expect(value.encoded(pretty: false) == text)
    }
}
