import Foundation

/// `powerloss.c`, compiled to be preloaded into programs.
package struct PowerLossShim: Sendable {
    private let library: String

    /// Compiles it into `folder`, where it must stay as long as it is used.
    package init(in folder: String) throws {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("powerloss.c").path
        library = folder + "/powerloss.so"
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = ["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"]
        let errors = Pipe()
        compiler.standardError = errors
        try compiler.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw PowerLossError.shim(text) }
    }

    /// In what environment a program is recorded.
    func environment(directory: String, trace: String) -> [String: String] {
        ["LD_PRELOAD": library, "POWERLOSS_DIRECTORY": directory, "POWERLOSS_TRACE": trace]
    }
}
