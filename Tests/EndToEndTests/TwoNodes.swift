import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing

/// One chain of two validators on two nodes, an enclave at each; either node's `replicaSource` is the other, and each demands a token.
/// If asked for, a third node may follow them that has neither a vote nor an enclave.
final class TwoNodes {
    static let chainID = "jupiter-nodes"

    let treasury: Wallet
    let nodes: [NodeOnDisk]
    let enclaves: [EnclaveProcess]
    /// Has a home from the start on, as the others must know its name, and is started by whoever asked for it.
    let follower: NodeOnDisk?

    var clients: [NodeClient] { nodes.map(\.client) }

    /// What `jupiter … init` says of a node that it made.
    private struct Seat {
        let home: String
        let url: String
        let peer: String

        init(_ json: JSONValue, home: String? = nil) throws {
            self.home = try #require(home ?? json["home"]?.text)
            url = try #require(json["url"]?.text)
            peer = try #require(json["nodeId"]?.text) + "@" + #require(json["endpoint"]?.text)
        }
    }

    /// - Parameters:
    ///   - folder: all homes come to lie below `homes` in it.
    ///   - chain: more of what `jupiter federation init` is told.
    ///   - logLevel: of the nodes.
    init(folder: String, chain: [String] = [], logLevel: String = "info", hasFollower: Bool = false) async throws {
        treasury = try Wallet(name: "treasury")
        let made = try await Self.initialise(
            [
                "federation", "init", "--locality", Self.chainID, "--validators", "2", "--base-port", "0", "--out", folder + "/homes",
                "--allow-simulated-enclaves", "--allocate", "\(treasury.address)=1000000000000",
            ] + chain, log: folder + "/init.json")
        let seats = try #require(made["validators"]?.array).map { try Seat($0) }
        let genesis = "\(seats[0].home)/node/\(Self.chainID)/genesis.bin"
        let followerSeat = hasFollower ? try await Self.join(seats, genesis: genesis, folder: folder) : nil
        let tokens = try ["first", "second", "following"].map { name in
            let path = "\(folder)/token-\(name)"
            try PrivateFile.write(Array("token-of-the-\(name)-node".utf8), to: path, overwrite: false)
            return path
        }
        let enclaves = seats.map { seat in
            let folder = "\(seat.home)/enclave/\(Self.chainID)"
            return EnclaveProcess(folder: folder, genesis: genesis, logPath: "\(seat.home)/enclave.log")
        }
        nodes = try seats.indices.map { index in
            var environment = ["JUPITER_REPLICA_SOURCE": seats[1 - index].url, "JUPITER_REPLICA_TOKEN_FILE": tokens[1 - index]]
            environment["JUPITER_BOOTSTRAP_PEERS"] = followerSeat?.peer
            return try NodeOnDisk(
                chainID: Self.chainID, home: seats[index].home, url: seats[index].url, tokenFile: tokens[index],
                arguments: ["--enclave-socket", enclaves[index].socket, "--log-level", logLevel], environment: environment)
        }
        follower = try followerSeat.map { seat in
            try NodeOnDisk(
                chainID: Self.chainID, home: seat.home, url: seat.url, tokenFile: tokens[2], arguments: ["--log-level", logLevel])
        }
        self.enclaves = enclaves
        for enclave in enclaves { try await enclave.start() }
        for node in nodes { try node.start() }
    }

    private static func join(_ seats: [Seat], genesis: String, folder: String) async throws -> Seat {
        let home = folder + "/homes/follower"
        let endpoint = "127.0.0.1:\(try FreePort.take())"
        let made = try await initialise(
            ["node", "init", chainID, "--home", home, "--join", genesis, "--endpoint", endpoint, "--port", "0"]
                + seats.flatMap { ["--peer", $0.peer] }, log: folder + "/join.json")
        return try Seat(made, home: home)
    }

    private static func initialise(_ arguments: [String], log: String) async throws -> JSONValue {
        try await Built.run(arguments + ["--output", "json"], log: log)
        return try JSONValue(parsing: PrivateFile.read(log, limit: 1 << 20))
    }

    /// The enclave of node `index` as that node sees it now.
    func status(_ index: Int) async throws -> JSONValue { try await clients[index].json("/v1/status")["enclave"] ?? .null }

    /// Waits until `condition` holds of the enclaves of both.
    func wait(_ what: String, seconds: Int = 60, until condition: ([JSONValue]) -> Bool) async throws {
        for _ in 0..<seconds * 10 {
            if let first = try? await status(0), let second = try? await status(1), condition([first, second]) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("waited too long for \(what): \(nodes.map(\.logTail))")
        throw ClientError.timedOut(what)
    }

    func stop() {
        for node in nodes { node.stop() }
        follower?.stop()
        for enclave in enclaves { enclave.stop() }
    }

    deinit { stop() }
}
