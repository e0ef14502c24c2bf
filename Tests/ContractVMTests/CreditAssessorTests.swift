import ContractVM
import DataModel
import Foundation
import Primitives
import ProgramInterface
import Testing

@Suite struct `The credit assessor` {
    static let numbers = ["duration_months", "amount_dm", "installment_rate", "existing_credits"]
    static let categories = ["checking", "history", "purpose", "savings", "employment", "debtors", "property", "other_plans", "housing"]
    static var columns: [RowBatch.Column] {
        numbers.map { RowBatch.Column($0, .integer) } + categories.map { RowBatch.Column($0, .text) }
    }

    let program: CompiledProgram
    let schema: OutputSchema
    let applicants: [[String: String]]

    init() throws {
        program = try ProgramEngine().compile(ProgramFiles.wasm("credit-assessor"))
        schema = try OutputSchema(fields: [OutputSchema.Field("probability_bad", .number, minimum: 0, maximum: 1)])
        applicants = ProgramFiles.rows(try ProgramFiles.example("german_credit.csv"))
    }

    func batch(_ applicant: [String: String], columns: [RowBatch.Column] = Self.columns, rows: Int = 1) throws -> [UInt8] {
        var batch = try RowBatch(columns: columns)
        for _ in 0..<rows {
            try batch.appendRow(
                columns.map { column in
                    applicant[column.name].flatMap { column.type == .text ? .text($0) : Int64($0).map(FieldValue.integer) }
                })
        }
        return batch.encode()
    }

    func probability(_ applicant: [String: String]) throws -> Double {
        let output = try schema.check(program.run(batch(applicant)).output)
        return try #require(output.number("probability_bad"))
    }

    /// The scorecard, read from its JSON: shares nothing with the program.
    struct Expectation: Decodable {
        struct Coefficient: Decodable {
            let name: String
            let value: String
        }
        let numeric: [String]
        let scale: [String: Double]
        let baseline: [String: String]
        let coefficients: [Coefficient]

        func probability(_ applicant: [String: String]) -> Double {
            let values = Dictionary(uniqueKeysWithValues: coefficients.map { ($0.name, Double($0.value) ?? .nan) })
            var linear = values["intercept"] ?? .nan
            for name in numeric {
                let key = scale[name].map { "\(name)/\(Int($0))" } ?? name
                linear += (values[key] ?? .nan) * (Double(applicant[name] ?? "") ?? .nan) / (scale[name] ?? 1)
            }
            for (name, baseline) in baseline where applicant[name] != baseline {
                linear += values["\(name)=\(applicant[name] ?? "")"] ?? .nan
            }
            return 1 / (1 + exp(-linear))
        }
    }

    @Test func `gives every applicant the probability of the scorecard`() throws {
        let card = try JSONDecoder().decode(Expectation.self, from: Data(ProgramFiles.example("credit_scorecard.json").utf8))
        #expect(applicants.count == 1000)
        var largest = 0.0
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for applicant in applicants {
            let value = try probability(applicant)
            largest = max(largest, abs(value - card.probability(applicant)))
            digest = (digest ^ value.bitPattern) &* 0x100_0000_01B3
        }
        #expect(largest <= 1e-9)
        // The same number as in the program's native tests: Wasm and native code give the same bits.
        #expect(digest == 11_252_929_712_155_228_135)
    }

    @Test func `agrees with the reference probabilities`() throws {
        guard let data = ProgramFiles.shared("credit_all_probabilities.csv") else { return }
        let reference = ProgramFiles.rows(String(decoding: data, as: UTF8.self))
        #expect(reference.count == applicants.count)
        for (applicant, expected) in zip(applicants, reference) {
            #expect(applicant["id"] == expected["id"])
            #expect(abs(try probability(applicant) - (Double(expected["p_bad"] ?? "") ?? .nan)) <= 1e-9)
        }
    }

    @Test func `refuses what it cannot judge`() throws {
        let applicant = try #require(applicants.first)
        let refusal = { (input: [UInt8]) -> ProgramError? in
            do throws(ProgramError) { _ = try program.run(input) } catch { return error }
            return nil
        }
        #expect(refusal([1, 2, 3]) == .programRefused(1))
        for column in Self.columns {
            #expect(refusal(try batch(applicant, columns: Self.columns.filter { $0.name != column.name })) == .programRefused(2))
            var without = applicant
            without[column.name] = nil
            #expect(refusal(try batch(without)) == .programRefused(4))
        }
        let asText = Self.columns.map { $0.name == "amount_dm" ? RowBatch.Column($0.name, .text) : $0 }
        #expect(refusal(try batch(applicant, columns: asText)) == .programRefused(3))
        for name in Self.categories {
            for code in ["A999", "", "a11", "A1234567890"] {
                #expect(refusal(try batch(applicant.merging([name: code]) { $1 })) == .programRefused(5))
            }
        }
        #expect(refusal(try batch(applicant, rows: 2)) == .programRefused(7))
        #expect(refusal(try batch(applicant, rows: 0)) == .programRefused(7))
    }

    @Test func `takes the columns in any order and ignores others`() throws {
        let applicant = try #require(applicants.first)
        let expected = try program.run(batch(applicant)).output
        let others = [RowBatch.Column("age", .integer)] + Self.columns.reversed()
        #expect(try program.run(batch(applicant, columns: others)).output == expected)
    }

    @Test func `survives mutated batches`() throws {
        let seed: UInt64 = 0xC4ED17
        var generator = SeededGenerator(seed: seed)
        let base = try batch(try #require(applicants.first))
        for round in 0..<3000 {
            var bytes = base
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if round % 5 == 0 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator)) }
            do throws(ProgramError) {
                let output = try program.run(bytes).output
                #expect(throws: Never.self, "seed \(seed) round \(round)") { try schema.check(output) }
            } catch {
                guard case .programRefused(1...9) = error else {
                    Issue.record("seed \(seed) round \(round): \(error)")
                    continue
                }
            }
        }
    }
}
