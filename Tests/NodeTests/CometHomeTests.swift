import ChainTypes
import CometRPC
import Crypto
import Cryptography
import Foundation
import LightClient
import Node
import Primitives
import TestVectors
import Testing
import WireTypes

@Suite struct `Homes for CometBFT` {
    private static func made<Value>(
        _ weights: [UInt64] = [3, 2, 1, 1], hosts: [String]? = nil, _ adjust: (inout FederationInitialiser) -> Void = { _ in },
        _ body: (FederationInitialiser.Made, String) throws -> Value
    ) throws -> Value {
        let folder = NSTemporaryDirectory() + "jc-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var initialiser = FederationInitialiser(
            chainID: "jupiter-sg",
            seats: weights.enumerated().map { .init(host: hosts?[$0] ?? "127.0.0.1", weight: $1) })
        initialiser.consensus = .cometbft
        adjust(&initialiser)
        return try body(try initialiser.initialise(folder + "/sg", passphrases: .shared("secret"), time: 1_800_000_000_123), folder)
    }

    private static func json(_ path: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(filePath: path))
        return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// The settings of `config.toml` as `section.key`; values as they stand.
    private static func toml(_ path: String) throws -> [String: String] {
        var (section, settings) = ("", [String: String]())
        for line in try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            if line.hasPrefix("[") {
                section = line.dropFirst().dropLast() + "."
            } else {
                let parts = line.split(separator: " = ", maxSplits: 1).map(String.init)
                try #require(parts.count == 2)
                #expect(settings.updateValue(parts[1], forKey: section + parts[0]) == nil)
            }
        }
        return settings
    }

    private static func base64(_ json: Any?) throws -> [UInt8] {
        let key = try #require(json as? [String: String])
        return [UInt8](try #require(Data(base64Encoded: key["value"] ?? "")))
    }

    @Test func `have the genesis of the same chain, one for all`() throws {
        try Self.made { made, _ in
            var texts: Set<Data> = []
            for member in made.members {
                let path = try #require(member.cometHome) + "/config/genesis.json"
                texts.insert(try Data(contentsOf: URL(filePath: path)))
                let genesis = try Self.json(path)
                #expect(genesis["chain_id"] as? String == made.genesis.chainID)
                #expect(genesis["genesis_time"] as? String == "2027-01-15T08:00:00.123Z")
                #expect(genesis["initial_height"] as? String == "1")
                #expect(genesis["app_hash"] as? String == "")
                let validators = try #require(genesis["validators"] as? [[String: Any]])
                #expect(validators.count == 4)
                for (validator, own) in zip(validators, made.genesis.validators.members) {
                    #expect(try Self.base64(validator["pub_key"]) == own.key.bytes)
                    #expect(validator["power"] as? String == "\(own.votingWeight)")
                    #expect(validator["address"] as? String == Hex.encode(CometValidators.address(of: own.key)).uppercased())
                }
            }
            #expect(texts.count == 1)
            #expect(made.genesis.consensus == .cometbft)
        }
    }

    @Test func `have the shape of a real CometBFT's genesis`() throws {
        guard let bytes = SharedVectors.bytes("abci", "genesis.json") else { return }
        let real = try JSONSerialization.jsonObject(with: Data(bytes))
        try Self.made { made, _ in
            let own = try Self.json(try #require(made.members[0].cometHome) + "/config/genesis.json")
            #expect(Self.shape(own) == Self.shape(real))
        }
    }

    /// The names and kinds of a JSON value; of a list, those of its first member.
    private static func shape(_ value: Any) -> String {
        switch value {
        case let object as [String: Any]:
            "{" + object.sorted { $0.key < $1.key }.map { "\($0.key):\(shape($0.value))" }.joined(separator: ",") + "}"
        case let list as [Any]: "[" + (list.first.map { shape($0) } ?? "") + "]"
        case is String: "text"
        default: "number"
        }
    }

    @Test func `hold the validator's key in CometBFT's form, for its owner alone`() throws {
        try Self.made { made, _ in
            for member in made.members {
                let home = try #require(member.cometHome)
                let key = try Self.json(home + "/config/priv_validator_key.json")
                let secret = try Self.base64(key["priv_key"])
                let own = try KeyFile.read(member.home.validatorKeyFile, passphrase: "secret")
                #expect(secret == own.secretBytes + own.verificationKey.bytes)
                #expect(try Self.base64(key["pub_key"]) == member.validator.bytes)
                #expect(key["address"] as? String == Hex.encode(CometValidators.address(of: member.validator)).uppercased())
                #expect((key["priv_key"] as? [String: String])?["type"] == "tendermint/PrivKeyEd25519")
                let state = try Self.json(home + "/data/priv_validator_state.json")
                #expect(state["height"] as? String == "0" && state["round"] as? Int == 0 && state["step"] as? Int == 0)
                for file in try #require(FileManager.default.subpathsOfDirectory(atPath: home) as [String]?) {
                    let mode = try FileManager.default.attributesOfItem(atPath: home + "/" + file)[.posixPermissions] as? NSNumber
                    #expect((mode?.intValue ?? 0o777) & 0o077 == 0, "\(file)")
                }
            }
        }
    }

    @Test func `know each other, and meet their nodes`() throws {
        try Self.made { made, _ in
            var addresses: [String] = []
            for member in made.members {
                let secret = try Self.base64(Self.json(try #require(member.cometHome) + "/config/node_key.json")["priv_key"])
                let key = try SigningKey.ed25519(seed: Array(secret.prefix(32)))
                let identifier = CometValidators.address(of: try #require(Hash32(key.verificationKey.bytes)))
                addresses.append("\(Hex.encode(identifier))@\(member.endpoint)")
            }
            #expect(Set(addresses).count == 4)
            for (position, member) in made.members.enumerated() {
                let settings = try Self.toml(try #require(member.cometHome) + "/config/config.toml")
                var others = addresses
                others.remove(at: position)
                #expect(settings["p2p.persistent_peers"] == "\"\(others.joined(separator: ","))\"")
                #expect(settings["p2p.laddr"] == "\"tcp://\(member.endpoint)\"")
                #expect(settings["proxy_app"] == "\"unix://\(member.jupiterHome)/abci.sock\"")
                #expect(settings["p2p.allow_duplicate_ip"] == "true" && settings["p2p.addr_book_strict"] == "false")
                let configuration = try member.home.configuration(environment: [:])
                #expect(configuration == member.configuration)
                #expect(configuration.consensus == "abci" && configuration.abci == "unix://\(member.jupiterHome)/abci.sock")
                #expect(configuration.peerPort == 0)
                let rpc = try #require(configuration.cometRPC)
                #expect(settings["rpc.laddr"] == "\"tcp://\(rpc.dropFirst("http://".count))\"")
            }
        }
    }

    @Test func `admit the largest transaction with its sidecars`() throws {
        try Self.made { made, _ in
            let home = try #require(made.members[0].cometHome)
            let settings = try Self.toml(home + "/config/config.toml")
            let largest = Limits.transaction + Limits.sidecarsPerTransaction * Limits.sidecar
            let transaction = try #require(settings["mempool.max_tx_bytes"].flatMap { Int($0) })
            #expect(transaction > largest)
            #expect(try #require(settings["rpc.max_body_bytes"].flatMap { Int($0) }) > transaction * 4 / 3)
            let parameters = try #require(Self.json(home + "/config/genesis.json")["consensus_params"] as? [String: Any])
            let block = try #require((parameters["block"] as? [String: String])?["max_bytes"].flatMap { Int($0) })
            #expect(block > transaction)
            #expect(settings["consensus.timeout_commit"] == "\"\(made.genesis.parameters.idleInterval)ms\"")
        }
    }

    @Test func `of other machines listen everywhere and meet on loopback`() throws {
        let hosts = ["node1.example", "[2001:db8::4]"]
        try Self.made([1, 1], hosts: hosts) { initialiser in
            for position in hosts.indices {
                (initialiser.seats[position].peerPort, initialiser.seats[position].apiPort) = (7400, 7401)
                (initialiser.seats[position].cometPort, initialiser.seats[position].abciPort) = (7402, 7403)
            }
        } _: { made, _ in
            let settings = try made.members.map { try Self.toml(try #require($0.cometHome) + "/config/config.toml") }
            #expect(settings[0]["p2p.laddr"] == #""tcp://0.0.0.0:7400""# && settings[1]["p2p.laddr"] == #""tcp://[::]:7400""#)
            #expect(settings[1]["p2p.external_address"] == #""[2001:db8::4]:7400""#)
            #expect(settings[0]["proxy_app"] == #""tcp://127.0.0.1:7403""#)
            #expect(made.members[0].configuration.abci == "tcp://127.0.0.1:7403")
            #expect(made.members[0].configuration.cometRPC == "http://127.0.0.1:7402")
            #expect(settings[0]["p2p.addr_book_strict"] == "true")
        }
        try Self.made([1]) {
            $0.abciAddress = "unix:///run/jupiter/abci.sock"
        } _: { made, _ in
            #expect(made.members[0].configuration.abci == "unix:///run/jupiter/abci.sock")
        }
        for wrong in ["unix://relative", "http://127.0.0.1:1", "tcp://", ""] {
            #expect(throws: NodeError.self) {
                try Self.made([1]) {
                    $0.abciAddress = wrong
                } _: { _, _ in
                }
            }
        }
    }

    @Test func `are not made for a chain of our own engine, nor for what CometBFT cannot run`() throws {
        try Self.made {
            $0.consensus = .simplex
        } _: { made, _ in
            #expect(made.members.allSatisfy { $0.cometHome == nil && $0.configuration.consensus == "simplex" })
            #expect(!FileManager.default.fileExists(atPath: made.members[0].jupiterHome + "/cometbft"))
        }
        #expect(throws: BlockError.invalidGenesis) {
            try Self.made {
                $0.profile = .crash
            } _: { _, _ in
            }
        }
    }
}
