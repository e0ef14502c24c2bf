import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing

/// A locality in the hands of people who have nothing but the command line.
final class CommandLineLocality {
    let chainID: String
    let home: String
    let port: Int
    private var processes: [String: ChildProcess] = [:]

    init(chainID: String, folder: String) throws {
        self.chainID = chainID
        home = folder + "/home"
        port = try FreePort.take()
        try PrivateFile.makeFolder(home + "/logs")
    }

    private var environment: [String: String] {
        ["JUPITER_HOME": home, "JUPITER_PASSPHRASE": Built.passphrase, "JUPITER_NODE": "http://127.0.0.1:\(port)"]
    }

    /// Runs `jupiter` and answers its exit code and what it said, as JSON.
    func run(_ arguments: String...) async throws -> (status: Int32?, json: JSONValue) { try await run(in: arguments) }

    func run(in arguments: [String]) async throws -> (status: Int32?, json: JSONValue) {
        let (status, said) = try await say(arguments + ["--output", "json"])
        return (status, (try? JSONValue(parsing: said)) ?? .text(String(decoding: said.suffix(4_000), as: UTF8.self)))
    }

    /// What a command of `jupiter` says to a person; it has to go well.
    func text(_ arguments: String...) async throws -> String {
        let (status, said) = try await say(arguments)
        let text = String(decoding: said, as: UTF8.self)
        try #require(status == 0, "\(arguments): \(text)")
        return text
    }

    private func say(_ arguments: [String]) async throws -> (status: Int32?, said: [UInt8]) {
        let log = "\(home)/logs/command-\(UUID().uuidString).log"
        let process = try ChildProcess(
            name: "jupiter", executable: Built.path("jupiter"), arguments: arguments, environment: environment, logPath: log)
        let status = try await Built.end(of: process)
        return (status, try PrivateFile.read(log, limit: 1 << 24))
    }

    /// The same for what has to go well.
    func command(_ arguments: String...) async throws -> JSONValue {
        let (status, json) = try await run(in: arguments)
        try #require(status == 0, "\(arguments): \(json)")
        return json
    }

    func holder(_ name: String) async throws -> String {
        let wallet = try await command("wallet", "new", "--wallet", name)
        return "\(try #require(wallet["address"]?.text))=\(try #require(wallet["sealingKey"]?.text))"
    }

    func socket(_ name: String) -> String { "\(home)/enclave/\(name)/enclave.sock" }

    func startEnclave(_ name: String) async throws {
        try PrivateFile.makeFolder("\(home)/enclave/\(name)")
        let process = try ChildProcess(
            name: name, executable: Built.path("jupiter-enclave"),
            arguments: [
                "--home", "\(home)/enclave/\(name)", "--socket", socket(name), "--genesis", "\(home)/node/\(chainID)/genesis.bin",
            ], logPath: "\(home)/logs/\(name).log")
        processes[name] = process
        try await process.untilListening(at: socket(name))
    }

    /// The machine burns: enclave and disk are gone.
    func lose(_ name: String) async throws {
        guard let process = processes.removeValue(forKey: name) else { return }
        kill(process.processID, SIGKILL)
        while process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        try FileManager.default.removeItem(atPath: "\(home)/enclave/\(name)")
    }

    func startNode(_ enclaves: String...) throws {
        processes["node"] = try ChildProcess(
            name: "node", executable: Built.path("jupiter"),
            arguments: ["node", "start", chainID, "--port", String(port)] + enclaves.flatMap { ["--enclave-socket", socket($0)] },
            environment: environment, logPath: home + "/logs/node.log")
    }

    var nodeLog: String { (try? String(contentsOfFile: home + "/logs/node.log", encoding: .utf8)) ?? "" }

    /// Waits until `condition` holds of the enclave with that position; what it is then.
    @discardableResult
    func wait(_ what: String, _ position: Int, until condition: (JSONValue) -> Bool) async throws -> JSONValue {
        let client = try NodeClient(url: "http://127.0.0.1:\(port)")
        for _ in 0..<900 {
            if let enclaves = try? await client.json("/v1/status")["enclaves"]?.array, enclaves.count > position,
                condition(enclaves[position])
            {
                return enclaves[position]
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("waited too long for \(what): \(nodeLog.suffix(2_000))")
        throw ClientError.timedOut(what)
    }

    func stop() { for process in processes.values { process.stop() } }
    deinit { stop() }
}
