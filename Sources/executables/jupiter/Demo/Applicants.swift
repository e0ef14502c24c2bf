import DataModel
import Foundation
import JupiterClient
import Primitives

/// A row of the applicants' file.
struct Applicant: Sendable {
    /// `applicant-<id of the row>`.
    let name: String
    /// Every column but the id.
    let columns: [String: String]

    func integer(_ column: String) throws -> Int64 {
        guard let text = columns[column], let value = Int64(text) else {
            throw DemoError.badData("\(column) of \(name) is no whole number")
        }
        return value
    }

    /// The record that `schema` describes.
    func record(_ schema: Schema) throws -> DataRecord {
        var values: [String: FieldValue] = [:]
        for field in schema.fields {
            guard let text = columns[field.name] else { throw DemoError.badData("the column \(field.name) is missing") }
            values[field.name] = field.type == .integer ? .integer(try integer(field.name)) : .text(text)
        }
        do { return try DataRecord(values, schema: schema) } catch { throw DemoError.badData("\(name): \(error.reason)") }
    }
}

/// The applicants' file: comma-separated, a header line, ids unique.
enum ApplicantsFile {
    static let leastRows = 100
    static let mostRows = 100_000

    static func read(_ path: String) throws -> [Applicant] {
        guard let data = FileManager.default.contents(atPath: path) else { throw DemoError.missingFile(path) }
        let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
        }
        guard let header = lines.first, let idColumn = header.firstIndex(of: "id") else { throw DemoError.badData("there is no column id") }
        var seen: Set<String> = []
        let applicants = try lines.dropFirst().map { cells in
            guard cells.count == header.count else { throw DemoError.badData("a row has \(cells.count) cells, not \(header.count)") }
            let id = cells[idColumn]
            guard !id.isEmpty, id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }), seen.insert(id).inserted else {
                throw DemoError.badData("an id is not unique, or not of letters and digits")
            }
            var columns = Dictionary(zip(header, cells), uniquingKeysWith: { $1 })
            columns["id"] = nil
            return Applicant(name: "applicant-\(id)", columns: columns)
        }
        guard (leastRows...mostRows).contains(applicants.count) else {
            throw DemoError.badData("it has \(applicants.count) rows; \(leastRows) to \(mostRows) are taken")
        }
        return applicants
    }
}

/// The reference scorecard, computed here from its published coefficients. Shares no code with the program that enclaves run.
struct ReferenceScorecard {
    private var intercept = 0.0
    private var numeric: [(column: String, divisor: Double, weight: Double)] = []
    private var categories: [String: [String: Double]] = [:]
    /// The columns it looks at.
    let columns: [String]

    init(path: String) throws {
        let json = try PlainFile.json(path)
        guard let coefficients = json["coefficients"]?.array else { throw DemoError.badData("there are no coefficients in \(path)") }
        for coefficient in coefficients {
            guard let name = coefficient["name"]?.text, let value = coefficient["value"]?.text.flatMap(Double.init) else {
                throw DemoError.badData("a coefficient in \(path)")
            }
            if name == "intercept" {
                intercept = value
            } else if let equals = name.firstIndex(of: "=") {
                categories[String(name[..<equals]), default: [:]][String(name[name.index(after: equals)...])] = value
            } else if let slash = name.firstIndex(of: "/"), let divisor = Double(name[name.index(after: slash)...]) {
                numeric.append((String(name[..<slash]), divisor, value))
            } else {
                numeric.append((name, 1, value))
            }
        }
        columns = ConsentScopes.sorted(numeric.map(\.column) + Array(categories.keys))
    }

    /// The probability that the applicant is a bad risk.
    func probability(_ applicant: Applicant) throws -> Double {
        var sum = intercept
        for (column, divisor, weight) in numeric { sum += weight * (Double(try applicant.integer(column)) / divisor) }
        // A category without a coefficient is the baseline.
        for (column, weights) in categories { sum += applicant.columns[column].flatMap { weights[$0] } ?? 0 }
        return 1 / (1 + exp(-sum))
    }
}

/// What a statistic over a cohort must be, computed here.
struct ReferenceStatistics {
    static let bins = 10
    let count: Int
    let mean: Double
    let variance: Double
    let histogram: [Int64]

    init(_ values: [Int64], low: Double, high: Double) {
        count = values.count
        let sum = values.reduce(0) { $0 + Double($1) }
        let mean = sum / Double(values.count)
        self.mean = mean
        variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count - 1)
        var counts = [Int64](repeating: 0, count: Self.bins)
        let width = (high - low) / Double(Self.bins)
        for value in values where Double(value) >= low && Double(value) <= high {
            counts[min(Int((Double(value) - low) / width), Self.bins - 1)] += 1
        }
        histogram = counts
    }
}
