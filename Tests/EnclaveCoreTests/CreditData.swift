import DataModel
import Foundation
import Primitives
import WireTypes

/// The real applicants and the scorecard, read by code that shares nothing with the program.
struct CreditData {
    struct Missing: Error, CustomStringConvertible { let description: String }

    private struct Card: Decodable {
        struct Coefficient: Decodable {
            let name: String
            let value: String
        }
        let numeric: [String]
        let scale: [String: Double]
        let baseline: [String: String]
        let coefficients: [Coefficient]
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    let applicants: [[String: String]]
    let schema: Schema
    private let card: Card
    private let weights: [String: Double]

    var fields: [String] { (card.numeric + card.baseline.keys).sorted() }

    init() throws {
        let text = try String(contentsOf: Self.root.appending(path: "Examples/data/german_credit.csv"), encoding: .utf8)
        let lines = text.split(whereSeparator: \.isNewline)
        let header = lines[0].split(separator: ",").map(String.init)
        applicants = lines.dropFirst().map { line in
            Dictionary(uniqueKeysWithValues: zip(header, line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)))
        }
        let card = try JSONDecoder().decode(
            Card.self, from: Data(contentsOf: Self.root.appending(path: "Examples/data/credit_scorecard.json")))
        weights = Dictionary(uniqueKeysWithValues: card.coefficients.map { ($0.name, Double($0.value) ?? .nan) })
        schema = try Schema(
            version: 1,
            fields: (card.numeric + card.baseline.keys).sorted().map { Field($0, card.numeric.contains($0) ? .integer : .text) })
        self.card = card
    }

    func record(_ applicant: [String: String]) throws -> DataRecord {
        var values: [String: FieldValue] = [:]
        for name in fields {
            guard let text = applicant[name] else { continue }
            values[name] = card.numeric.contains(name) ? .integer(Int64(text) ?? 0) : .text(text)
        }
        return try DataRecord(values, schema: schema)
    }

    /// The probability of a bad risk, natively from the coefficients.
    func expected(_ applicant: [String: String]) -> Double {
        var linear = weights["intercept"] ?? .nan
        for name in card.numeric {
            let key = card.scale[name].map { "\(name)/\(Int($0))" } ?? name
            linear += (weights[key] ?? .nan) * (Double(applicant[name] ?? "") ?? .nan) / (card.scale[name] ?? 1)
        }
        for (name, baseline) in card.baseline where applicant[name] != baseline {
            linear += weights["\(name)=\(applicant[name] ?? "")"] ?? .nan
        }
        return 1 / (1 + exp(-linear))
    }

    static func wasm(_ name: String) throws -> [UInt8] {
        let url = root.appending(path: "Contracts/build-output/\(name).wasm")
        guard let data = try? Data(contentsOf: url) else { throw Missing(description: "\(url.path) is missing: run ./dev build") }
        return [UInt8](data)
    }

    static var scoreSchema: OutputSchema {
        get throws { try OutputSchema(fields: [.init("probability_bad", .number, minimum: 0, maximum: 1)]) }
    }

    static var statisticsSchema: OutputSchema {
        get throws {
            try OutputSchema(fields: [
                .init("count", .integer, minimum: 2), .init("mean", .number), .init("variance", .number, minimum: 0),
                .init("histogram", .integers, maximumCount: 64, minimum: 0), .init("histogram_low", .number),
                .init("histogram_high", .number),
            ])
        }
    }

    static var parameters: [WireProgramParameter] {
        [("histogram_low", nil, 0.0), ("histogram_high", nil, 20_000.0), ("histogram_bins", Int64(40), nil)].map { name, integer, number in
            var parameter = WireProgramParameter()
            parameter.name = name
            if let integer { parameter.integer = integer }
            if let number { parameter.number = number }
            return parameter
        }
    }
}
