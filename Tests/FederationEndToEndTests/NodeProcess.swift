import ChainTypes
import Foundation
import Glibc
import JupiterClient
import LocalFederation
import Node
import Primitives
import Synchronization
import Testing
import WireTypes

/// The built program beside the tests.
enum Program {
    static let path: String? = {
        let start = (CommandLine.arguments[0] as NSString).deletingLastPathComponent
        let candidates = [start, (start as NSString).deletingLastPathComponent].map { $0 + "/jupiter" }
        let found = candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
        if found == nil { print("skipped: jupiter is not built beside the tests") }
        return found
    }()
}

/// One validator's node as a process of its own, which can be killed, stopped and started again.
final class NodeProcess: Sendable {
    static let passphrase = "a passphrase of the test"

    private struct State {
        var process: ChildProcess?
        var isUp = false
    }

    let chainID: String
    /// `--home`.
    let home: String
    let client: NodeClient
    /// Beside the home, which a test may take away or fill.
    private var logPath: String { home + ".log" }
    private let apiPort: Int
    private let environment: [String: String]
    private let state = Mutex(State())

    init(chainID: String, home: String, apiPort: Int, environment: [String: String] = [:]) throws {
        (self.chainID, self.home, self.apiPort, self.environment) = (chainID, home, apiPort, environment)
        client = try NodeClient(url: "http://127.0.0.1:\(apiPort)", timeout: 3)
    }

    private var process: ChildProcess? { state.withLock { $0.process } }
    var processID: pid_t? { process?.processID }

    /// Whether it was started, and neither killed nor stopped by the test since.
    var isUp: Bool { state.withLock { $0.isUp } }

    func start(_ more: [String: String] = [:]) throws {
        let process = try ChildProcess(
            name: "node", executable: #require(Program.path), arguments: ["node", "start", chainID, "--home", home],
            environment: environment.merging(more) { $1 }.merging(["JUPITER_PASSPHRASE": Self.passphrase]) { $1 },
            logPath: logPath)
        state.withLock { $0 = State(process: process, isUp: true) }
    }

    /// kill -9.
    func kill() {
        let process = state.withLock { state in
            defer { state = State() }
            return state.process
        }
        guard let process else { return }
        Glibc.kill(process.processID, SIGKILL)
        while process.isRunning { usleep(2_000) }
    }

    /// Takes away the chain and, with it or alone, the log of votes, as a lost disk does; keys and settings stay. For a node that is down.
    func wipe(_ lost: Loss) throws {
        let folder = NodeHome(jupiterHome: home, chainID: chainID).path
        for name in try FileManager.default.contentsOfDirectory(atPath: folder)
        where name.hasPrefix("votes.wal") || (lost == .chainAndLog && name.hasPrefix("data")) {
            try FileManager.default.removeItem(atPath: folder + "/" + name)
        }
    }

    enum Loss { case log, chainAndLog }

    /// As an operator ends it.
    func end() {
        let process = state.withLock { state in
            defer { state = State() }
            return state.process
        }
        guard let process else { return }
        process.stop(seconds: 10)
    }

    /// All that it has logged in all its runs.
    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }
    var logTail: String { process?.logTail ?? "" }
    var isRunning: Bool { process?.isRunning ?? false }
    /// Of a node that ended by itself.
    var exitStatus: Int32? { process?.exitStatus }

    func height() async -> UInt64? { try? await client.status().height }

    /// The samples of `/metrics`, by name and labels.
    func metrics() async throws -> [String: Double] {
        let text = String(decoding: try await client.bytes("/metrics"), as: UTF8.self)
        let samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line -> (String, Double)? in
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else { return nil }
            return (String(line[..<space]), value)
        }
        return Dictionary(samples) { $1 }
    }

    /// What the `status` command prints about the node.
    func statusText() throws -> String {
        let pipe = Pipe()
        let command = Process()
        command.executableURL = URL(fileURLWithPath: try #require(Program.path))
        command.arguments = ["status", "--node", "http://127.0.0.1:\(apiPort)"]
        command.standardOutput = pipe
        try command.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        command.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    func header(_ height: UInt64? = nil) async throws -> BlockHeader {
        try BlockHeader(decoding: [UInt8](try await client.header(height).header))
    }
}
