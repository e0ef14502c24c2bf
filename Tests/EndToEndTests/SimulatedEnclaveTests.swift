import JupiterClient
import Testing

/// What stands on nothing but its process says so wherever people look.
@Suite(.serialized, .enabled(if: Built.folder != nil, "the programs are not built")) struct `A simulated enclave` {
    @Test func `is called simulated by the commands that list and show it, to people and to programs`() async throws {
        let folder = try TemporaryFolder()
        let locality = try CommandLineLocality(chainID: "jupiter-sim", folder: folder.path)
        defer { locality.stop() }
        _ = try await locality.command("node", "init", locality.chainID, "--allow-simulated-enclaves")
        try await locality.startEnclave("only")
        try locality.startNode("only")
        let serving = try await locality.wait("the enclave to serve", 0) { $0["serving"] == true }
        let id = try #require(serving["id"]?.text)

        let listed = try #require(try await locality.command("enclave", "list").array)
        #expect(listed.count == 1 && listed[0]["id"]?.text == id)
        for json in try await [listed[0], locality.command("enclave", "show", id), locality.command("enclave", "status")] {
            #expect(json["simulated"] == true && json["platform"]?.text == "simulated", "\(json)")
        }
        for json in try await [listed[0], locality.command("enclave", "show", id)] {
            #expect(json["label"]?.text == "simulated", "\(json)")
        }

        let table = try await locality.text("enclave", "list").split(separator: "\n")
        let row = try #require(table.first { $0.hasPrefix(id.prefix(16)) }, "\(table)")
        #expect(row.split(separator: " ").dropFirst().first == "simulated", "\(row)")
        let shown = try await locality.text("enclave", "show", String(id.prefix(8)))
        #expect(shown.contains("SIMULATED: nothing but its process protects it"), "\(shown)")
        #expect(shown.contains(#/(?m)^label +simulated$/#) && shown.contains(#/(?m)^platform +simulated$/#), "\(shown)")
        #expect(try await locality.text("enclave", "status").contains(#/(?m)^platform +simulated$/#))
        #expect(try await locality.text("node", "status").contains("simulated"))
    }
}
