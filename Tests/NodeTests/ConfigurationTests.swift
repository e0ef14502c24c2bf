import Cryptography
import Foundation
import Networking
import Node
import Primitives
import Testing

@Suite struct `Node configuration` {
    private func load(_ text: String, _ environment: [String: String] = [:], _ flags: [String: String] = [:]) throws -> NodeConfiguration {
        try NodeConfiguration.load(file: Array(text.utf8), environment: environment, flags: flags)
    }

    @Test func `flags win over the environment, which wins over the file`() throws {
        let file = #"{"apiPort": 1, "logLevel": "debug", "logJSON": true, "enclaveSocket": "/run/e.sock"}"#
        #expect(try load(file).apiPort == 1)
        #expect(try load(file, ["JUPITER_API_PORT": "2"]).apiPort == 2)
        let loaded = try load(file, ["JUPITER_API_PORT": "2", "JUPITER_ENCLAVE_SOCKET": ""], ["apiPort": "3"])
        #expect(loaded.apiPort == 3 && loaded.enclaveSocket == nil && loaded.logJSON && loaded.logLevel == "debug")
    }

    @Test func `every setting has an environment variable`() {
        #expect(NodeConfiguration.environmentName("apiPort") == "JUPITER_API_PORT")
        #expect(NodeConfiguration.environmentName("mainnetURL") == "JUPITER_MAINNET_URL")
        #expect(NodeConfiguration.environmentName("logJSON") == "JUPITER_LOG_JSON")
        #expect(Set(NodeConfiguration.keys.map(NodeConfiguration.environmentName)).count == NodeConfiguration.keys.count)
    }

    @Test(arguments: [
        #"{"apiport": 1}"#, #"{"apiPort": 70000}"#, #"{"apiPort": 1.5}"#, #"{"apiPort": true}"#, #"{"logJSON": 1}"#,
        #"{"logLevel": "loud"}"#, #"{"peerPort": -1}"#, #"{"peerHost": ""}"#, #"{"apiPort": 7, "peerPort": 7}"#, #"{"viewTimeout": 99}"#,
        #"{"viewTimeout": 60001}"#, #"{"blockHistory": -1}"#, #"{"stateSync": 1}"#, #"{"bootstrapPeers": "node1:7400"}"#,
        #"{"bootstrapPeers": "00@node1:7400"}"#,
        #"{"apiHost": ""}"#, #"{"apiHost": ["a"]}"#, #"{"apiHost": "0.0.0.0"}"#, #"{"mainnetURL": "nowhere"}"#, "[]", "{", "",
    ])
    func `what is not understood is refused`(text: String) {
        #expect(throws: NodeError.self) { try load(text) }
    }

    @Test func `the nodes to ask first are ids with endpoints`() throws {
        let (a, b) = (Hash32(0, 0, 0, 1), Hash32(0, 0, 0, 2))
        let list = #""bootstrapPeers": "\#(a)@node1:7400,\#(b)@[::1]:7402""#
        let peers = try load("{\(list), \"peerPort\": 7400}").bootstrap()
        #expect(peers.map(\.nodeID) == [a, b] && peers.map(\.endpoint) == ["node1:7400", "[::1]:7402"])
        #expect(try load("{}").bootstrap().isEmpty)
        let error = #expect(throws: NodeError.self) { try load("{\(list)}") }
        #expect(error?.reason.contains("peerPort") == true, "it would ask nobody")
        #expect(try load(#"{"bootstrapPeers": ""}"#).bootstrap().isEmpty)
        for text in ["\(a)@node1", "\(a)@node1:0", "\(a)@node1:7400,", "\(a)", String(repeating: "\(a)@a:1,", count: 64) + "\(a)@a:1"] {
            #expect(throws: NodeError.self, "\(text)") { try load(#"{"peerPort": 7400}"#, ["JUPITER_BOOTSTRAP_PEERS": text]) }
        }
    }

    @Test func `enclaves are one socket and further ones, each once`() throws {
        #expect(try load("{}").sockets.isEmpty)
        #expect(try load(#"{"enclaveSocket": "/a"}"#).sockets == ["/a"])
        #expect(try load(#"{"enclaveSocket": "/a", "enclaveSockets": "/b,/c"}"#).sockets == ["/a", "/b", "/c"])
        #expect(try load(#"{"enclaveSockets": "/b"}"#).sockets == ["/b"])
        for text in ["/a", "/b,/b", "/b,", (0..<16).map { "/s\($0)" }.joined(separator: ",")] {
            #expect(throws: NodeError.self, "\(text)") { try load(#"{"enclaveSocket": "/a"}"#, [:], ["enclaveSockets": text]) }
        }
    }

    @Test func `it survives being written and read`() throws {
        var configuration = NodeConfiguration()
        (configuration.peerHost, configuration.peerPort, configuration.viewTimeout) = ("0.0.0.0", 7_400, 250)
        (configuration.blockHistory, configuration.stateSync) = (50_000, false)
        configuration.bootstrapPeers = "\(Hash32(0, 0, 0, 1))@node1:7400"
        configuration.apiPort = 4_000
        configuration.mainnetURL = "http://127.0.0.1:1/"
        configuration.enclaveSockets = "/tmp/b,/tmp/c"
        configuration.enclaveSocket = "/tmp/a \"quoted\" path\\"
        #expect(try load(configuration.json) == configuration)
    }

    @Test func `fuzz: random and mutated files are refused or read, never more`() {
        let rounds = Int(ProcessInfo.processInfo.environment["JUPITER_FUZZ_ROUNDS"] ?? "") ?? 300
        var random = SeededGenerator(seed: 11)
        let valid = Array(NodeConfiguration().json.utf8)
        for _ in 0..<rounds {
            var bytes = Bool.random(using: &random) ? valid : random.bytes(Int.random(in: 0...200, using: &random))
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? NodeConfiguration.load(file: bytes)
        }
    }
}

@Suite struct `Key files` {
    @Test func `they open with their passphrase only`() throws {
        for key in [SigningKey.ed25519(), SigningKey.p256()] {
            let file = try KeyFile.seal(key, passphrase: "one")
            #expect(try KeyFile.open(file, passphrase: "one", path: "k").address == key.address)
            #expect(throws: NodeError.keyFile("k")) { try KeyFile.open(file, passphrase: "two", path: "k") }
        }
    }

    @Test func `fuzz: other bytes are refused`() throws {
        let file = try KeyFile.seal(.ed25519(), passphrase: "one")
        var random = SeededGenerator(seed: 5)
        // Few rounds: every one that keeps the head intact stretches the passphrase.
        for _ in 0..<8 {
            var bytes = file
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            #expect(throws: NodeError.keyFile("k")) { try KeyFile.open(bytes, passphrase: "one", path: "k") }
        }
        for length in 0..<file.count where length % 7 == 0 {
            #expect(throws: NodeError.keyFile("k")) { try KeyFile.open(Array(file[..<min(length, 40)]), passphrase: "one", path: "k") }
        }
    }
}
