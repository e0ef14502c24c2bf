import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclavePlatforms
import EnclaveProtocol
import FoundationEssentials
import Glibc
import Primitives
import Synchronization
import WireTypes

/// One line of the enclave's table.
package struct EnclaveBenchmarkRow: Sendable, Codable {
    /// What was measured.
    package let name: String
    package let value: Double
    /// "1/s", "µs", "ratio" or "share" (of an assessment's time).
    package let unit: String
}

/// Adds up the time between the steps that the enclave announces.
private final class StepClock: Sendable {
    private struct State {
        var step = EnclaveStep.other
        var since = ContinuousClock.now
        var times: [EnclaveStep: Duration] = [:]
    }

    private let state = Mutex(State())

    func enter(_ step: EnclaveStep) {
        state.withLock { state in
            let now = ContinuousClock.now
            state.times[state.step, default: .zero] += now - state.since
            (state.step, state.since) = (step, now)
        }
    }

    /// The times since the last call.
    func take() -> [EnclaveStep: Duration] {
        enter(.other)
        return state.withLock { state in
            defer { state.times = [:] }
            return state.times
        }
    }
}

/// Assessments end to end inside the enclave, in one process: checked, run, sealed, durable, and opened once the chain has the commitment.
///
/// - Parameter batch: assessments in one command.
package func enclaveBenchmark(batch: Int = 200, rounds: Int = 5) throws -> [EnclaveBenchmarkRow] {
    let home = "/tmp/jupiter-bench-\(UInt32.random(in: 0 ... .max))"
    mkdir(home, 0o700)
    defer {
        for name in ["vault.log", "sealing-key.simulated"] { unlink(home + "/" + name) }
        rmdir(home)
    }
    let clock = StepClock()
    let node = try BypassedNode()
    let enclave = try Enclave(
        platform: SimulatedPlatform(home: home), storage: VaultFile(path: home + "/vault.log", directory: home), genesis: node.genesis,
        observer: { clock.enter($0) })
    let bench = try BenchScene(node: node, subjects: batch) { enclave.handle($0) }
    let count = Double(batch * rounds)
    var (run, opened) = (Duration.zero, Duration.zero)
    var times: [EnclaveStep: Duration] = [:]
    var cryptography: AssessmentCryptography?
    for round in 0...rounds {
        let work = try bench.work()
        _ = clock.take()
        let ran = try bench.exchange(work.message)
        let steps = clock.take()
        let opening = try bench.opening(of: work, after: ran.answer)
        let end = try bench.exchange(opening.message)
        try BenchScene.checkOpened(end.answer)
        cryptography = try AssessmentCryptography(work, opening, recipient: bench.recipient)
        guard round > 0 else { continue }
        (run, opened) = (run + ran.time, opened + end.time)
        times.merge(steps) { $0 + $1 }
    }
    let (each, whole) = (run.microseconds / count, (run + opened).microseconds / count)
    var rows = [
        EnclaveBenchmarkRow(name: "assessments per second, \(batch) a command", value: 1e6 / each, unit: "1/s"),
        EnclaveBenchmarkRow(name: "time of an assessment", value: each, unit: "µs"),
    ]
    for step in EnclaveStep.allCases {
        rows.append(
            EnclaveBenchmarkRow(name: "share of \(step.rawValue)", value: (times[step] ?? .zero).microseconds / count / each, unit: "share")
        )
    }
    rows.append(EnclaveBenchmarkRow(name: "run and opened: assessments per second", value: 1e6 / whole, unit: "1/s"))
    guard let operations = try cryptography?.times() else { return rows }
    let alone = operations.reduce(0) { $0 + $1.microseconds }
    rows += operations.map { EnclaveBenchmarkRow(name: "cryptography alone: \($0.name)", value: $0.microseconds, unit: "µs") }
    rows.append(EnclaveBenchmarkRow(name: "cryptography alone: all of it", value: alone, unit: "µs"))
    rows.append(EnclaveBenchmarkRow(name: "run and opened ÷ cryptography alone (aim ≥ 0.7)", value: alone / whole, unit: "ratio"))
    return rows
}

extension Duration {
    var microseconds: Double { Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12 }
}
