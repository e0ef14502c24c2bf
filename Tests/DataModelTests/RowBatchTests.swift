import DataModel
import Testing

@Suite struct `A batch of rows` {
    @Test func `is laid out as the specification says`() throws {
        var batch = try RowBatch(
            parameters: [.init("low", 1.5), .init("bins", 3), .init("unit", "DM"), .init("log", true)],
            columns: [.init("a", .integer), .init("b", .number), .init("c", .text), .init("d", .boolean)])
        try batch.appendRow([-2, 0.5, "xy", true])
        try batch.appendRow([nil, nil, nil, nil])
        let header: [UInt8] = Array("JPB1".utf8) + [2, 0, 0, 0, 4, 0, 4, 0]
        let parameters: [UInt8] =
            [3] + Array("low".utf8) + [2, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F] + [4] + Array("bins".utf8) + [1, 3, 0, 0, 0, 0, 0, 0, 0]
            + [4] + Array("unit".utf8) + [3, 2, 0] + Array("DM".utf8) + [3] + Array("log".utf8) + [4, 1]
        let minusTwo: [UInt8] = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        let zero = [UInt8](repeating: 0, count: 8)
        let half: [UInt8] = [0, 0, 0, 0, 0, 0, 0xE0, 0x3F]
        let columns: [UInt8] =
            [1, 0x61, 1, 1] + minusTwo + zero + [1, 0x62, 2, 1] + half + zero + [1, 0x63, 3, 1, 2, 0, 0x78, 0x79, 0, 0]
            + [1, 0x64, 4, 1, 1, 0]
        #expect(batch.encode() == header + parameters + columns)
        #expect(batch.encodedByteCount == batch.encode().count)
        #expect(batch.rowCount == 2)
    }

    @Test func `counts its bytes exactly at every size`() throws {
        var batch = try RowBatch(columns: [.init("a", .integer), .init("b", .text)])
        for row in 0..<40 {
            #expect(batch.encode().count == batch.encodedByteCount)
            try batch.appendRow([row % 3 == 0 ? nil : .integer(Int64(row)), .text(String(repeating: "x", count: row))])
        }
        // Validity of rows 0…7, lowest bit first: rows 0, 3 and 6 are absent.
        #expect(batch.encode()[15] == 0b1011_0110)
    }

    @Test func `has only the fields that were asked for, in the order asked`() throws {
        let schema = try Sample.schema()
        let record = DataRecord(values: Sample.record)
        let fields = ["employed", "age"]
        #expect(try RowBatch.project(record, schema: schema, fields: fields) == [true, 41])
        var batch = try RowBatch(schema: schema, fields: fields)
        #expect(batch.columns == [.init("employed", .boolean), .init("age", .integer)])
        try batch.appendRow(RowBatch.project(record, schema: schema, fields: fields))
        #expect(throws: DataModelError.unknownField("x")) { try RowBatch.project(record, schema: schema, fields: ["x"]) }
        #expect(throws: DataModelError.unknownField("x")) { try RowBatch(schema: schema, fields: ["x"]) }
    }

    @Test func `refuses rows of another shape and stays as it was`() throws {
        var batch = try RowBatch(columns: [.init("a", .integer), .init("b", .number)], byteLimit: 60)
        try batch.appendRow([1, 2.0])
        let before = batch.encode()
        #expect(throws: DataModelError.wrongValueCount(found: 1, expected: 2)) { try batch.appendRow([1]) }
        #expect(throws: DataModelError.wrongType("b")) { try batch.appendRow([1, 2]) }
        #expect(throws: DataModelError.notFinite("b")) { try batch.appendRow([1, .number(.nan)]) }
        #expect(batch.encode() == before)
        try batch.appendRow([1, 2.0])
        #expect(throws: DataModelError.batchTooLarge("bytes")) { try batch.appendRow([1, 2.0]) }
        #expect(batch.encode().count == 52)
    }

    @Test func `bounds its columns, parameters and names`() throws {
        let columns: [RowBatch.Column] = [.init("a", .integer)]
        #expect(throws: DataModelError.self) { try RowBatch(columns: []) }
        #expect(throws: DataModelError.self) { try RowBatch(columns: (0..<129).map { .init("c\($0)", .integer) }) }
        #expect(throws: DataModelError.batchTooLarge("parameters")) {
            try RowBatch(parameters: (0..<65).map { .init("p\($0)", 1) }, columns: columns)
        }
        #expect(throws: DataModelError.duplicateName("a")) { try RowBatch(columns: columns + columns) }
        #expect(throws: DataModelError.duplicateName("p")) { try RowBatch(parameters: [.init("p", 1), .init("p", 2)], columns: columns) }
        #expect(throws: DataModelError.self) { try RowBatch(columns: [.init("A", .integer)]) }
        #expect(throws: DataModelError.notFinite("p")) { try RowBatch(parameters: [.init("p", .number(.infinity))], columns: columns) }
        #expect(throws: DataModelError.textTooLong("p")) {
            try RowBatch(parameters: [.init("p", .text(String(repeating: "x", count: 4097)))], columns: columns)
        }
    }
}
