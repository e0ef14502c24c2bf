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
        let receipt = folder.path + "/score.receipt"
        let outcome = try await run(["--data", data(folder.path), "--seed", "11", "--report", report, "--receipt", receipt], in: folder)
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
        try await expectProof(receipt, of: "simulated", in: folder)
    }

    @Test func `on a software TPM says so in every result, and in a receipt that stands alone`() async throws {
        guard Self.hasTPM else { return print("skipped: swtpm and swtpm_setup are not on PATH") }
        let folder = try TemporaryFolder()
        let (report, receipt) = (folder.path + "/report.json", folder.path + "/score.receipt")
        let outcome = try await run(
            ["--enclave-platform", "tpm", "--validators", "1", "--data", data(folder.path), "--report", report, "--receipt", receipt],
            in: folder)
        #expect(outcome.status == 0, "\(outcome.log)")
        let json = try JSONValue(parsing: PrivateFile.read(report, limit: 10 << 20))
        #expect(json["enclave_platform"] == "tpm (software)" && json["held"] == .boolean(true))
        try await expectProof(receipt, of: "tpm (software)", in: folder)
    }

    private static let hasTPM: Bool = {
        do { try SoftwareTPM.requirePrograms() } catch { return false }
        return true
    }()

    /// The federation is gone: all that is left is the file, and a verifier who knows the chain's hash, or compares it.
    private func expectProof(_ receipt: String, of label: String, in folder: TemporaryFolder) async throws {
        let alone = try await verify([receipt], in: folder)
        #expect(alone.status == 0 && alone.json["verified"] == .boolean(true) && alone.json["genesisFrom"] == "receipt", "\(alone)")
        let steps = try #require(alone.json["steps"]?.array)
        #expect(steps.count == 10 && steps.allSatisfy { $0["status"] == "holds" }, "\(steps)")
        for name in ["enclave", "evidence"] {
            let shown = steps.first { $0["step"]?.text == name }?["proves"]?.text
            #expect(shown?.contains("\(label), class none") == true, "\(shown ?? "")")
        }
        let hash = try #require(alone.json["genesisHash"]?.text)
        let known = try await verify([receipt, "--genesis-hash", hash], in: folder)
        #expect(known.status == 0 && known.json["genesisFrom"] == "hash")
        let other = try await verify([receipt, "--genesis-hash", String(repeating: "0", count: 64)], in: folder)
        #expect(other.status == 1 && other.json["verified"] == .boolean(false))
    }

    private func verify(_ arguments: [String], in folder: TemporaryFolder) async throws -> (status: Int32?, json: JSONValue) {
        let log = "\(folder.path)/verify-\(UUID().uuidString).json"
        let process = try ChildProcess(
            name: "verify", executable: Built.path("jupiter"), arguments: ["receipt", "verify"] + arguments + ["--output", "json"],
            environment: ["JUPITER_HOME": folder.path + "/nobody"], logPath: log)
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        return (process.exitStatus, try JSONValue(parsing: PrivateFile.read(log, limit: 1 << 20)))
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
