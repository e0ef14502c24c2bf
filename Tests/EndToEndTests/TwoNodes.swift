import Foundation
import JupiterClient
import LocalFederation
import Testing

/// One chain of two validators on two nodes, an enclave at each; either node's `replicaSource` is the other, and each demands a token.
final class TwoNodes {
    static let chainID = "jupiter-nodes"

    let treasury: Wallet
    let clients: [NodeClient]
    let enclaves: [EnclaveProcess]
    private let nodes: [ChildProcess]

    init(folder: String) async throws {
        treasury = try Wallet(name: "treasury")
        let passphrase = ["JUPITER_PASSPHRASE": "a passphrase of the test"]
        try await Built.run(
            [
                "federation", "init", "--locality", Self.chainID, "--validators", "2", "--base-port", "0", "--out", folder + "/federation",
                "--allow-simulated-enclaves", "--allocate", "\(treasury.address)=1000000000000", "--output", "json",
            ], log: folder + "/init.json")
        let validators = try #require(
            try JSONValue(parsing: PrivateFile.read(folder + "/init.json", limit: 1 << 20))["validators"]?.array)
        let urls = try validators.map { try #require($0["url"]?.text) }
        let homes = try validators.map { try #require($0["home"]?.text) }
        let tokens = ["token-of-the-first-node", "token-of-the-second-node"]
        let tokenFiles = try tokens.enumerated().map { index, token in
            let path = "\(folder)/token-\(index)"
            try PrivateFile.write(Array(token.utf8), to: path, overwrite: false)
            return path
        }
        clients = try zip(urls, tokens).map { try NodeClient(url: $0, token: $1) }
        let genesis = "\(homes[0])/node/\(Self.chainID)/genesis.bin"
        enclaves = (0..<2).map {
            EnclaveProcess(folder: "\(folder)/enclave-\($0)", genesis: genesis, logPath: "\(folder)/enclave-\($0).log")
        }
        for enclave in enclaves { try await enclave.start() }
        var nodes: [ChildProcess] = []
        for index in 0..<2 {
            let replica = ["JUPITER_REPLICA_SOURCE": urls[1 - index], "JUPITER_REPLICA_TOKEN_FILE": tokenFiles[1 - index]]
            nodes.append(
                try ChildProcess(
                    name: "node-\(index)", executable: Built.path("jupiter"),
                    arguments: [
                        "node", "start", Self.chainID, "--home", homes[index], "--enclave-socket", enclaves[index].socket,
                        "--api-token-file", tokenFiles[index],
                    ], environment: passphrase.merging(replica) { $1 }, logPath: "\(folder)/node-\(index).log"))
        }
        self.nodes = nodes
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
        for enclave in enclaves { enclave.stop() }
    }

    deinit { stop() }
}
