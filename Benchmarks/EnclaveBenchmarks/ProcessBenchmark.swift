import AdversarySupport
import ChainTypes
import EnclaveProtocol
import Foundation
import Primitives
import WireTypes

/// The enclave's three programs, started for the time of a benchmark.
private final class BenchProcess {
    struct NotStarted: Error {}

    let socket: String
    private let home: String
    private let process = Process()

    /// - Parameter programs: the folder of jupiter-enclave and its companions.
    init(programs: String, genesis: [UInt8]) throws {
        home = "/tmp/jupiter-bench-\(UInt32.random(in: 0 ... .max))"
        socket = home + "/enclave.sock"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        try Data(genesis).write(to: URL(fileURLWithPath: home + "/genesis.bin"))
        process.executableURL = URL(fileURLWithPath: programs + "/jupiter-enclave")
        process.arguments = ["--home", home + "/vault", "--socket", socket, "--genesis", home + "/genesis.bin"]
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        if process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(atPath: home)
    }

    /// A connection, once it listens.
    func connect() throws -> Int32 {
        for _ in 0..<2_000 where process.isRunning {
            if let descriptor = try? UnixSocket.connect(socket) { return descriptor }
            usleep(5_000)
        }
        throw NotStarted()
    }
}

/// The same assessments through the real processes: every run in a worker of its own.
///
/// - Parameters:
///   - programs: the folder of jupiter-enclave and its companions, built for release.
///   - batch: assessments in one command.
///   - single: commands of one assessment, whose time is taken one by one.
package func processBenchmark(
    programs: String, batch: Int = 200, rounds: Int = 5, single: Int = 200
) throws -> [EnclaveBenchmarkRow] {
    let node = try BypassedNode()
    let process = try BenchProcess(programs: programs, genesis: node.genesis.bytes)
    let descriptor = try process.connect()
    defer { close(descriptor) }
    let bench = try BenchScene(node: node, subjects: batch) { message in
        try EnclaveFraming.write(message, to: descriptor)
        guard let answer = try EnclaveFraming.read(from: descriptor) else { throw EnclaveError.connectionLost }
        return answer
    }
    let first = try bench.round(of: 1) { {} }.time
    _ = try bench.round { {} }
    var total = Duration.zero
    for _ in 0..<rounds { total += try bench.round { {} }.time }
    var alone: [Double] = []
    for _ in 0..<single { alone.append(try bench.round(of: 1) { {} }.time.microseconds) }
    alone.sort()
    let each = total.microseconds / Double(batch * rounds)
    return [
        EnclaveBenchmarkRow(name: "through processes: assessments per second, \(batch) a command", value: 1e6 / each, unit: "1/s"),
        EnclaveBenchmarkRow(name: "through processes: time of an assessment", value: each, unit: "µs"),
        EnclaveBenchmarkRow(name: "through processes: a command of one, median", value: alone[alone.count / 2], unit: "µs"),
        EnclaveBenchmarkRow(name: "through processes: a command of one, 99th percentile", value: alone[alone.count * 99 / 100], unit: "µs"),
        EnclaveBenchmarkRow(name: "through processes: a program's first run", value: first.microseconds, unit: "µs"),
    ]
}
