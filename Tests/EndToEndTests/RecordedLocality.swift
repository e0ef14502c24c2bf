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
    let url: String
    let treasury: Wallet
    let recording: String
    private var processes: [ChildProcess] = []
    private let proxy: EnclaveProxy

    init(chainID: String, folder: String) async throws {
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
        processes.append(
            try ChildProcess(
                name: "enclave", executable: Built.path("jupiter-enclave"),
                arguments: ["--home", enclaveFolder, "--socket", socket, "--genesis", "\(home)/node/\(chainID)/genesis.bin"],
                logPath: logs + "/enclave.log"))
        while access(socket, F_OK) != 0 { try await Task.sleep(for: .milliseconds(10)) }
        proxy = try EnclaveProxy(path: host, enclave: socket, recording: recording)
        processes.append(
            try ChildProcess(
                name: "node", executable: Built.path("jupiter"),
                arguments: [
                    "node", "start", chainID, "--home", home, "--port", String(port), "--enclave-socket", host, "--log-level", "trace",
                ], environment: environment, logPath: logs + "/node.log"))
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

    /// Ends the processes; the files stay.
    func stop() { for process in processes.reversed() { process.stop() } }

    deinit { stop() }
}
