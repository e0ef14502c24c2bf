import Foundation

/// A program of the system, run to its end.
enum Tool {
    static func run(
        _ path: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// A command of tpm2-tools on the TPM of a test.
    static func tpm2(_ tpm: TestTPM, _ path: String, _ arguments: String...) throws -> (status: Int32, output: String) {
        try run(path, arguments, environment: ["TPM2TOOLS_TCTI": tpm.text])
    }
}
