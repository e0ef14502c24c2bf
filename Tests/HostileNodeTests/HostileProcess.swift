import AdversarySupport
import Foundation
import Primitives
import WireTypes

/// A real `jupiter-enclave` whose host keeps everything that comes out of it.
final class HostileProcess {
    struct NotStarted: Error, CustomStringConvertible { let description: String }

    let home: URL
    let socket: String
    private let folder: URL
    private let log: URL
    private var process: Process?

    init(genesis: [UInt8]) throws {
        // Short: a socket's path has 107 bytes at most.
        folder = URL(fileURLWithPath: "/tmp/jupiter-hostile-\(UInt32.random(in: 0 ... .max))")
        home = folder.appending(path: "home")
        socket = folder.path + "/enclave.sock"
        log = folder.appending(path: "standard-error")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(genesis).write(to: folder.appending(path: "genesis.bin"))
        try Data().write(to: log)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The executable lies beside the test bundle.
    private static var executable: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(
            path: "jupiter-enclave")
    }

    /// Returns when it answers. A vault that has just been killed may still hold its files: then it is tried again.
    func start() throws {
        // Nobody is to reach what was killed through the old socket.
        unlink(socket)
        for _ in 0..<2_400 {
            if try launch() { return }
            usleep(20_000)
        }
        throw NotStarted(description: "jupiter-enclave does not start: \(String(decoding: try standardError().suffix(400), as: UTF8.self))")
    }

    /// Whether it came to answer.
    private func launch() throws -> Bool {
        let process = Process()
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process.executableURL = Self.executable
        process.arguments = ["--home", home.path, "--socket", socket, "--genesis", folder.path + "/genesis.bin"]
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        self.process = process
        for _ in 0..<48_000 {
            let status = HostileScene.message(.status(WireStatusCommand()))
            if let answer = try? HostileSocket(socket).exchange(status), !answer.isEmpty { return true }
            guard process.isRunning else { return false }
            usleep(2_500)
        }
        return false
    }

    var isRunning: Bool { process?.isRunning ?? false }

    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Everything that it wrote to standard output and standard error.
    func standardError() throws -> [UInt8] { [UInt8](try Data(contentsOf: log)) }

    /// Every file of its home, by name.
    func files() throws -> [String: [UInt8]] {
        let files = FileManager.default.enumerator(at: home, includingPropertiesForKeys: [.isRegularFileKey])
        var contents: [String: [UInt8]] = [:]
        while let file = files?.nextObject() as? URL {
            guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            contents[String(file.path.dropFirst(home.path.count + 1))] = [UInt8](try Data(contentsOf: file))
        }
        return contents
    }
}
