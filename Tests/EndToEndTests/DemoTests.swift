import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing

/// A temporary folder that goes away.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = "/tmp/jupiter-e2e-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite(.serialized, .enabled(if: Built.isComplete, "the programs are not built")) struct `The demo` {
    /// 150 rows of the real file, from anywhere in it.
    private func data(_ folder: String) throws -> String {
        let text = try String(contentsOfFile: Built.root + "/Examples/data/german_credit.csv", encoding: .utf8)
        let lines = text.split(separator: "\n")
        let chosen = [lines[0]] + stride(from: 7, to: lines.count, by: 6).prefix(150).map { lines[$0] }
        let path = folder + "/applicants.csv"
        try Data((chosen.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func run(_ arguments: [String], in folder: TemporaryFolder) async throws -> (status: Int32?, log: String) {
        let log = folder.path + "/demo.log"
        let process = try ChildProcess(
            name: "demo", executable: Built.path("jupiter"),
            arguments: ["demo", "--contracts", Built.root + "/Contracts/build-output"] + arguments, logPath: log)
        while process.isRunning { try await Task.sleep(for: .milliseconds(100)) }
        return (process.exitStatus, try String(contentsOfFile: log, encoding: .utf8))
    }

    /// Compares with probabilities that another program computed from the same coefficients; skipped where they are not at hand.
    private func expectIndependentScores(_ assessments: [JSONValue]) throws {
        let path = Built.root + "/../shared/data/credit_all_probabilities.csv"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return print("skipped: \(path) is not there") }
        var expected: [Substring: Double] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            let parts = line.split(separator: ",")
            expected[parts[0]] = Double(parts[1])
        }
        for assessment in assessments {
            let id = try #require(assessment["subject"]?.text?.split(separator: "-").last)
            let score = try #require(assessment["score"]?.number)
            #expect(abs(score - (try #require(expected[id]))) <= 1e-9, "applicant \(id)")
        }
    }

    @Test func `scores, statistics and refusals hold on 150 rows`() async throws {
        let folder = try TemporaryFolder()
        let report = folder.path + "/report.json"
        let outcome = try await run(["--data", data(folder.path), "--seed", "11", "--report", report], in: folder)
        #expect(outcome.status == 0, "\(outcome.log)")
        let json = try JSONValue(parsing: PrivateFile.read(report, limit: 10 << 20))
        let assessments = try #require(json["assessments"]?.array)
        #expect(assessments.count == 30)
        #expect(assessments.allSatisfy { $0["subject"]?.text?.hasPrefix("applicant-") == true })
        #expect(try #require(json["max_abs_error"]?.number) <= 1e-9)
        try expectIndependentScores(assessments)
        let codes = try #require(json["refusals"]?.array).compactMap { $0["code"]?.integer }
        #expect(codes.count == 10)
        #expect(Set(codes) == [300, 302, 303, 304, 308, 309, 450, 800, 801, 122])
        #expect(json["statistics"]?.array?.count == 4)
        #expect(json["statistics"]?.array?.allSatisfy { $0["held"] == true } == true)
        #expect(json["enclave_platform"] == "simulated")
        #expect(try #require(json["mainnet"]?["transactions"]?.unsigned) > 0)
        #expect(outcome.log.contains("simulated"))
    }

    @Test func `too few rows and unknown columns are refused`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/few.csv"
        try Data("id,age\n1,30\n".utf8).write(to: URL(fileURLWithPath: path))
        let outcome = try await run(["--data", path], in: folder)
        #expect(outcome.status == 1)
        #expect(outcome.log.contains("demo.badData (1600)"))
    }
}
