import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Node
import Primitives
import SwiftProtobuf
import WireTypes

/// `jupiter node init`
struct NodeInit: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the home of a new chain with one validator, or of a node that joins a chain.",
        discussion: """
            Writes genesis, validator, operator and peer key (under your passphrase), the empty log of votes, and node.json with a free \
            port. With --join the chain exists already: the node follows it, and votes once its validators have admitted it. A new chain \
            of several validators: `jupiter federation init`.

            EXAMPLE
              jupiter node init jupiter-sg --allow-simulated-enclaves
              jupiter node init jupiter-sg --join genesis.bin \\
                --endpoint node5.example:7400 --peer NODEID@node1.example:7400
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var passphrase: PassphraseOptions
    @Argument(help: "The chain's id: lowercase letters, digits, hyphens.")
    var chain: String
    @Option(help: "byzantine (tolerates liars; the default) or crash (tolerates stops only).")
    var profile: ProfileOption?
    @Option(help: "Which engine decides the blocks: simplex (our own; the default) or abci (CometBFT beside the node).")
    var consensus: EngineOption = .simplex
    @Option(help: ArgumentHelp("Where CometBFT finds this node (default: abci.sock in its home).", valueName: "address"))
    var abci: String?
    @Flag(help: "Admit enclaves without hardware protection: for trying things out.")
    var allowSimulatedEnclaves = false
    @Flag(name: .customLong("allow-software-tpm"), help: "Admit enclaves on TPMs that nothing vouches for: for trying things out.")
    var allowSoftwareTPM = false
    @Option(
        name: .customLong("reference-value"),
        help: ArgumentHelp("A build of the enclave to accept from the start: JSON; may be repeated.", valueName: "file"))
    var referenceValues: [String] = []
    @OptionGroup var recovery: FirstHoldersOptions
    @Option(name: .customLong("allocate"), help: ArgumentHelp("First balance in micro-JUPT; may be repeated.", valueName: "address=amount"))
    var allocations: [AllocationOption] = []
    @Option(help: "Port of the API (default: 7340, or a free one when that is taken).")
    var port: Int?
    @Option(help: ArgumentHelp("Where other nodes find this one; it listens on that port.", valueName: "host:port"))
    var endpoint: String?
    @Option(help: ArgumentHelp("Genesis (genesis.bin or genesis.json) of the chain that the node joins.", valueName: "file"))
    var join: String?
    @Option(help: "The genesis hash you know that chain by.")
    var genesisHash: Hash32?
    @Option(
        name: .customLong("peer"),
        help: ArgumentHelp("A node of that chain to ask first; may be repeated.", valueName: "nodeid@host:port"))
    var peers: [String] = []

    /// Where clients look when nobody tells them.
    private static let usualPort = 7340

    func validate() throws {
        guard (0...65_535).contains(port ?? 0) else { throw ValidationError("--port is from 0 to 65535") }
        guard consensus == .abci || abci == nil || join != nil else { throw ValidationError("--abci goes with --consensus abci") }
        if join == nil {
            guard genesisHash == nil, peers.isEmpty else { throw ValidationError("--genesis-hash and --peer go with --join") }
        } else {
            guard profile == nil, allocations.isEmpty, !allowSimulatedEnclaves, !allowSoftwareTPM, referenceValues.isEmpty,
                recovery.isEmpty, consensus == .simplex
            else {
                throw ValidationError("with --join the genesis says profile, engine, enclaves, recovery holders and balances already")
            }
            guard endpoint != nil else { throw ValidationError("with --join say where others find the node: --endpoint HOST:PORT") }
        }
    }

    func answer() async throws -> Answer {
        var initialiser = NodeInitialiser(chainID: chain)
        // 0 stands for a free port.
        initialiser.configuration.apiPort = port ?? (FreePort.isFree(Self.usualPort) ? Self.usualPort : 0)
        if let endpoint {
            let seat = try Seats.seat(endpoint, port: nil)
            initialiser.endpoint = endpoint
            (initialiser.configuration.peerHost, initialiser.configuration.peerPort) = (seat.listeningHost, seat.peerPort)
        }
        let home = NodeHome(jupiterHome: global.homePath, chainID: chain)
        if consensus == .abci { useEngine(&initialiser, home) }
        try PrivateFile.makeFolder(global.homePath + "/node")
        return try join.map { try answer(joining: $0, &initialiser, home) } ?? answer(making: &initialiser, home)
    }

    /// Lets CometBFT find the node in its home, and the node CometBFT at its usual port.
    private func useEngine(_ initialiser: inout NodeInitialiser, _ home: NodeHome) {
        initialiser.configuration.consensus = EngineOption.abci.rawValue
        initialiser.configuration.abci = abci ?? "unix://" + home.path + "/abci.sock"
        initialiser.configuration.cometRPC = "http://127.0.0.1:26657"
    }

    private func answer(making initialiser: inout NodeInitialiser, _ home: NodeHome) throws -> Answer {
        initialiser.profile = (profile ?? .byzantine).wire
        initialiser.consensus = consensus.wire
        (initialiser.allowSimulatedEnclaves, initialiser.allowSoftwareTPM) = (allowSimulatedEnclaves, allowSoftwareTPM)
        initialiser.referenceValues = try referenceValues.map { try ReferenceFile.read($0) }
        initialiser.recoveryPlan = try recovery.plan()
        initialiser.allocations = allocations.map { ($0.account, $0.amount) }
        let made = try initialiser.initialise(home, passphrase: passphrase.passphrase(new: true))
        return Answer(
            .object(Self.json(made)),
            text: """
                made \(made.home.path)
                genesis \(made.genesis.hash)
                operator \(made.operatorAccount)
                start it: jupiter node start \(chain)   then: export JUPITER_NODE=\(Self.url(made))
                """)
    }

    private func answer(joining file: String, _ initialiser: inout NodeInitialiser, _ home: NodeHome) throws -> Answer {
        let genesis = try GenesisFile.read(file)
        guard genesis.chainID == chain else { throw CommandError.badArgument("\(file) is the genesis of \(genesis.chainID)") }
        if let genesisHash, genesisHash != genesis.hash { throw ClientError.wrongGenesis(found: genesis.hash.description) }
        if genesis.wire.consensus == .cometbft { useEngine(&initialiser, home) }
        if !peers.isEmpty { initialiser.configuration.bootstrapPeers = peers.joined(separator: ",") }
        let made = try initialiser.join(genesis, home, passphrase: passphrase.passphrase(new: true))
        let endpoint = initialiser.endpoint ?? ""
        let command = """
            jupiter validators add \(made.validator) --node-id \(made.nodeID) --endpoint \(endpoint) \
            --account \(made.operatorAccount) --possession \(Hex.encode(made.possession)) --weight 1 --operator
            """
        let json = Self.json(made).merging([
            "endpoint": .text(endpoint), "possession": .text(Hex.encode(made.possession)), "propose": .text(command),
        ]) { $1 }
        return Answer(
            .object(json),
            text: """
                made \(made.home.path)
                genesis \(made.genesis.hash)
                validator \(made.validator)
                node \(made.nodeID)
                account \(made.operatorAccount)
                possession \(Hex.encode(made.possession))
                start it: jupiter node start \(chain)   then a present validator proposes it, with the weight of your choice:
                  \(command)
                """)
    }

    private static func url(_ made: NodeInitialiser.Made) -> String { "http://\(made.configuration.apiHost):\(made.configuration.apiPort)" }

    private static func json(_ made: NodeInitialiser.Made) -> [String: JSONValue] {
        [
            "chain": .text(made.genesis.chainID), "home": .text(made.home.path), "genesisHash": .text(made.genesis.hash.description),
            "operator": .text(made.operatorAccount.description), "url": .text(url(made)), "validator": .text(made.validator.description),
            "nodeId": .text(made.nodeID.description),
        ]
    }
}

/// A genesis as a file: its exact bytes, or the JSON that is written beside them.
enum GenesisFile {
    static func read(_ path: String) throws -> Genesis {
        let bytes = try PlainFile.read(path, limit: 4 * Limits.genesis)
        guard bytes.first == UInt8(ascii: "{") else { return try Genesis(decoding: bytes) }
        guard let wire = try? WireGenesis(jsonUTF8Bytes: bytes) else { throw CommandError.badArgument("\(path) is not a genesis") }
        return try Genesis(encoding: wire)
    }
}

/// Hosts and ports as people write them.
enum Seats {
    /// - Parameter port: of other nodes, where `text` names none; `nil` demands one.
    static func seat(_ text: String, port: Int?) throws -> FederationInitialiser.Seat {
        var (host, rest) = (Substring(text), Substring())
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            (host, rest) = (text[...end], text[text.index(after: end)...])
        } else if let colon = text.firstIndex(of: ":") {
            (host, rest) = (text[..<colon], text[colon...])
        }
        guard !host.isEmpty, rest.isEmpty || rest.hasPrefix(":"), let found = rest.isEmpty ? port : Int(rest.dropFirst()),
            (rest.isEmpty ? 0 : 1)...65_535 ~= found
        else { throw CommandError.badArgument("\"\(text)\" is not HOST:PORT; IPv6 addresses stand in brackets") }
        return FederationInitialiser.Seat(host: String(host), peerPort: found)
    }
}
