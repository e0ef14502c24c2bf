import Foundation
import JupiterClient
import Testing

/// The built `jupiter`, run as a person would.
struct Jupiter {
    struct Outcome {
        let status: Int32
        let out: String
        let error: String

        /// Standard output as JSON.
        var json: JSONValue? { try? JSONValue(parsing: Array(out.utf8)) }
        /// Standard error as JSON.
        var errorJSON: JSONValue? { try? JSONValue(parsing: Array(error.utf8)) }
    }

    /// Beside the test bundle; `nil` when the product was not built.
    static let path: String? = {
        let folder = (CommandLine.arguments[0] as NSString).deletingLastPathComponent
        let candidates = [folder, (folder as NSString).deletingLastPathComponent].map { $0 + "/jupiter" }
        let found = candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
        if found == nil { print("skipped: there is no built jupiter beside the tests (swift build --product jupiter)") }
        return found
    }()

    /// A home of its own, removed at the end.
    let home: String

    init() throws {
        home = FileManager.default.temporaryDirectory.appendingPathComponent("jupiter-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: home) }

    @discardableResult
    func run(_ arguments: String..., passphrase: String? = "a passphrase") throws -> Outcome {
        try run(in: arguments, passphrase: passphrase)
    }

    @discardableResult
    func run(in arguments: [String], passphrase: String? = "a passphrase", searching path: String? = nil) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.path))
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["JUPITER_HOME"] = home
        environment["JUPITER_PASSPHRASE"] = passphrase
        environment["JUPITER_NODE"] = "http://127.0.0.1:9"
        if let path { environment["PATH"] = path }
        process.environment = environment
        let (out, error) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = error
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // An answer may be larger than a pipe's buffer; an error is far smaller.
        let answer = out.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, out: String(decoding: answer, as: UTF8.self),
            error: String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
    }
}
