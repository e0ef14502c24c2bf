import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing
import WireTypes

/// One locality with an enclave, every message between the two recorded.
final class RecordedLocality {
    let chainID: String
    let home: String
    let client: NodeClient
    let treasury: Wallet
    let recording: String
    private let enclave: EnclaveProcess
    private let proxy: EnclaveProxy
    private let node: ChildProcess

    init(chainID: String, folder: String) async throws {
        (self.chainID, home, recording) = (chainID, folder + "/home", folder + "/socket.recording")
        try PrivateFile.makeFolder(home + "/logs")
        treasury = try Wallet(name: "treasury")
        let port = try FreePort.take()
        client = try NodeClient(url: "http://127.0.0.1:\(port)")
        let (folder, logs) = ("\(home)/enclave/\(chainID)", home + "/logs")
        try await Built.run(
            [
                "node", "init", chainID, "--home", home, "--allow-simulated-enclaves", "--allocate", "\(treasury.address)=1000000000000",
            ], log: logs + "/init.log")
        enclave = EnclaveProcess(folder: folder, genesis: "\(home)/node/\(chainID)/genesis.bin", logPath: "\(logs)/enclave.log")
        try await enclave.start()
        let host = folder + "/host.sock"
        proxy = try EnclaveProxy(path: host, enclave: enclave.socket, recording: recording)
        node = try ChildProcess(
            name: "node", executable: Built.path("jupiter"),
            arguments: [
                "node", "start", chainID, "--home", home, "--port", String(port), "--log-level", "trace", "--enclave-socket", host,
            ],
            environment: ["JUPITER_PASSPHRASE": Built.passphrase], logPath: logs + "/node.log")
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

    /// Ends the processes; the files stay.
    func stop() {
        node.stop()
        enclave.stop()
    }

    deinit { stop() }
}
