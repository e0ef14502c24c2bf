import Foundation
import LocalFederation
import Testing

/// The built programs beside the tests.
enum Built {
    static let folder: String? = {
        let start = (CommandLine.arguments[0] as NSString).deletingLastPathComponent
        let candidates = [start, (start as NSString).deletingLastPathComponent]
        let found = candidates.first { folder in
            ["jupiter", "jupiter-enclave"].allSatisfy { FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
        }
        if found == nil { print("skipped: jupiter and jupiter-enclave are not built beside the tests") }
        return found
    }()

    /// The repository, by this file's place.
    static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    /// Whether the Wasm programs are there too.
    static let isComplete: Bool = {
        let programs = FileManager.default.fileExists(atPath: root + "/Contracts/build-output/credit-assessor.wasm")
        if !programs { print("skipped: the programs are not built (Contracts/build)") }
        return folder != nil && programs
    }()

    /// Of every file with keys that the tests have made.
    static let passphrase = "a passphrase of the test"

    static func path(_ name: String) throws -> String { try #require(folder) + "/" + name }

    /// Begins one command of `jupiter`.
    static func begin(_ arguments: [String], log: String) throws -> ChildProcess {
        try ChildProcess(
            name: arguments.first ?? "jupiter", executable: path("jupiter"), arguments: arguments,
            environment: ["JUPITER_PASSPHRASE": passphrase], logPath: log)
    }

    /// What the command ended with.
    static func end(of command: ChildProcess) async throws -> Int32? {
        while command.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        return command.exitStatus
    }

    /// Runs one command of `jupiter` to its end, which has to be a good one.
    static func run(_ arguments: [String], log: String) async throws {
        let command = try begin(arguments, log: log)
        let status = try await end(of: command)
        try #require(status == 0, "\(arguments): \(command.logTail)")
    }
}
