import ContractVM
import DataModel
import Foundation
import ProgramInterface
import Testing

@Suite struct `Cohort statistics` {
    let program: CompiledProgram
    let schema: OutputSchema

    init() throws {
        program = try ProgramEngine().compile(ProgramFiles.wasm("cohort-statistics"))
        schema = try OutputSchema(fields: [
            .init("count", .integer, minimum: 2), .init("mean", .number), .init("variance", .number, minimum: 0),
            .init("histogram", .integers, maximumCount: 64, minimum: 0), .init("histogram_low", .number), .init("histogram_high", .number),
        ])
    }

    func batch(_ values: [FieldValue?], _ type: FieldType, low: Double = 0, high: Double = 100, bins: Int64 = 10) throws -> [UInt8] {
        let parameters: [RowBatch.Parameter] = [
            .init("histogram_low", .number(low)), .init("histogram_high", .number(high)), .init("histogram_bins", .integer(bins)),
        ]
        var batch = try RowBatch(parameters: parameters, columns: [.init("value", type)], byteLimit: 9 << 20)
        for value in values { try batch.appendRow([value]) }
        return batch.encode()
    }

    func statistics(_ input: [UInt8]) throws -> ProgramOutput { try schema.check(program.run(input).output) }

    func refusal(_ input: [UInt8]) -> ProgramError? {
        do throws(ProgramError) { _ = try program.run(input) } catch { return error }
        return nil
    }

    @Test(arguments: ["amount_dm", "age", "duration_months"])
    func `agrees with exact integer arithmetic`(column: String) throws {
        let values = ProgramFiles.rows(try ProgramFiles.example("german_credit.csv")).compactMap { Int64($0[column] ?? "") }
        let output = try statistics(batch(values.map { .integer($0) }, .integer, low: 0, high: 20_000, bins: 40))
        let n = Int64(values.count)
        let sum = values.reduce(0, +)
        let squares = values.reduce(0) { $0 + $1 * $1 }
        let mean = Double(sum) / Double(n)
        let variance = Double(n * squares - sum * sum) / Double(n * (n - 1))
        #expect(output.integer("count") == n)
        #expect(output.number("mean") == mean)
        #expect(abs(try #require(output.number("variance")) - variance) <= 4 * variance.ulp)
        let bins = (0..<40).map { bin in Int64(values.count { $0 >= bin * 500 && ($0 < (bin + 1) * 500 || bin == 39 && $0 == 20_000) }) }
        #expect(output["histogram"] == .integers(bins))
        #expect(output.number("histogram_low") == 0)
        #expect(output.number("histogram_high") == 20_000)
    }

    @Test func `keeps its digits far from zero`() throws {
        // Mean 10^9 + 0.5 and spread 1: the textbook formula of one pass would lose all digits of the variance.
        let output = try statistics(batch((0..<10_000).map { .number(1e9 + Double($0 % 2)) }, .number))
        #expect(output.number("mean") == 1e9 + 0.5)
        let variance = try #require(output.number("variance"))
        #expect(abs(variance - 0.25 * 10_000 / 9_999) <= 1e-15)
    }

    @Test func `counts present values only and puts edges where they belong`() throws {
        let values: [FieldValue?] = [0.0, nil, 9.999, 10.0, nil, 100.0, 99.9, 100.1, -0.1]
        let output = try statistics(batch(values, .number))
        #expect(output.integer("count") == 7)
        #expect(output["histogram"] == .integers([2, 1, 0, 0, 0, 0, 0, 0, 0, 2]))
    }

    @Test func `agrees with the public health oracle`() throws {
        guard let table = ProgramFiles.shared("randhie.csv"), let oracle = ProgramFiles.shared("health_randhie.json") else { return }
        let rows = ProgramFiles.rows(String(decoding: table, as: UTF8.self))
        let output = try statistics(batch(rows.map { .integer(Int64($0["mdvis"] ?? "") ?? -1) }, .integer))
        #expect(output.integer("count") == 20_190)
        let text = String(decoding: oracle, as: UTF8.self)
        let mean = try #require(output.number("mean"))
        #expect(text.contains("\(mean)".prefix(12)), "mean \(mean)")
    }

    @Test func `runs over a hundred thousand rows within the standard limits`() throws {
        let run = try program.run(batch((0..<100_000).map { .number(Double($0)) }, .number, high: 100_000))
        let output = try schema.check(run.output)
        #expect(output.number("mean") == 49_999.5)
        #expect(output["histogram"] == .integers([Int64](repeating: 10_000, count: 10)))
        #expect(run.fuelUsed < ProgramLimits.standard.fuel / 4)
    }

    @Test func `refuses what it cannot compute`() throws {
        #expect(refusal([]) == .programRefused(1))
        #expect(refusal(try batch([1.0], .number)) == .programRefused(8))
        #expect(refusal(try batch([1.0, nil], .number)) == .programRefused(8))
        #expect(refusal(try batch(["a", "b"], .text)) == .programRefused(3))
        #expect(refusal(try batch([1.0, 2.0], .number, bins: 0)) == .programRefused(6))
        #expect(refusal(try batch([1.0, 2.0], .number, bins: 65)) == .programRefused(6))
        #expect(refusal(try batch([1.0, 2.0], .number, low: 1, high: 1)) == .programRefused(6))
        #expect(refusal(try batch([1e300, -1e300], .number)) == .programRefused(9))
        #expect(refusal(try RowBatch(columns: [.init("value", .number)]).encode()) == .programRefused(6))
        #expect(refusal(try RowBatch(columns: [.init("a", .number), .init("b", .number)]).encode()) == .programRefused(2))
    }
}
