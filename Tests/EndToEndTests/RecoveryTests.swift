import Foundation
import JupiterClient
import Primitives
import Testing

@Suite(.serialized, .enabled(if: Built.folder != nil, "the programs are not built")) struct `A locality that loses its enclave` {
    private func file(_ locality: CommandLineLocality, _ name: String) -> String { "\(locality.home)/\(name)" }

    @Test func `comes back with shares of the holders who were put in the place of the genesis's`() async throws {
        let folder = try TemporaryFolder()
        let locality = try CommandLineLocality(chainID: "jupiter-rec", folder: folder.path)
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
