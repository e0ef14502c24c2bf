import Foundation
import JupiterClient
import Testing

@Suite(.enabled(if: Jupiter.path != nil, "jupiter is not built")) struct `Commands` {
    @Test func `tell their version`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let outcome = try jupiter.run("--version")
        #expect(outcome.status == 0)
        #expect(outcome.out.hasPrefix("0."))
    }

    @Test func `wrong usage is 64 and says what to do`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        for arguments in [["walet"], ["transfer"], ["transfer", "--to", "jup1x", "--amount", "1"], ["query", "nowhere"]] {
            let outcome = try jupiter.run(in: arguments)
            #expect(outcome.status == 64, "\(arguments)")
            #expect(outcome.out.isEmpty)
            #expect(outcome.error.lowercased().contains("error"))
        }
    }

    @Test func `errors are JSON when asked for`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let usage = try jupiter.run("transfer", "--output", "json")
        #expect(usage.status == 64)
        #expect(usage.errorJSON?["error"]?["code"] == 1550)
        let missing = try jupiter.run("wallet", "show", "--output=json")
        #expect(missing.status == 1)
        #expect(missing.errorJSON?["error"]?["name"] == "client.walletMissing")
        #expect(missing.errorJSON?["error"]?["next"]?.text?.contains("wallet new") == true)
    }

    @Test func `a demo on CometBFT says that it needs the program`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        // Any folder with the programs' names will do: nothing is started.
        let contracts = jupiter.home + "/contracts"
        try FileManager.default.createDirectory(atPath: contracts, withIntermediateDirectories: true)
        for name in ["credit-assessor.wasm", "cohort-statistics.wasm"] { try Data().write(to: URL(filePath: "\(contracts)/\(name)")) }
        let outcome = try jupiter.run(
            in: ["demo", "--consensus", "abci", "--contracts", contracts, "--data", root.path + "/Examples/data/german_credit.csv"],
            searching: "/nowhere")
        #expect(outcome.status == 1 && outcome.error.contains("cli.notOnPath (1559)") && outcome.error.contains("install cometbft"))
    }

    @Test func `a demo on TPMs says that it needs the program`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        // Any folder with the programs' names will do: nothing is started.
        let contracts = jupiter.home + "/contracts"
        try FileManager.default.createDirectory(atPath: contracts, withIntermediateDirectories: true)
        for name in ["credit-assessor.wasm", "cohort-statistics.wasm"] { try Data().write(to: URL(filePath: "\(contracts)/\(name)")) }
        let outcome = try jupiter.run(
            in: [
                "demo", "--enclave-platform", "tpm", "--contracts", contracts, "--data", root.path + "/Examples/data/german_credit.csv",
            ], searching: "/nowhere")
        #expect(outcome.status == 1 && outcome.error.contains("local.softwareTPMMissing (1548)"), "\(outcome.error)")
        #expect(outcome.error.contains("swtpm-tools"))
        #expect(try jupiter.run("demo", "--enclave-platform", "sgx").status == 64)
    }

    @Test func `the doctor says what this machine offers`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let json = try jupiter.run("enclave", "doctor", "--output", "json")
        #expect(json.status == 0, "\(json.error)")
        let platforms = try #require(json.json?["platforms"]?.array)
        #expect(platforms.compactMap { $0["name"]?.text } == ["simulated", "tpm", "sev-snp", "tdx", "nitro"])
        for platform in platforms {
            #expect(["none", "measured", "confidential"].contains(platform["class"]?.text))
            #expect(platform["state"] == "ready" || platform["next"]?.array?.isEmpty == false, "what is missing has a next step")
        }
        #expect(
            json.json?["checks"]?.array?.compactMap { $0["name"]?.text } == [
                "locked memory", "swap", "system-call filter", "core dumps", "tracing",
            ])
        let text = try jupiter.run("enclave", "doctor")
        #expect(text.status == 0 && text.out.hasPrefix("PLATFORM") && text.out.contains("\nUse --platform "))
        let nobody = try jupiter.run("enclave", "doctor", "--tpm", "swtpm:path=/nowhere/tpm.sock", "--output", "json")
        #expect(nobody.status == 0 && nobody.json?["platforms"]?.array?[1]["state"] == "incomplete")
        for address in ["/dev/tpm0", "libevil.so:x", "swtpm:host=a"] {
            let outcome = try jupiter.run("enclave", "doctor", "--tpm", address, "--output", "json")
            #expect(outcome.status == 64 && outcome.errorJSON?["error"]?["code"] == 1750, "\(address): \(outcome.error)")
        }
    }

    @Test func `a simulation writes its report, and says what it found`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let file = jupiter.home + "/simulation.json"
        // Written over: campaigns are run again and again.
        try Data("an older one".utf8).write(to: URL(fileURLWithPath: file))
        let outcome = try jupiter.run("simulate", "--seeds", "3", "--first-seed", "5", "--report", file, "--workers", "2")
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.out.contains("no violation, no liveness failure"))
        let report = try JSONValue(parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: file))))
        #expect(report["seeds"] == 3 && report["first_seed"] == 5)
        #expect(report["violations"] == 0 && report["liveness_failures"] == 0 && report["failures"]?.array?.isEmpty == true)
        #expect((report["blocks"]?.integer ?? 0) >= 12, "four heights a seed at least")
        for fault in [
            "partition", "crash", "loss", "duplication", "reordering", "equivocation", "lost_unsynced_write", "clock_skew",
        ] {
            #expect((report["faults"]?[fault]?.integer ?? -1) >= 0, "\(fault)")
        }
        #expect((report["faults"]?["loss"]?.integer ?? 0) > 0, "something went wrong")
        // The same seeds, the same report: also where a program reads it.
        let again = try jupiter.run("simulate", "--seeds", "3", "--first-seed", "5", "--workers", "1", "--output", "json")
        #expect(again.status == 0 && again.json == report)
        let planted = try jupiter.run(
            "simulate", "--seeds", "5", "--planted-bug", "quorumOffByOne", "--report", file, "--output", "json")
        #expect(planted.status == 1 && planted.error.contains("jupiter simulate --first-seed"))
        #expect(try JSONValue(parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: file))))["violations"] != 0)
    }

    @Test func `nobody answering is 69`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let outcome = try jupiter.run("dataset", "list")
        #expect(outcome.status == 69)
        #expect(outcome.error.hasPrefix("error: client.unreachable (1500): "))
        #expect(outcome.error.contains("\nnext: "))
    }

    @Test func `a wallet is made, shown, backed up and restored`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let made = try jupiter.run("wallet", "new", "--wallet", "anna", "--key-type", "p256", "--output", "json")
        #expect(made.status == 0, "\(made.error)")
        let address = try #require(made.json?["address"]?.text)
        #expect(address.hasPrefix("jup1"))
        #expect(try jupiter.run("wallet", "show", "--wallet", "anna", "--output", "json").json?["address"]?.text == address)
        #expect(try jupiter.run("wallet", "new", "--wallet", "anna").status == 1)

        let backup = jupiter.home + "/anna.backup"
        let copied = try jupiter.run("wallet", "backup", "--wallet", "anna", "--to", backup, "--recovery-code", "--output", "json")
        #expect(copied.status == 0, "\(copied.error)")
        let code = try #require(copied.json?["recoveryCode"]?.text)
        #expect(code.hasPrefix("jupr ec1"))
        #expect(
            try jupiter.run("wallet", "restore", "--wallet", "b", "--from", backup, "--output", "json").json?["address"]?.text == address)

        let paper = jupiter.home + "/paper.txt"
        try Data((code + "\n").utf8).write(to: URL(fileURLWithPath: paper))
        let restored = try jupiter.run("wallet", "restore", "--wallet", "c", "--recovery-code-file", paper, "--output", "json")
        #expect(restored.json?["address"]?.text == address)
    }

    @Test func `a wrong passphrase or none is said so`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        try jupiter.run("wallet", "new")
        let wrong = try jupiter.run("wallet", "show", passphrase: "another")
        #expect(wrong.status == 1)
        #expect(wrong.error.contains("cryptography.wrongPassphrase (906)"))
        let none = try jupiter.run("wallet", "show", passphrase: nil)
        #expect(none.error.contains("cli.noPassphrase"))
    }

    @Test func `a schema is checked`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let file = jupiter.home + "/schema.json"
        try Data(#"{"type":"object","properties":{"age":{"type":"integer"}}}"#.utf8).write(to: URL(fileURLWithPath: file))
        #expect(try jupiter.run("schema", "check", file, "--output", "json").json?["valid"] == true)
        try Data(#"{"type":"object","properties":{"age":{"type":"integer","multipleOf":2}}}"#.utf8).write(to: URL(fileURLWithPath: file))
        let refused = try jupiter.run("schema", "check", file)
        #expect(refused.status == 1)
        #expect(refused.error.contains("multipleOf"))
    }

    @Test func `a node's passphrase is changed`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        #expect(try jupiter.run("node", "init", "jupiter-test", "--allow-simulated-enclaves").status == 0)
        let new = jupiter.home + "/new"
        try Data("another one\n".utf8).write(to: URL(fileURLWithPath: new))
        chmod(new, 0o600)
        let command = ["node", "passphrase", "jupiter-test", "--new-passphrase-file", new, "--output", "json"]
        let wrong = try jupiter.run(in: command, passphrase: "not it")
        #expect(wrong.status == 1 && wrong.errorJSON?["error"]?["name"] == "node.keyFile", "\(wrong.error)")
        let none = try jupiter.run("node", "passphrase", "jupiter-test", "--output", "json")
        #expect(none.status == 1 && none.errorJSON?["error"]?["name"] == "cli.noPassphrase", "without a new one there is nobody to ask")
        let changed = try jupiter.run(in: command)
        #expect(changed.status == 0, "\(changed.error)")
        for name in ["validator.key", "operator.key", "peer.key"] {
            let file = jupiter.home + "/node/jupiter-test/" + name
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600 && !FileManager.default.fileExists(atPath: file + ".new"), "\(name)")
        }
        try Data("a third".utf8).write(to: URL(fileURLWithPath: new))
        #expect(try jupiter.run(in: command).errorJSON?["error"]?["name"] == "node.keyFile", "the old one opens nothing any more")
        #expect(try jupiter.run(in: command, passphrase: "another one").status == 0)
        #expect(try jupiter.run("node", "passphrase", "nowhere").status == 1)
    }

    @Test func `a node's home is made`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let made = try jupiter.run("node", "init", "jupiter-test", "--allow-simulated-enclaves", "--output", "json")
        #expect(made.status == 0, "\(made.error)")
        #expect(made.json?["genesisHash"]?.text?.count == 64)
        #expect(FileManager.default.fileExists(atPath: jupiter.home + "/node/jupiter-test/genesis.bin"))
        #expect(try jupiter.run("node", "init", "jupiter-test").status == 1)
    }
}
