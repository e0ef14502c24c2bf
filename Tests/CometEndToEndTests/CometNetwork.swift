import ChainTypes
import Cryptography
import Foundation
import Glibc
import JupiterClient
import LocalFederation
import Node
import Testing
import WireTypes

/// CometBFT 0.38, when it is on PATH.
enum CometBFTProgram {
    static let path: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let found = folders.map { $0 + "/cometbft" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        if found == nil { print("skipped: no cometbft is on PATH") }
        return found
    }()
}

/// Four validators of this machine in the homes that `federation init` writes: for each a node and CometBFT, as processes.
final class CometNetwork {
    static let chainID = "jupiter-comet"
    private static let passphrase = "a passphrase of the test"

    let genesis: Genesis
    let clients: [NodeClient]
    let members: [FederationInitialiser.Member]
    private let root: String
    private var nodes: [Int: ChildProcess] = [:]
    private var engines: [Int: ChildProcess] = [:]

    /// - Parameter wallet: has a balance from the start.
    init(wallet: SigningKey) throws {
        root = "/tmp/jupiter-comet-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        var initialiser = FederationInitialiser(
            chainID: Self.chainID, seats: (0..<4).map { _ in FederationInitialiser.Seat(host: "127.0.0.1") })
        initialiser.consensus = .cometbft
        initialiser.parameters.idleInterval = 200
        initialiser.allocations = [(wallet.address, 1_000_000_000)]
        initialiser.configuration.snapshotInterval = 5
        let made = try initialiser.initialise(root + "/sg", passphrases: .shared(Self.passphrase))
        (genesis, members) = (made.genesis, made.members)
        clients = try members.map { try NodeClient(url: "http://127.0.0.1:\($0.configuration.apiPort)", timeout: 5) }
    }

    func start(_ position: Int) throws {
        try startNode(position)
        try startEngine(position)
    }

    /// The application alone.
    func startNode(_ position: Int) throws {
        nodes[position] = try ChildProcess(
            name: "node \(position)", executable: try #require(Programs.jupiter),
            arguments: ["node", "start", Self.chainID, "--home", members[position].jupiterHome],
            environment: ["JUPITER_PASSPHRASE": Self.passphrase], logPath: "\(root)/node-\(position).log")
    }

    /// CometBFT alone.
    func startEngine(_ position: Int) throws {
        engines[position] = try ChildProcess(
            name: "cometbft \(position)", executable: try #require(CometBFTProgram.path),
            arguments: ["start", "--home", try cometHome(position)], logPath: "\(root)/cometbft-\(position).log")
    }

    /// kill -9 of both, engine first: it does not outlive its application.
    func kill(_ position: Int) {
        killEngine(position)
        killNode(position)
    }

    /// kill -9 of the application alone.
    func killNode(_ position: Int) { Self.kill(nodes.removeValue(forKey: position)) }

    /// kill -9 of CometBFT alone.
    func killEngine(_ position: Int) { Self.kill(engines.removeValue(forKey: position)) }

    private static func kill(_ process: ChildProcess?) {
        guard let process else { return }
        Glibc.kill(process.processID, SIGKILL)
        while process.isRunning { usleep(2_000) }
    }

    func isNodeRunning(_ position: Int) -> Bool { nodes[position]?.isRunning ?? false }

    /// Waits until CometBFT has ended by itself, as it does when its application is gone.
    func engineEnds(_ position: Int, seconds: Int = 60) async throws {
        for _ in 0..<seconds * 20 {
            if engines[position]?.isRunning != true { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("CometBFT outlives its application: \(engines[position]?.logTail ?? "")")
    }

    func stop() {
        for position in members.indices { kill(position) }
        try? FileManager.default.removeItem(atPath: root)
    }

    /// Waits until the node has this height.
    func reach(_ height: UInt64, _ position: Int, seconds: Int = 90) async throws {
        for _ in 0..<seconds * 20 {
            if let now = try? await clients[position].status().height, now >= height { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(height) was not reached: \(nodes[position]?.logTail ?? "") \(engines[position]?.logTail ?? "")")
        throw CancellationError()
    }

    private func cometHome(_ position: Int) throws -> String { try #require(members[position].cometHome) }

    /// Removes the chain of node and engine, what the validator signed apart, and lets the engine begin with a snapshot: it trusts what
    /// the first validator says of `height`.
    func wipe(_ position: Int, trusting height: UInt64) throws {
        kill(position)
        let manager = FileManager.default
        try manager.removeItem(atPath: members[position].home.dataFolder)
        let data = try cometHome(position) + "/data"
        for name in try manager.contentsOfDirectory(atPath: data) where name != "priv_validator_state.json" {
            try manager.removeItem(atPath: data + "/" + name)
        }
        let servers = members[0...1].compactMap(\.configuration.cometRPC).joined(separator: ",")
        let path = try cometHome(position) + "/config/config.toml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
            .replacingOccurrences(of: "enable = false\nrpc_servers = \"\"", with: "enable = true\nrpc_servers = \"\(servers)\"")
            .replacingOccurrences(of: "trust_height = 0", with: "trust_height = \(height)")
            .replacingOccurrences(of: "trust_hash = \"\"", with: "trust_hash = \"\(try blockHash(height))\"")
        try #require(text.contains("enable = true\nrpc_servers"))
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func blockHash(_ height: UInt64) throws -> String {
        let rpc = try #require(members[0].configuration.cometRPC)
        let url = try #require(URL(string: "\(rpc)/commit?height=\(height)"))
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any]
        let header = (json?["result"] as? [String: Any])?["signed_header"] as? [String: Any]
        return try #require(((header?["commit"] as? [String: Any])?["block_id"] as? [String: Any])?["hash"] as? String)
    }
}
