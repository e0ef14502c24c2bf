import Foundation
import JupiterClient
import Testing

@Suite(.enabled(if: Jupiter.path != nil, "jupiter is not built")) struct `Commands for chains of many validators` {
    @Test func `a chain of four is made with one command`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let folder = jupiter.home + "/sg"
        let made = try jupiter.run(
            "federation", "init", "--locality", "sg", "--validators", "4", "--weight", "3,2,1,1", "--base-port", "0", "--profile", "crash",
            "--idle-interval", "500", "--out", folder, "--output", "json")
        #expect(made.status == 0, "\(made.error)")
        let validators = try #require(made.json?["validators"]?.array)
        #expect(validators.count == 4 && made.json?["chain"] == "jupiter-sg" && made.json?["genesisHash"]?.text?.count == 64)
        #expect(validators.compactMap { $0["weight"]?.unsigned } == [3, 2, 1, 1])
        #expect(validators.compactMap { $0["home"]?.text } == (1...4).map { "\(folder)/validator-\($0)" })
        #expect(Set(validators.compactMap { $0["url"]?.text }).count == 4 && Set(validators.compactMap { $0["endpoint"]?.text }).count == 4)
        #expect(validators[0]["account"] == made.json?["operator"])
        for home in validators.compactMap({ $0["home"]?.text }) {
            #expect(FileManager.default.fileExists(atPath: home + "/node/jupiter-sg/votes.wal"))
        }
        let genesis = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/genesis.json")))
        #expect(genesis["parameters"]?["idleInterval"] == "500" && genesis["nodes"]?.array?.count == 4)
        let again = try jupiter.run("federation", "init", "--locality", "sg", "--base-port", "0", "--out", folder)
        #expect(again.status == 1 && again.error.contains("node.homeExists"))
    }

    @Test func `a chain that CometBFT will run has a home for it beside each node`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let folder = jupiter.home + "/c"
        let made = try jupiter.run(
            "federation", "init", "--locality", "sg", "--consensus", "abci", "--base-port", "0", "--out", folder, "--output", "json")
        #expect(made.status == 0, "\(made.error)")
        #expect(made.error.contains("CometBFT cannot read an encrypted key"))
        #expect(made.json?["consensus"] == "abci")
        let validators = try #require(made.json?["validators"]?.array)
        #expect(validators.compactMap { $0["cometHome"]?.text } == (1...4).map { "\(folder)/validator-\($0)/cometbft" })
        for home in validators.compactMap({ $0["cometHome"]?.text }) {
            for file in [
                "config/config.toml", "config/genesis.json", "config/node_key.json", "config/priv_validator_key.json",
                "data/priv_validator_state.json",
            ] { #expect(FileManager.default.fileExists(atPath: "\(home)/\(file)"), "\(file)") }
        }
        let genesis = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/genesis.json")))
        #expect(genesis["consensus"] == "CONSENSUS_KIND_COMETBFT")
    }

    @Test func `hosts come from a file, with ports in pairs a host`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let file = jupiter.home + "/hosts"
        try Data("# two hosts\nnode1.example\nnode2.example:9000 # its own port\n\nnode1.example\n[2001:db8::4]\n".utf8)
            .write(to: URL(fileURLWithPath: file))
        let made = try jupiter.run(
            "federation", "init", "--locality", "jupiter-id", "--hosts-file", file, "--own-passphrases", "--out", jupiter.home + "/id",
            "--output", "json", passphrase: nil)
        #expect(made.status == 0, "\(made.error)")
        let validators = try #require(made.json?["validators"]?.array)
        #expect(
            validators.compactMap { $0["endpoint"]?.text } == [
                "node1.example:7400", "node2.example:9000", "node1.example:7402", "[2001:db8::4]:7400",
            ])
        #expect(validators.compactMap { $0["url"]?.text?.suffix(4) } == ["7401", "9001", "7403", "7401"])
        let passphraseFile = try #require(validators[0]["passphraseFile"]?.text)
        #expect(try String(contentsOfFile: passphraseFile, encoding: .utf8).count == 33)
        #expect(made.json?["chain"] == "jupiter-id")
    }

    @Test func `what does not fit together is wrong usage`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let init4 = ["federation", "init", "--locality", "sg", "--out", jupiter.home + "/x"]
        let wrong: [[String]] = [
            init4 + ["--validators", "0"], init4 + ["--validators", "3", "--host", "a", "--host", "b"], init4 + ["--weight", "1,1"],
            init4 + ["--weight", "1,0,1,1"], init4 + ["--weight", "1,,1,1"], init4 + ["--host", "a:b"], init4 + ["--host", "a:0"],
            init4 + ["--host", "a:65535"], init4 + ["--consensus", "abci", "--profile", "crash"], init4 + ["--abci", "tcp://127.0.0.1:1"],
            init4 + ["--consensus", "other"],
            ["federation", "init", "--consensus", "abci", "--locality", String(repeating: "c", count: 43)],
            ["federation", "init", "--locality", "Not A Name"],
            ["node", "init", "jupiter-sg", "--genesis-hash", String(repeating: "0", count: 64)],
            ["node", "init", "jupiter-sg", "--join", "/nonexistent", "--allow-simulated-enclaves", "--endpoint", "a:1"],
            ["node", "init", "jupiter-sg", "--join", "/nonexistent"], ["validators", "remove", "xyz"],
            ["validators", "weight", "9f3a0c11"],
            ["validators", "add", String(repeating: "0", count: 64)], ["governance", "vote", "9f3a0c11"], ["governance", "propose"],
            ["governance", "propose", "--set", "minimumFee"], ["governance", "show", "12"],
        ]
        for arguments in wrong {
            let outcome = try jupiter.run(in: arguments)
            #expect(outcome.status == 64, "\(arguments): \(outcome.error)")
            #expect(outcome.out.isEmpty)
        }
        #expect(!FileManager.default.fileExists(atPath: jupiter.home + "/x"))
    }

    @Test func `a node that joins gets the command that proposes it`() throws {
        let (jupiter, other) = (try Jupiter(), try Jupiter())
        defer {
            jupiter.remove()
            other.remove()
        }
        let chain = try jupiter.run("node", "init", "jupiter-test", "--endpoint", "127.0.0.1:7499", "--output", "json")
        #expect(chain.status == 0, "\(chain.error)")
        let hash = try #require(chain.json?["genesisHash"]?.text)
        let node = try #require(chain.json?["nodeId"]?.text)
        for genesis in ["genesis.bin", "genesis.json"] {
            let file = jupiter.home + "/node/jupiter-test/" + genesis
            let home = other.home + "/" + genesis
            let joined = try other.run(
                "node", "init", "jupiter-test", "--join", file, "--genesis-hash", hash, "--endpoint", "node5.example:7400", "--peer",
                "\(node)@127.0.0.1:7499", "--home", home, "--output", "json")
            #expect(joined.status == 0, "\(joined.error)")
            #expect(joined.json?["genesisHash"]?.text == hash && joined.json?["possession"]?.text?.count == 128)
            let validator = try #require(joined.json?["validator"]?.text)
            let command = try #require(joined.json?["propose"]?.text)
            #expect(command.hasPrefix("jupiter validators add \(validator) --node-id "))
            // The printed command is one that this program takes: it gets as far as looking for the node.
            let arguments = command.split(separator: " ").dropFirst().map(String.init)
            #expect(try other.run(in: arguments).status == 69)
            let settings = try String(contentsOfFile: home + "/node/jupiter-test/node.json", encoding: .utf8)
            #expect(settings.contains("\"peerHost\": \"0.0.0.0\"") && settings.contains("\"peerPort\": 7400") && settings.contains(node))
        }
        let file = jupiter.home + "/node/jupiter-test/genesis.bin"
        let wrong = try other.run(
            "node", "init", "jupiter-test", "--join", file, "--endpoint", "a:1", "--genesis-hash", String(repeating: "0", count: 64))
        #expect(wrong.status == 1 && wrong.error.contains("client.wrongGenesis"))
        #expect(try other.run("node", "init", "jupiter-other", "--join", file, "--endpoint", "a:1").status == 64)
    }

    @Test(arguments: [["validators"], ["status"], ["peers"], ["governance", "list"], ["validators", "unjail", "9f3a0c11"]])
    func `nobody answering is 69`(arguments: [String]) throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let outcome = try jupiter.run(in: arguments + ["--output", "json"])
        #expect(outcome.status == 69 && outcome.errorJSON?["error"]?["name"] == "client.unreachable", "\(outcome.error)")
    }
}
