import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing

/// A locality in the hands of people who have nothing but the command line.
private final class CommandLineLocality {
    let chainID = "jupiter-rec"
    let home: String
    let port: Int
    private var processes: [String: ChildProcess] = [:]

    init(folder: String) throws {
        home = folder + "/home"
        port = try FreePort.take()
        try PrivateFile.makeFolder(home + "/logs")
    }

    private var environment: [String: String] {
        ["JUPITER_HOME": home, "JUPITER_PASSPHRASE": "a passphrase of the test", "JUPITER_NODE": "http://127.0.0.1:\(port)"]
    }

    /// Runs `jupiter` and answers its exit code and what it said, as JSON.
    func run(_ arguments: String...) async throws -> (status: Int32?, json: JSONValue) { try await run(in: arguments) }

    func run(in arguments: [String]) async throws -> (status: Int32?, json: JSONValue) {
        let log = "\(home)/logs/command-\(UUID().uuidString).json"
        let process = try ChildProcess(
            name: "jupiter", executable: Built.path("jupiter"), arguments: arguments + ["--output", "json"], environment: environment,
            logPath: log)
        while process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        return (process.exitStatus, (try? JSONValue(parsing: PrivateFile.read(log, limit: 1 << 24))) ?? .text(process.logTail))
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

@Suite(.serialized, .enabled(if: Built.folder != nil, "the programs are not built")) struct `A locality that loses its enclave` {
    private func file(_ locality: CommandLineLocality, _ name: String) -> String { "\(locality.home)/\(name)" }

    @Test func `comes back with shares of the holders who were put in the place of the genesis's`() async throws {
        let folder = try TemporaryFolder()
        let locality = try CommandLineLocality(folder: folder.path)
        defer { locality.stop() }
        var holders: [String: String] = [:]
        for name in ["anna", "ben", "cleo", "dora"] { holders[name] = try await locality.holder(name) }
        func named(_ names: [String], _ option: String) -> [String] { names.flatMap { [option, holders[$0] ?? ""] } }
        let sam = try #require(try await locality.command("wallet", "new", "--wallet", "sam")["address"]?.text)
        let made = try await locality.run(
            in: ["node", "init", locality.chainID, "--allow-simulated-enclaves", "--allocate", "\(sam)=1000000000"]
                + ["--recovery-threshold", "2"] + named(["anna", "ben", "cleo"], "--recovery-holder"))
        try #require(made.status == 0, "\(made.json)")
        try await locality.startEnclave("first")
        try locality.startNode("first", "second")
        let lost = try await locality.wait("the first enclave to serve", 0) { $0["serving"] == .boolean(true) }
        try await keepARecord(locality)
        try await locality.wait("the subject's key", 0) { $0["subjectKeys"]?.unsigned == 1 }

        // Cleo goes, Dora comes: as two of the present ones agree and the validator decides.
        let plan = file(locality, "new.plan")
        let written = try await locality.run(
            in: ["enclave", "recovery", "plan", "--threshold", "2", "--out", plan] + named(["ben", "dora"], "--holder"))
        #expect(written.status == 0 && written.json["approvalsNeeded"]?.unsigned == 2, "\(written.json)")
        var approvals: [String] = []
        for name in ["anna", "ben"] {
            approvals += ["--approval", file(locality, name)]
            let approval = try await locality.run(
                in: ["enclave", "recovery", "approve", plan, "--wallet", name, "--out", file(locality, name)])
            #expect(approval.status == 0, "\(approval.json)")
        }
        let stranger = try await locality.run("enclave", "recovery", "approve", plan, "--wallet", "dora", "--out", plan + ".no")
        #expect(stranger.json["error"]?["code"] == 1542)
        let propose = ["enclave", "recovery", "holders", plan, "--operator"]
        let alone = try await locality.run(in: propose + approvals.prefix(2))
        #expect(alone.json["error"]?["code"] == 436, "\(alone.json)")
        let decided = try await locality.run(in: propose + approvals)
        try #require(decided.status == 0, "\(decided.json)")
        for _ in 0..<1_200 where !locality.nodeLog.contains("has followed the chain's recovery holders") {
            try await Task.sleep(for: .milliseconds(100))
        }

        let package = file(locality, "jupiter-rec.recovery")
        let exported = try await locality.command("enclave", "recovery", "export", "--out", package)
        let addresses = ["ben", "dora"].compactMap { holders[$0]?.split(separator: "=").first.map(String.init) }
        #expect(Set((exported["holders"]?.array ?? []).compactMap(\.text)) == Set(addresses) && exported["threshold"]?.unsigned == 2)

        try await locality.lose("first")
        try await locality.startEnclave("second")
        let new = try await locality.wait("a new enclave", 1) { $0["serving"] == .boolean(true) }
        let id = try #require(new["id"]?.text)
        // It, too, has to know whose word counts.
        for _ in 0..<1_200 where locality.nodeLog.components(separatedBy: "has followed the chain's recovery holders").count < 3 {
            try await Task.sleep(for: .milliseconds(100))
        }
        for name in ["ben", "dora"] {
            _ = try await locality.command(
                "enclave", "recovery", "share", package, "--enclave", id, "--wallet", name, "--out", file(locality, name + ".share"))
        }
        let few = try await locality.run(
            "enclave", "recovery", "import", package, file(locality, "ben.share"), "--enclave", id)
        #expect(few.json["error"]?["code"] == 872, "\(few.json)")
        let back = try await locality.command(
            "enclave", "recovery", "import", package, file(locality, "ben.share"), file(locality, "dora.share"), "--enclave", id)
        #expect(back["subjectKeys"]?.unsigned == 1)
        try await locality.wait("the vault to be back", 1) {
            $0["vault"] == lost["vault"] && $0["subjectKeys"]?.unsigned == 1 && $0["serving"] == .boolean(true)
        }
        let known = try await locality.command("enclave", "show", id)
        #expect(known["vault"] == nil || known["vault"] == lost["vault"])
    }

    /// A dataset, and sam's record in it, whose key goes to the enclave that serves.
    private func keepARecord(_ locality: CommandLineLocality) async throws {
        let (schema, record) = (file(locality, "schema.json"), file(locality, "record.json"))
        try Data(#"{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"]}"#.utf8).write(to: URL(filePath: schema))
        try Data(#"{"age":42}"#.utf8).write(to: URL(filePath: record))
        _ = try await locality.command("dataset", "publish", "people", "--schema", schema, "--name", "People", "--wallet", "sam")
        _ = try await locality.command("record", "put", "--dataset", "people", "--file", record, "--wallet", "sam")
    }
}
