import AdversarySupport
import ChainTypes
import EnclaveProtocol
import Foundation
import LocalFederation
import Primitives
import WireTypes

/// The enclave's three programs, started for the time of a benchmark, all on one core.
private final class BenchProcess {
    struct NoCore: Error {}

    private let home: String
    private let socket: String
    private let process: ChildProcess

    /// - Parameter programs: the folder of jupiter-enclave and its companions.
    init(programs: String, genesis: [UInt8]) throws {
        home = "/tmp/jupiter-bench-\(UInt32.random(in: 0 ... .max))"
        socket = home + "/enclave.sock"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        try Data(genesis).write(to: URL(fileURLWithPath: home + "/genesis.bin"))
        process = try ChildProcess(
            name: "jupiter-enclave", executable: "/usr/bin/taskset",
            arguments: [
                "--cpu-list", try Self.firstCore(), programs + "/jupiter-enclave", "--home", home + "/vault", "--socket", socket,
                "--genesis", home + "/genesis.bin",
            ], logPath: home + "/enclave.log")
    }

    deinit {
        process.stop()
        try? FileManager.default.removeItem(atPath: home)
    }

    /// The first core that this process may use.
    private static func firstCore() throws -> String {
        let name = "Cpus_allowed_list:"
        let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix(name) }) else { throw NoCore() }
        return String(line.dropFirst(name.count).drop { $0 == "\t" }.prefix { $0.isNumber })
    }

    /// A connection, once it listens.
    func connect() async throws -> Int32 {
        try await process.untilListening(at: socket)
        return try UnixSocket.connect(socket)
    }
}

/// The same assessments through the real processes, all on one core: every run in a worker of its own.
///
/// - Parameters:
///   - programs: the folder of jupiter-enclave and its companions, built for release.
///   - batch: assessments in one command.
///   - single: commands of one assessment, whose time is taken one by one.
package func processBenchmark(
    programs: String, batch: Int = 200, rounds: Int = 5, single: Int = 200
) async throws -> [EnclaveBenchmarkRow] {
    let node = try BypassedNode()
    let process = try BenchProcess(programs: programs, genesis: node.genesis.bytes)
    let descriptor = try await process.connect()
    defer { close(descriptor) }
    let bench = try BenchScene(node: node, subjects: batch) { message in
        try EnclaveFraming.write(message, to: descriptor)
        guard let answer = try EnclaveFraming.read(from: descriptor) else { throw EnclaveError.connectionLost }
        return answer
    }
    let first = try bench.exchange(bench.work(of: 1).message).time
    var (run, opened) = (Duration.zero, Duration.zero)
    var alone = 0.0
    for round in 0...rounds {
        let work = try bench.work()
        let ran = try bench.exchange(work.message)
        let opening = try bench.opening(of: work, after: ran.answer)
        let end = try bench.exchange(opening.message)
        try BenchScene.checkOpened(end.answer)
        guard round > 0 else { continue }
        (run, opened) = (run + ran.time, opened + end.time)
        guard round == rounds else { continue }
        alone = try AssessmentCryptography(work, opening, recipient: bench.recipient).times().reduce(0) { $0 + $1.microseconds }
    }
    var times: [Double] = []
    for _ in 0..<single { times.append(try bench.exchange(bench.work(of: 1).message).time.microseconds) }
    times.sort()
    let count = Double(batch * rounds)
    let (each, whole) = (run.microseconds / count, (run + opened).microseconds / count)
    return [
        ("assessments per second, \(batch) a command", 1e6 / each, "1/s"), ("time of an assessment", each, "µs"),
        ("run and opened: assessments per second", 1e6 / whole, "1/s"), ("cryptography alone", alone, "µs"),
        ("run and opened ÷ cryptography alone (aim ≥ 0.7)", alone / whole, "ratio"),
        ("a command of one, median", times[times.count / 2], "µs"),
        ("a command of one, 99th percentile", times[times.count * 99 / 100], "µs"), ("a program's first run", first.microseconds, "µs"),
    ].map { EnclaveBenchmarkRow(name: "through processes: \($0.0)", value: $0.1, unit: $0.2) }
}
