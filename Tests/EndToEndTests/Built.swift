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

    static func path(_ name: String) throws -> String { try #require(folder) + "/" + name }

    /// Runs one command of `jupiter` to its end, which has to be a good one.
    static func run(_ arguments: [String], passphrase: String = "a passphrase of the test", log: String) async throws {
        let command = try ChildProcess(
            name: arguments.first ?? "jupiter", executable: path("jupiter"), arguments: arguments,
            environment: ["JUPITER_PASSPHRASE": passphrase], logPath: log)
        while command.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        try #require(command.exitStatus == 0, "\(command.logTail)")
    }
}
