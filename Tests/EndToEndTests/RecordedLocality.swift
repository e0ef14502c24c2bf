import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing
import WireTypes

/// One locality with an enclave, every message between the two recorded; and, if asked for, a second enclave of the same vault.
final class RecordedLocality {
    let chainID: String
    let home: String
    let client: NodeClient
    let url: String
    let treasury: Wallet
    let recording: String
    private let enclaves: [EnclaveProcess]
    private let proxy: EnclaveProxy
    private let node: ChildProcess

    init(chainID: String, folder: String, hasSecondEnclave: Bool = false) async throws {
        (self.chainID, home, recording) = (chainID, folder + "/home", folder + "/socket.recording")
        try PrivateFile.makeFolder(home + "/logs")
        treasury = try Wallet(name: "treasury")
        let port = try FreePort.take()
        url = "http://127.0.0.1:\(port)"
        client = try NodeClient(url: url)
        let (folder, logs) = ("\(home)/enclave/\(chainID)", home + "/logs")
        try await Built.run(
            [
                "node", "init", chainID, "--home", home, "--allow-simulated-enclaves", "--allocate", "\(treasury.address)=1000000000000",
            ], log: logs + "/init.log")
        let (names, genesis) = (hasSecondEnclave ? ["", "-second"] : [""], "\(home)/node/\(chainID)/genesis.bin")
        let enclaves = names.map { EnclaveProcess(folder: folder + $0, genesis: genesis, logPath: "\(logs)/enclave\($0).log") }
        for enclave in enclaves { try await enclave.start() }
        let host = folder + "/host.sock"
        proxy = try EnclaveProxy(path: host, enclave: enclaves[0].socket, recording: recording)
        let sockets = [host] + enclaves.dropFirst().map(\.socket)
        node = try ChildProcess(
            name: "node", executable: Built.path("jupiter"),
            arguments: ["node", "start", chainID, "--home", home, "--port", String(port), "--log-level", "trace"]
                + sockets.flatMap { ["--enclave-socket", $0] },
            environment: ["JUPITER_PASSPHRASE": "a passphrase of the test"], logPath: logs + "/node.log")
        self.enclaves = enclaves
        for _ in 0..<1_200 {
            if let readiness = try? await client.readiness(), readiness.ready { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the node did not become ready: \(node.logTail)")
    }

    /// Signs as the treasury and waits until everything applied.
    func commit(_ messages: [WireMessage], sidecars: [[UInt8]] = []) async throws {
        var builder = try await client.builder(for: treasury.signingKey)
        try await client.commit(builder.sign(messages, sidecars: sidecars))
    }

    /// The enclave, as it proves itself under the genesis that this locality was made with.
    func checkedEnclave(_ id: Hash32) async throws -> CheckedEnclave {
        let genesis = try Genesis(decoding: PrivateFile.read("\(home)/node/\(chainID)/genesis.bin", limit: Limits.genesis))
        return try await client.checkedEnclave(id, on: TrustedChain(genesis))
    }

    /// Waits until both enclaves serve one vault with so many keys.
    func waitForReplica(keys: UInt64) async throws {
        for _ in 0..<600 {
            if case .array(let all) = try await client.json("/v1/status")["enclaves"] ?? .null, all.count == 2,
                all.allSatisfy({ $0["serving"] == .boolean(true) && $0["subjectKeys"]?.unsigned == keys }),
                all[0]["vault"] == all[1]["vault"]
            {
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ClientError.timedOut("the replica")
    }

    /// Ends the processes; the files stay.
    func stop() {
        node.stop()
        for enclave in enclaves { enclave.stop() }
    }

    deinit { stop() }
}
