import DataModel
import Testing

@Suite struct `A program's output` {
    func check(_ output: ProgramOutput) -> UInt32? {
        do { _ = try Sample.outputSchema().check(encodeOutput(output)) } catch { return (error as? DataModelError)?.code ?? 0 }
        return nil
    }

    func replacing(_ position: Int, _ field: ProgramOutput.Field) -> ProgramOutput {
        var fields = Sample.output.fields
        fields[position] = field
        return ProgramOutput(fields)
    }

    @Test func `passes its schema as declared`() throws {
        #expect(try Sample.outputSchema().check(encodeOutput(Sample.output)) == Sample.output)
        #expect(Sample.output.integer("count") == 3)
        #expect(Sample.output.number("mean") == 0.25)
        #expect(Sample.output["label"] == .text("ok"))
        #expect(Sample.output["other"] == nil)
    }

    @Test func `is exactly what was declared, in order`() throws {
        let fields = Sample.output.fields
        #expect(check(ProgramOutput(Array(fields.dropLast()))) == 1013)
        #expect(check(ProgramOutput(fields + [.init("more", .integer(1))])) == 1013)
        #expect(check(ProgramOutput(fields.reversed())) == 1013)
        #expect(check(replacing(0, .init("counts", .integer(3)))) == 1013)
        #expect(check(replacing(0, .init("count", .number(3)))) == 1013)
        #expect(check(ProgramOutput([])) == 1013)
    }

    @Test func `keeps the declared bounds`() {
        #expect(check(replacing(0, .init("count", .integer(1)))) == 1013)
        #expect(check(replacing(0, .init("count", .integer(2)))) == nil)
        #expect(check(replacing(1, .init("mean", .number(1.5)))) == nil)
        for value in [Double(1.5).nextUp, -1.1, .nan, .infinity] { #expect(check(replacing(1, .init("mean", .number(value)))) == 1013) }
        #expect(check(replacing(2, .init("label", .text("12345678")))) == nil)
        #expect(check(replacing(2, .init("label", .text("123456789")))) == 1013)
        #expect(check(replacing(4, .init("histogram", .integers([1, -1])))) == 1013)
        #expect(check(replacing(4, .init("histogram", .integers([1, 1, 1, 1])))) == nil)
        #expect(check(replacing(4, .init("histogram", .integers([1, 1, 1, 1, 1])))) == 1013)
        #expect(check(replacing(5, .init("edges", .numbers([.nan])))) == 1013)
        #expect(check(replacing(5, .init("edges", .numbers([])))) == nil)
    }

    @Test func `is decoded strictly`() throws {
        let bytes = encodeOutput(Sample.output)
        #expect(try ProgramOutput.decode(bytes) == Sample.output)
        for end in 0..<bytes.count { #expect(throws: DataModelError.self) { try ProgramOutput.decode(Array(bytes.prefix(end))) } }
        #expect(throws: DataModelError.malformed("trailing bytes")) { try ProgramOutput.decode(bytes + [0]) }
        #expect(throws: DataModelError.unsupportedFormat) { try ProgramOutput.decode(Array("JPO2".utf8) + bytes.dropFirst(4)) }
        #expect(throws: DataModelError.malformed("an output has at most 64 KiB")) {
            try ProgramOutput.decode([UInt8](repeating: 0, count: 65_537))
        }
        // A list that claims more than there is allocates nothing.
        let claim: [UInt8] = Array("JPO1".utf8) + [1, 0, 1, 0x61, 5, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(throws: DataModelError.malformed("truncated")) { try ProgramOutput.decode(claim) }
    }

    @Test func `schema has one pinned encoding and a byte bound`() throws {
        let schema = try Sample.outputSchema()
        #expect(try OutputSchema.decode(schema.encoding) == schema)
        #expect(fingerprint(schema.encoding) == 4_428_846_066_962_743_852)
        for end in 0..<schema.encoding.count {
            #expect(throws: DataModelError.self) { try OutputSchema.decode(Array(schema.encoding.prefix(end))) }
        }
        #expect(throws: DataModelError.malformed("trailing bytes")) { try OutputSchema.decode(schema.encoding + [0]) }
        #expect(throws: DataModelError.unsupportedFormat) { try OutputSchema.decode([2] + schema.encoding.dropFirst()) }
        let one = try OutputSchema(fields: [.init("p", .number)])
        #expect(one.maximumBytes == encodeOutput(ProgramOutput([.init("p", .number(0.5))])).count)
        #expect(throws: DataModelError.outputMismatch("longer than declared", field: "")) {
            try one.check(encodeOutput(ProgramOutput([.init("pp", .number(0.5))])))
        }
    }

    @Test func `schema keeps the rules of output schemas`() {
        let bad: [[OutputSchema.Field]] = [
            [], (0..<65).map { .init("f\($0)", .integer) }, [.init("A", .integer)], [.init("a", .integer, maximumCount: 2)],
            [.init("a", .integers, maximumCount: 0)], [.init("a", .numbers, maximumCount: 8193)], [.init("a", .text, maximumCount: 4097)],
            [.init("a", .boolean, minimum: 0)], [.init("a", .text, maximumCount: 4, maximum: 3)],
            [.init("a", .integer, minimum: 3, maximum: 2)],
            [.init("a", .numbers, maximumCount: 5000), .init("b", .numbers, maximumCount: 5000)],
            [.init("a", .integer), .init("a", .number)],
        ]
        for fields in bad { #expect(throws: DataModelError.self) { try OutputSchema(fields: fields) } }
    }
}
