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
    private var processes: [ChildProcess] = []
    private let proxy: EnclaveProxy

    init(chainID: String, folder: String, hasSecondEnclave: Bool = false) async throws {
        (self.chainID, home, recording) = (chainID, folder + "/home", folder + "/socket.recording")
        try PrivateFile.makeFolder(home + "/logs")
        treasury = try Wallet(name: "treasury")
        let environment = ["JUPITER_PASSPHRASE": "a passphrase of the test"]
        let port = try FreePort.take()
        url = "http://127.0.0.1:\(port)"
        client = try NodeClient(url: url)
        let enclaveFolder = "\(home)/enclave/\(chainID)"
        try PrivateFile.makeFolder(enclaveFolder)
        let logs = home + "/logs"

        let made = try ChildProcess(
            name: "init", executable: Built.path("jupiter"),
            arguments: [
                "node", "init", chainID, "--home", home, "--allow-simulated-enclaves", "--allocate", "\(treasury.address)=1000000000000",
            ], environment: environment, logPath: logs + "/init.log")
        while made.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        try #require(made.exitStatus == 0, "\(made.logTail)")

        let (socket, host) = (enclaveFolder + "/enclave.sock", enclaveFolder + "/host.sock")
        let second = enclaveFolder + "-second"
        for (name, folder) in [("enclave", enclaveFolder)] + (hasSecondEnclave ? [("second", second)] : []) {
            try PrivateFile.makeFolder(folder)
            processes.append(
                try ChildProcess(
                    name: name, executable: Built.path("jupiter-enclave"),
                    arguments: [
                        "--home", folder, "--socket", folder + "/enclave.sock", "--genesis", "\(home)/node/\(chainID)/genesis.bin",
                    ], logPath: "\(logs)/\(name).log"))
            while access(folder + "/enclave.sock", F_OK) != 0 { try await Task.sleep(for: .milliseconds(10)) }
        }
        proxy = try EnclaveProxy(path: host, enclave: socket, recording: recording)
        processes.append(
            try ChildProcess(
                name: "node", executable: Built.path("jupiter"),
                arguments: [
                    "node", "start", chainID, "--home", home, "--port", String(port), "--enclave-socket", host, "--log-level", "trace",
                ] + (hasSecondEnclave ? ["--enclave-socket", second + "/enclave.sock"] : []), environment: environment,
                logPath: logs + "/node.log"))
        for _ in 0..<1_200 {
            if let readiness = try? await client.readiness(), readiness.ready { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the node did not become ready: \(processes.last?.logTail ?? "")")
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
    func stop() { for process in processes.reversed() { process.stop() } }

    deinit { stop() }
}
