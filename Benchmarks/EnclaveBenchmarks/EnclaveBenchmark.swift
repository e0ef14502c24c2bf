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

/// Assessments end to end inside the enclave: one message in, checked, run, sealed, durable, one message out.
///
/// - Parameters:
///   - code: of the credit assessor, and its schemas: what the demo runs.
///   - batch: assessments in one command.
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
    let measure = {
        _ = clock.take()
        return clock.take
    }
    var total = Duration.zero
    var times: [EnclaveStep: Duration] = [:]
    _ = try bench.round(measuring: measure)
    for _ in 0..<rounds {
        let (time, steps) = try bench.round(measuring: measure)
        total += time
        times.merge(steps) { $0 + $1 }
    }
    let count = Double(batch * rounds)
    let each = total.microseconds / count
    var rows = [
        EnclaveBenchmarkRow(name: "assessments per second, \(batch) a command", value: 1e6 / each, unit: "1/s"),
        EnclaveBenchmarkRow(name: "time of an assessment", value: each, unit: "µs"),
    ]
    for step in EnclaveStep.allCases {
        rows.append(
            EnclaveBenchmarkRow(name: "share of \(step.rawValue)", value: (times[step] ?? .zero).microseconds / count / each, unit: "share")
        )
    }
    let verify = try verification()
    rows.append(EnclaveBenchmarkRow(name: "one Ed25519 verification", value: verify, unit: "µs"))
    rows.append(EnclaveBenchmarkRow(name: "an assessment ÷ two verifications", value: each / (2 * verify), unit: "ratio"))
    return rows
}

extension Duration {
    var microseconds: Double { Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12 }
}

private func verification() throws -> Double {
    let key = SigningKey.ed25519()
    let message = [UInt8](repeating: 7, count: 300)
    let signature = try key.sign(message, context: .transaction)
    let start = ContinuousClock.now
    for _ in 0..<2_000 { try key.verificationKey.verify(signature, of: message, context: .transaction) }
    return (ContinuousClock.now - start).microseconds / 2_000
}

/// Subjects with records and grants, ready for rounds of requests.
final class BenchScene {
    private let scene: EnclaveScene
    private let exchange: ([UInt8]) throws -> [UInt8]
    private let fields: [String]
    private var grants: [SceneGrant] = []

    /// - Parameter exchange: one message to the enclave, and its answer.
    init(node: BypassedNode, subjects count: Int, exchange: @escaping ([UInt8]) throws -> [UInt8]) throws {
        self.exchange = exchange
        let numbers = ["amount_dm", "duration_months", "existing_credits", "installment_rate"]
        let codes = [
            "checking": "A11", "history": "A34", "purpose": "A43", "savings": "A65", "employment": "A75", "debtors": "A101",
            "property": "A121", "other_plans": "A143", "housing": "A152",
        ]
        fields = (numbers + codes.keys).sorted()
        let schema = try Schema(version: 1, fields: fields.map { Field($0, codes[$0] == nil ? .integer : .text) })
        scene = try EnclaveScene(node: node, driver: .bytes(exchange), schema: schema)
        try scene.start()
        scene.publishDataset()
        try scene.publishProgram(
            Self.program(), output: OutputSchema(fields: [.init("probability_bad", .number, minimum: 0, maximum: 1)]))
        let subjects = try (0..<count).map { _ in try scene.makeSubject() }
        try scene.enrol(subjects)
        for (index, subject) in subjects.enumerated() {
            var values: [String: FieldValue] = [:]
            for name in fields { values[name] = codes[name].map { .text($0) } ?? .integer(Int64(1 + index % 4)) }
            try scene.put(DataRecord(values, schema: schema), of: subject)
        }
        grants = try subjects.map { try scene.grant($0, fields: fields) { $0.maximumUses = 10_000 } }
    }

    private struct Missing: Error {}

    private static func program() throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: "Contracts/build-output/credit-assessor.wasm") else { throw Missing() }
        return [UInt8](data)
    }

    private var use: UInt32 = 0

    /// One command of fresh requests, one for each subject, each with its own request transaction.
    ///
    /// - Parameters:
    ///   - count: of how many subjects; without, of all.
    ///   - begin: called just before the command is given, and what it returns just after.
    func round<Result>(of count: Int? = nil, measuring begin: () -> () -> Result) throws -> (time: Duration, result: Result) {
        use += 1
        let grants = grants.prefix(count ?? grants.count)
        let requests = try grants.map { try scene.request($0, fields: fields, use: use) }
        try scene.block()
        var command = WireRunAssessmentsCommand()
        command.shared = try scene.sharedEvidence()
        command.assessments = try zip(requests, grants).map { try scene.evidence($0, $1) }
        var request = WireEnclaveRequest()
        request.id = 1
        request.command = .runAssessments(command)
        let message = request.encoded()
        let end = begin()
        let start = ContinuousClock.now
        let answer = try exchange(message)
        let time = ContinuousClock.now - start
        let result = end()
        let response = try WireEnclaveResponse(strictly: answer, limit: EnclaveFraming.maximumBytes)
        guard response.runAssessments.outcomes.allSatisfy({ !$0.hasFailure }) else { throw Missing() }
        return (time, result)
    }
}
