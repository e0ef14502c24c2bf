import EnclaveProtocol
import Foundation
import Glibc
import LocalFederation
import Testing

/// Under load a TPM was once taken for ready between its `bind` and its `listen`, and refused the first connection.
@Suite struct `A program that is slow to listen` {
    private func start(_ script: String, _ folder: String) throws -> ChildProcess {
        try ChildProcess(
            name: "slow", executable: "/usr/bin/python3", arguments: ["-c", script, folder + "/slow.sock"], logPath: folder + "/slow.log")
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "/jupiter-slow-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test func `is waited for until it answers, not until its name is there`() async throws {
        try await withFolder { folder in
            let process = try start(
                """
                import socket, sys, time
                end = socket.socket(socket.AF_UNIX)
                end.bind(sys.argv[1])
                time.sleep(0.5)
                end.listen(1)
                while True: end.accept()
                """, folder)
            defer { process.stop() }
            try await process.untilListening(at: folder + "/slow.sock")
            close(try UnixSocket.connect(folder + "/slow.sock"))
        }
    }

    /// Who waits may not be given a processor for minutes.
    @Test func `is tried once more when the time is over`() async throws {
        try await withFolder { folder in
            let listening = """
                import socket, sys
                end = socket.socket(socket.AF_UNIX)
                end.bind(sys.argv[1])
                end.listen(1)
                while True: end.accept()
                """
            let process = try start(listening, folder)
            defer { process.stop() }
            try await process.untilListening(at: folder + "/slow.sock")
            try await process.untilListening(at: folder + "/slow.sock", seconds: 0)
            await #expect(throws: LocalFederationError.notReady(program: "slow", log: "")) {
                try await process.untilListening(at: folder + "/another.sock", seconds: 0)
            }
        }
    }

    @Test func `and ends before is said so, with its last words`() async throws {
        try await withFolder { folder in
            let process = try start("import sys; sys.exit('no such register')", folder)
            await #expect(throws: LocalFederationError.notReady(program: "slow", log: "no such register")) {
                try await process.untilListening(at: folder + "/slow.sock")
            }
        }
    }
}
