import CohortStatistics
import ProgramSDK
import Testing

@Suite struct `Cohort statistics, natively` {
    func batch(_ values: [Double], bins: Int64) -> [UInt8] {
        func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        func parameter(_ name: String, _ type: UInt8, _ value: UInt64) -> [UInt8] {
            [UInt8(name.utf8.count)] + Array(name.utf8) + [type] + bytes(value)
        }
        let validity = (0..<(values.count + 7) / 8).map { byte in
            (0..<8).reduce(UInt8(0)) { byte * 8 + $1 < values.count ? $0 | 1 << UInt8($1) : $0 }
        }
        return Array("JPB1".utf8) + bytes(UInt64(values.count)).prefix(4) + [3, 0, 1, 0]
            + parameter("histogram_low", 2, 0.0.bitPattern) + parameter("histogram_high", 2, 10.0.bitPattern)
            + parameter("histogram_bins", 1, UInt64(bitPattern: bins)) + [1, 0x78, 2] + validity + values.flatMap { bytes($0.bitPattern) }
    }

    @Test func `writes its fields in the order of its output schema`() throws {
        let output = try Program.output(for: batch([1, 2, 3, 6], bins: 2), describeCohort)
        var expected = ProgramOutput()
        expected.integer("count", 4)
        expected.number("mean", 3)
        expected.number("variance", 14.0 / 3)
        expected.integers("histogram", [3, 1])
        expected.number("histogram_low", 0)
        expected.number("histogram_high", 10)
        #expect(output == expected.bytes)
    }

    @Test func `refuses what it cannot compute`() {
        #expect(throws: ProgramFailure.tooFewValues) { try Program.output(for: batch([1], bins: 2), describeCohort) }
        #expect(throws: ProgramFailure.invalidParameter) { try Program.output(for: batch([1, 2], bins: 0), describeCohort) }
    }
}
