import ProgramSDK
import Testing

@Suite struct `Input and output of a program` {
    /// The batch that `docs/spec/programs.md` §4 shows, byte by byte; the host's tests pin the same.
    static let batch: [UInt8] = {
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
        return header + parameters + columns
    }()

    func inspect(_ input: ProgramInput) throws {
        #expect(input.rowCount == 2)
        #expect(try input.number("low") == 1.5)
        #expect(try input.integer("bins") == 3)
        #expect(try input.text("unit") == "DM")
        #expect(try input.boolean("log"))
        #expect(throws: ProgramFailure.invalidParameter) { try input.number("high") }
        #expect(throws: ProgramFailure.wrongType) { try input.number("bins") }
        #expect(throws: ProgramFailure.missingColumn) { try input.column("e") }
        let (a, b, c, d) = (try input.column("a"), try input.column("b"), try input.column("c"), try input.column("d"))
        #expect(try a.integer(0) == -2)
        #expect(try a.number(0) == -2)
        #expect(try b.number(0) == 0.5)
        #expect(try c.text(0).map { $0 == "xy" } == true)
        #expect(try c.text(0)?.code == 0x7978)
        #expect(try d.boolean(0) == true)
        #expect(try a.integer(1) == nil && b.number(1) == nil && c.text(1) == nil && d.boolean(1) == nil)
        #expect(throws: ProgramFailure.wrongType) { try b.integer(0) }
        #expect(throws: ProgramFailure.wrongType) { try c.number(0) }
    }

    @Test func `everything in a batch can be read`() throws {
        _ = try Program.output(for: Self.batch) { (input) throws(ProgramFailure) in
            do { try inspect(input) } catch { Issue.record(error) }
            return ProgramOutput()
        }
    }

    @Test func `anything but a batch is malformed`() {
        let read = { (bytes: [UInt8]) throws(ProgramFailure) in
            try Program.output(for: bytes) { (_) throws(ProgramFailure) in ProgramOutput() }
        }
        for end in 0..<Self.batch.count {
            #expect(throws: ProgramFailure.malformedInput) { try read(Array(Self.batch.prefix(end))) }
        }
        #expect(throws: ProgramFailure.malformedInput) { try read(Self.batch + [0]) }
        var many = Self.batch
        many[7] = 0xFF
        #expect(throws: ProgramFailure.malformedInput) { try read(many) }
    }

    @Test func `output is laid out as the specification says`() {
        var output = ProgramOutput()
        output.integer("a", -1)
        output.number("b", 0.5)
        output.text("c", "xy")
        output.boolean("d", true)
        output.integers("e", [1])
        output.numbers("f", [])
        let ones = [UInt8](repeating: 0xFF, count: 8)
        let half: [UInt8] = [0, 0, 0, 0, 0, 0, 0xE0, 0x3F]
        let first: [UInt8] = Array("JPO1".utf8) + [6, 0] + [1, 0x61, 1] + ones + [1, 0x62, 2] + half
        let rest: [UInt8] =
            [1, 0x63, 3, 2, 0, 0x78, 0x79] + [1, 0x64, 4, 1] + [1, 0x65, 5, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0] + [1, 0x66, 6, 0, 0, 0, 0]
        #expect(output.bytes == first + rest)
    }
}
