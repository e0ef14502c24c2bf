import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveProtocol
import Foundation
import Primitives
import WireTypes

/// Subjects with records and grants, ready for rounds of requests.
final class BenchScene {
    private let scene: EnclaveScene
    private let respond: ([UInt8]) throws -> [UInt8]
    private let fields: [String]
    private var grants: [SceneGrant] = []
    private var use: UInt32 = 0

    /// Fresh requests, and the message that shows them to the enclave.
    struct Work {
        let requests: [SceneRequest]
        let command: WireRunAssessmentsCommand
        let message: [UInt8]
        /// Of the state that its proofs are under.
        let root: Hash32
    }

    /// What the enclave made of them, and the message that has it opened.
    struct Opening {
        let outcomes: [WireRunOutcome]
        let command: WireOpenAssessmentsCommand
        let message: [UInt8]
        let root: Hash32
    }

    private struct Failed: Error {}

    /// - Parameter respond: one message to the enclave, and its answer.
    init(node: BypassedNode, subjects count: Int, respond: @escaping ([UInt8]) throws -> [UInt8]) throws {
        self.respond = respond
        let numbers = ["amount_dm", "duration_months", "existing_credits", "installment_rate"]
        let codes = [
            "checking": "A11", "history": "A34", "purpose": "A43", "savings": "A65", "employment": "A75", "debtors": "A101",
            "property": "A121", "other_plans": "A143", "housing": "A152",
        ]
        fields = (numbers + codes.keys).sorted()
        let schema = try Schema(version: 1, fields: fields.map { Field($0, codes[$0] == nil ? .integer : .text) })
        // The suite that a wallet has unless told otherwise.
        scene = try EnclaveScene(node: node, driver: .bytes(respond), schema: schema, suite: .xwing)
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

    /// The credit assessor: what the demo runs.
    private static func program() throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: "Contracts/build-output/credit-assessor.wasm") else { throw Failed() }
        return [UInt8](data)
    }

    /// Whom results are sealed to.
    var recipient: SealingPublicKey { scene.recipient.publicKey }

    /// Fresh requests, one for each subject, each with its own request transaction.
    /// - Parameter count: of how many subjects; without, of all.
    func work(of count: Int? = nil) throws -> Work {
        use += 1
        let grants = grants.prefix(count ?? grants.count)
        let requests = try grants.map { try scene.request($0, fields: fields, use: use) }
        try scene.block()
        var command = WireRunAssessmentsCommand()
        command.shared = try scene.sharedEvidence()
        command.assessments = try zip(requests, grants).map { try scene.evidence($0, $1) }
        return Work(requests: requests, command: command, message: Self.message(.runAssessments(command)), root: try root())
    }

    /// Has the chain take in the commitments of `answer`.
    func opening(of work: Work, after answer: [UInt8]) throws -> Opening {
        let outcomes = try Self.response(answer).runAssessments.outcomes
        guard outcomes.count == work.requests.count, !outcomes.contains(where: \.hasFailure) else { throw Failed() }
        var command = WireOpenAssessmentsCommand()
        for (request, outcome) in zip(work.requests, outcomes) {
            scene.write(request, use: use) { value in
                value.status = .committed
                value.enclave = .init(self.scene.enclaveID.bytes)
                value.commitment = outcome.commitment
            }
        }
        try scene.block()
        command.height = scene.node.height
        command.assessments = try work.requests.map { try scene.node.prove(StateKey.assessment($0.id)) }
        command.punctures = try scene.node.prove(StateKey.punctureLog)
        return Opening(outcomes: outcomes, command: command, message: Self.message(.openAssessments(command)), root: try root())
    }

    private func root() throws -> Hash32 {
        guard let header = scene.node.header else { throw Failed() }
        return header.stateRoot
    }

    /// One message and its answer, and the time between.
    func exchange(_ message: [UInt8]) throws -> (time: Duration, answer: [UInt8]) {
        let start = ContinuousClock.now
        let answer = try respond(message)
        return (ContinuousClock.now - start, answer)
    }

    static func checkOpened(_ answer: [UInt8]) throws {
        let outcomes = try response(answer).openAssessments.outcomes
        guard !outcomes.isEmpty, outcomes.allSatisfy({ $0.hasKeyBox && !$0.hasFailure }) else { throw Failed() }
    }

    private static func message(_ command: WireEnclaveRequest.OneOf_Command) -> [UInt8] {
        var request = WireEnclaveRequest()
        request.id = 1
        request.command = command
        return request.encoded()
    }

    private static func response(_ answer: [UInt8]) throws -> WireEnclaveResponse {
        try WireEnclaveResponse(strictly: answer, limit: EnclaveFraming.maximumBytes)
    }
}
