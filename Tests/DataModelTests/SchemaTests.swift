import DataModel
import Testing

@Suite struct `A schema` {
    func code(_ body: () throws -> Void) -> UInt32? {
        do { try body() } catch { return (error as? DataModelError)?.code ?? 0 }
        return nil
    }

    @Test func `has one encoding, pinned`() throws {
        let schema = try Sample.schema()
        #expect(schema.encoding.prefix(7) == [1, 7, 0, 0, 0, 5, 0])
        #expect(fingerprint(schema.encoding) == 5_923_338_323_518_681_791)
        #expect(try Schema.decode(schema.encoding) == schema)
        #expect(try Schema.decode(schema.encoding).fields.map(\.name) == Sample.fields.map(\.name))
        #expect(try Sample.schema(version: 8) != schema)
    }

    @Test func `finds its fields by name`() throws {
        let schema = try Sample.schema()
        #expect(schema.position(of: "checking") == 2)
        #expect(schema.position(of: "Checking") == nil)
        #expect(schema["age"]?.bounds.maximum == 150)
        #expect(schema["income"]?.bounds.minimum == .number(0))
    }

    @Test(arguments: ["", "A", "1a", "_a", "a-b", "a b", "é", String(repeating: "a", count: 65)])
    func `refuses a name that breaks the rule`(name: String) {
        #expect(code { _ = try Schema(version: 1, fields: [Field(name, .integer)]) } == 1002)
    }

    @Test func `takes names up to the bound, and 1 to 128 fields`() throws {
        _ = try Schema(version: 1, fields: [Field("a" + String(repeating: "_", count: 63), .integer)])
        _ = try Schema(version: 1, fields: (0..<128).map { Field("f\($0)", .integer) })
        #expect(code { _ = try Schema(version: 1, fields: (0..<129).map { Field("f\($0)", .integer) }) } == 1002)
        #expect(code { _ = try Schema(version: 1, fields: []) } == 1002)
        #expect(code { _ = try Schema(version: 1, fields: [Field("a", .integer), Field("a", .text)]) } == 1014)
    }

    @Test func `refuses fields that contradict themselves`() {
        let bad: [Field] = [
            Field("a", .text, minimum: 1), Field("a", .boolean, maximum: 1), Field("a", .integer, minimum: 1.5),
            Field("a", .integer, minimum: 2, maximum: 1), Field("a", .number, minimum: 2, maximum: 1.5),
            Field("a", .number, maximum: .number(.infinity)), Field("a", .number, minimum: .number(.nan)),
            Field("a", .integer, allowedValues: ["x"]), Field("a", .text, allowedValues: ["x", "x"]),
            Field("a", .text, allowedValues: [""]),
            Field("a", .text, allowedValues: [String(repeating: "x", count: 257)]),
            Field("a", .text, allowedValues: (0..<257).map { "v\($0)" }),
            Field("a", .text, description: String(repeating: "x", count: 1025)),
        ]
        for field in bad { #expect(code { _ = try Schema(version: 1, fields: [field]) } == 1002, "\(field)") }
    }

    @Test func `allowed values are told apart by bytes, not by Unicode equivalence`() throws {
        let schema = try Schema(version: 1, fields: [Field("a", .text, allowedValues: ["\u{E9}", "e\u{301}"])])
        _ = try Schema.decode(schema.encoding)
        let one = try Schema(version: 1, fields: [Field("a", .text, allowedValues: ["\u{E9}"])])
        #expect(throws: DataModelError.valueNotAllowed("a")) { try DataRecord(values: ["e\u{301}"]).encode(one) }
    }

    @Test func `every other byte sequence is refused`() throws {
        let bytes = try Sample.schema().encoding
        for end in 0..<bytes.count { #expect(throws: DataModelError.self) { try Schema.decode(Array(bytes.prefix(end))) } }
        #expect(throws: DataModelError.malformed("trailing bytes")) { try Schema.decode(bytes + [0]) }
        #expect(throws: DataModelError.unsupportedFormat) { try Schema.decode([2] + bytes.dropFirst()) }
    }
}

@Suite struct `Error codes of data` {
    @Test func `are stable and have unique names`() {
        let errors: [DataModelError] = [
            .malformed(""), .unsupportedFormat, .invalidSchema("", field: ""), .schemaVersionMismatch(found: 0, expected: 0),
            .missingField(""), .unknownField(""), .wrongType(""), .outOfBounds(""), .valueNotAllowed(""), .textTooLong(""),
            .notFinite(""), .batchTooLarge(""), .wrongValueCount(found: 0, expected: 0), .outputMismatch("", field: ""), .duplicateName(""),
        ]
        #expect(errors.map(\.code) == Array(1000...1014))
        #expect(Set(errors.map(\.name)).count == errors.count)
        #expect(errors.allSatisfy { $0.name.hasPrefix("data.") && !$0.reason.isEmpty })
    }
}
