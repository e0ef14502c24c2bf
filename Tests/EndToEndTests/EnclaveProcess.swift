import Foundation
import JupiterClient
import LocalFederation
import Testing

/// An enclave with a home of its own that can be killed and started again.
final class EnclaveProcess {
    let folder: String
    private let genesis: String
    private let logPath: String
    private var process: ChildProcess?

    /// - Parameter genesis: the chain's; it must be there by the first start.
    init(folder: String, genesis: String, logPath: String) {
        (self.folder, self.genesis, self.logPath) = (folder, genesis, logPath)
    }

    var socket: String { folder + "/enclave.sock" }

    /// Returns once it listens.
    func start() async throws {
        try PrivateFile.makeFolder(folder)
        // What was killed may hold the vault's lock for a moment longer.
        for _ in 0..<50 {
            let process = try ChildProcess(
                name: "enclave", executable: Built.path("jupiter-enclave"),
                arguments: ["--home", folder, "--socket", socket, "--genesis", genesis], logPath: logPath)
            self.process = process
            if (try? await process.untilListening(at: socket)) != nil { return }
            guard !process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("the enclave does not start: \(process?.logTail ?? "")")
    }

    /// As a power cut would: at once, whatever it is doing.
    func kill() async throws {
        guard let process else { return }
        Glibc.kill(process.processID, SIGKILL)
        while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        self.process = nil
        try? FileManager.default.removeItem(atPath: socket)
    }

    func stop() { process?.stop() }
}
