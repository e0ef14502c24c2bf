import DataModel
import Primitives
import Testing

/// Random and mutated bytes: nothing crashes, and whatever is accepted has no second encoding.
@Suite struct `Decoders on hostile bytes` {
    static let seed: UInt64 = 0xDA7A_0001

    func inputs(_ base: [UInt8], rounds: Int = 5000) -> [[UInt8]] {
        var generator = SeededGenerator(seed: Self.seed)
        return (0..<rounds).map { round in
            if round % 5 == 0 { return Array(base.prefix(round % 8)) + generator.bytes(Int.random(in: 0..<120, using: &generator)) }
            var bytes = base
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if round % 9 == 0 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator)) }
            return bytes
        }
    }

    @Test func `schema`() throws {
        for bytes in inputs(try Sample.schema().encoding) {
            guard let schema = try? Schema.decode(bytes) else { continue }
            #expect(schema.encoding == bytes, "seed \(Self.seed)")
        }
    }

    @Test func `output schema`() throws {
        for bytes in inputs(try Sample.outputSchema().encoding) {
            guard let schema = try? OutputSchema.decode(bytes) else { continue }
            #expect(schema.encoding == bytes, "seed \(Self.seed)")
        }
    }

    @Test func `record`() throws {
        let schema = try Sample.schema()
        for bytes in inputs(try DataRecord(values: Sample.record).encode(schema)) {
            guard let record = try? DataRecord.decode(bytes, schema: schema) else { continue }
            #expect(try record.encode(schema) == bytes, "seed \(Self.seed)")
        }
    }

    @Test func `output`() throws {
        let schema = try Sample.outputSchema()
        for bytes in inputs(encodeOutput(Sample.output)) {
            guard let output = try? ProgramOutput.decode(bytes) else { continue }
            #expect(encodeOutput(output) == bytes, "seed \(Self.seed)")
            guard let checked = try? schema.check(bytes) else { continue }
            #expect(bytes.count <= schema.maximumBytes && checked == output, "seed \(Self.seed)")
        }
    }
}
