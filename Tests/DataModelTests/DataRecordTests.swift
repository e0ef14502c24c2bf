import DataModel
import Testing

@Suite struct `A record` {
    @Test func `comes back as it was written, in one pinned encoding`() throws {
        let schema = try Sample.schema()
        let record = DataRecord(values: Sample.record)
        let bytes = try record.encode(schema)
        #expect(try DataRecord.decode(bytes, schema: schema) == record)
        // Format 1, schema 7, fields 0, 1, 2 and 4 present.
        #expect(bytes.prefix(6) == [1, 7, 0, 0, 0, 0b10111])
        #expect(bytes.count == 6 + 8 + 8 + 5 + 1)
        #expect(fingerprint(bytes) == 12_909_245_285_323_790_536)
    }

    @Test func `can be made of named values`() throws {
        let schema = try Sample.schema()
        let record = try DataRecord(["employed": true, "checking": "A12", "age": 41, "income": 1250.5], schema: schema)
        #expect(record.values == Sample.record)
        #expect(try record.value("age", schema: schema) == 41)
        #expect(try record.value("note", schema: schema) == nil)
        #expect(throws: DataModelError.unknownField("height")) { try record.value("height", schema: schema) }
        #expect(throws: DataModelError.unknownField("height")) { try DataRecord(["height": 1], schema: schema) }
        #expect(throws: DataModelError.missingField("age")) { try DataRecord(["employed": true], schema: schema) }
    }

    @Test(arguments: [
        (0, FieldValue?.none, UInt32(1004)), (0, 151, 1007), (0, -1, 1007), (0, 41.0, 1006), (1, .number(.nan), 1010),
        (1, .number(.infinity), 1010), (1, -0.5, 1007), (1, 3, 1006), (2, "A13", 1008), (2, 11, 1006),
        (3, .text(String(repeating: "x", count: 4097)), 1009), (4, nil, 1004), (4, 1, 1006),
    ])
    func `is checked field by field`(position: Int, value: FieldValue?, code: UInt32) throws {
        let schema = try Sample.schema()
        var values = Sample.record
        values[position] = value
        #expect { try DataRecord(values: values).encode(schema) } throws: { ($0 as? DataModelError)?.code == code }
    }

    @Test func `takes values on its bounds`() throws {
        let schema = try Sample.schema()
        for values: [FieldValue?] in [[0, 0.0, "A11", "", false], [150, nil, "é", .text(String(repeating: "x", count: 4096)), true]] {
            let bytes = try DataRecord(values: values).encode(schema)
            #expect(try DataRecord.decode(bytes, schema: schema).values == values)
        }
    }

    @Test func `belongs to one version of its schema`() throws {
        let bytes = try DataRecord(values: Sample.record).encode(Sample.schema())
        #expect(throws: DataModelError.schemaVersionMismatch(found: 7, expected: 8)) {
            try DataRecord.decode(bytes, schema: Sample.schema(version: 8))
        }
    }

    @Test func `has no second encoding`() throws {
        let schema = try Sample.schema()
        let bytes = try DataRecord(values: Sample.record).encode(schema)
        for end in 0..<bytes.count {
            #expect(throws: DataModelError.self) { try DataRecord.decode(Array(bytes.prefix(end)), schema: schema) }
        }
        #expect(throws: DataModelError.malformed("trailing bytes")) { try DataRecord.decode(bytes + [0], schema: schema) }
        var changed = bytes
        changed[0] = 2
        #expect(throws: DataModelError.unsupportedFormat) { try DataRecord.decode(changed, schema: schema) }
        changed = bytes
        changed[5] |= 0x20
        #expect(throws: DataModelError.malformed("presence bits beyond the fields")) { try DataRecord.decode(changed, schema: schema) }
        changed = bytes
        changed[bytes.count - 1] = 2
        #expect(throws: DataModelError.malformed("a boolean is 0 or 1")) { try DataRecord.decode(changed, schema: schema) }
        changed = bytes
        changed[24] = 0xFF
        #expect(throws: DataModelError.malformed("a text is not UTF-8")) { try DataRecord.decode(changed, schema: schema) }
    }
}
