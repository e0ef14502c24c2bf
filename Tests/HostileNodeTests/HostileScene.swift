import AdversarySupport
import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import Foundation
import HolderSupport
import Primitives
import WireTypes

/// Where the enclave under attack runs.
enum Backend: String, CaseIterable, Sendable {
    case inProcess
    /// The real program behind its socket.
    case process
}

/// An enclave with secrets that the test knows, in the hands of a node that holds its chain's validators' keys.
final class HostileScene {
    /// Values that occur nowhere by chance.
    static let age: Int64 = 0x5EC2_E7A6_E04B_1D37
    static let amount = Double(bitPattern: 0x4093_5EC2_E7B7_C9A1)
    static let canary = "canary of the hostile node, 9f2c51d8"
    private static let platformSeed: UInt64 = 99

    let backend: Backend
    let node: BypassedNode
    let scene: EnclaveScene
    let subject: SceneSubject
    /// Whom the genesis names.
    let holders: TestHolders
    let transcript = HostTranscript()
    private(set) var detector = LeakDetector()
    private var secrets: [String: [UInt8]] = [:]
    private var storage: MemoryVaultStorage
    private var process: HostileProcess?
    private var starts = 0

    init(_ backend: Backend, seed: UInt64 = 5, otherWeights: [UInt64] = []) throws {
        self.backend = backend
        let holders = try TestHolders()
        self.holders = holders
        node = try BypassedNode(seed: seed, otherWeights: otherWeights) { $0.recoveryPlan = holders.plan() }
        storage = MemoryVaultStorage()
        if backend == .process { process = try HostileProcess(genesis: node.genesis.bytes) }
        scene = try EnclaveScene(
            node: node, driver: .bytes { _ in throw HostileSocket.Broken(description: "not started") }, schema: Self.schema, seed: seed)
        subject = try scene.makeSubject()
        try restart()
        try scene.start()
        try Self.furnish(scene, subject)
        try scene.block()
        try learnSecrets()
    }

    static var schema: Schema {
        get throws { try Schema(version: 1, fields: [Field("age", .integer), Field("amount", .number), Field("secret", .text)]) }
    }

    static var record: DataRecord {
        get throws {
            try DataRecord(["age": .integer(age), "amount": .number(amount), "secret": .text(canary)], schema: schema)
        }
    }

    /// Dataset, program, the subject's key and its record.
    private static func furnish(_ scene: EnclaveScene, _ subject: SceneSubject) throws {
        scene.publishDataset()
        try scene.publishProgram(SpyProgram.code, output: SpyProgram.outputSchema)
        try scene.enrol([subject])
        try scene.put(record, of: subject)
    }

    // MARK: The enclave

    /// Kills the enclave and starts it again on its vault; it does not serve yet.
    func restart() throws {
        starts += 1
        let place = "answers of start \(starts)"
        let exchange: ([UInt8]) throws -> [UInt8]
        if let process {
            process.kill()
            try process.start()
            let socket = try HostileSocket(process.socket)
            exchange = { try socket.exchange($0) }
        } else {
            storage = MemoryVaultStorage(try storage.contents())
            let enclave = try Enclave(
                platform: MemoryPlatform(seed: Self.platformSeed), storage: storage, genesis: node.genesis)
            exchange = { enclave.handle($0) }
        }
        scene.driver = .bytes { [transcript] request in
            let answer = try exchange(request)
            transcript.append(place, answer)
            return answer
        }
    }

    /// Whether the node's chain can still be followed: no block's time stands still or goes back.
    var isClockHonest: Bool {
        let times = node.headers.compactMap { try? BlockHeader(decoding: [UInt8]($0.header)).time }
        return zip(times, times.dropFirst()).allSatisfy(<)
    }

    /// Sends raw bytes as one message and returns the answer.
    func exchange(_ message: [UInt8]) throws -> WireEnclaveResponse {
        guard case .bytes(let exchange) = scene.driver else { throw HostileSocket.Broken(description: "no driver") }
        return try WireEnclaveResponse(strictly: exchange(message), limit: EnclaveFraming.maximumBytes)
    }

    /// The whole answer to a command, refusals included.
    func answer(_ command: WireEnclaveRequest.OneOf_Command) throws -> WireEnclaveResponse.OneOf_Answer {
        guard let answer = try exchange(Self.message(command)).answer else { throw EnclaveError.malformedAnswer }
        return answer
    }

    /// The names of an answer's refusals: of the command, or one for each of its items, empty where there is none.
    func names(_ command: WireEnclaveRequest.OneOf_Command) throws -> [String] { Self.names(try answer(command)) }

    static func message(_ command: WireEnclaveRequest.OneOf_Command, id: UInt64 = 7) -> [UInt8] {
        var request = WireEnclaveRequest()
        request.id = id
        request.command = command
        return request.encoded()
    }

    static func names(_ answer: WireEnclaveResponse.OneOf_Answer) -> [String] {
        switch answer {
        case .failure(let failure): [failure.name]
        case .enrol(let answer): answer.outcomes.map(\.failure.name)
        case .runAssessments(let answer): answer.outcomes.map(\.failure.name)
        case .openAssessments(let answer): answer.outcomes.map(\.failure.name)
        case .runSubscription(let answer): [answer.outcome.failure.name]
        case .openSubscription(let answer): [answer.outcome.failure.name]
        case .grantKeys(let answer): answer.outcomes.map(\.failure.name)
        case .confirmAssessments(let answer): answer.outcomes.map(\.failure.name)
        default: [""]
        }
    }

    /// The vault as it lies on the host's disk.
    func vault() throws -> [UInt8] {
        guard let process else { return try storage.contents() }
        // Of the store's two files one counts; the other is empty.
        let files = try process.files()
        return [files["vault.log"], files["vault.log.2"]].compactMap(\.self).first { !$0.isEmpty } ?? []
    }

    // MARK: Jobs

    /// A grant of age and amount.
    func grant(_ adjust: (inout WireConsentScope) -> Void = { _ in }) throws -> SceneGrant {
        try scene.grant(subject, fields: ["age", "amount"], adjust)
    }

    /// A request for the age under `grant`; ends the block and shows it to the enclave.
    func request(
        _ grant: SceneGrant, fields: [String] = ["age"], use: UInt32 = 1, signedBy signer: SigningKey? = nil,
        _ adjust: (inout WireRequestAssessment) -> Void = { _ in }
    ) throws -> SceneRequest {
        let request = try scene.request(grant, fields: fields, use: use, signedBy: signer, adjust)
        try scene.block()
        return request
    }

    func runCommand(_ request: SceneRequest, _ grant: SceneGrant) throws -> WireRunAssessmentsCommand {
        var command = WireRunAssessmentsCommand()
        command.shared = try scene.sharedEvidence()
        command.assessments = [try scene.evidence(request, grant)]
        return command
    }

    /// Writes into the state that the chain accepted `run`.
    func commit(_ request: SceneRequest, _ run: WireRunOutcome, _ adjust: (inout WireAssessment) -> Void = { _ in }) throws {
        scene.write(request) { value in
            value.status = .committed
            value.enclave = .init(self.scene.enclaveID.bytes)
            value.commitment = run.commitment
            adjust(&value)
        }
        try scene.block()
    }

    func openCommand(_ request: SceneRequest) throws -> WireOpenAssessmentsCommand {
        var command = WireOpenAssessmentsCommand()
        command.height = node.height
        command.assessments = [try node.prove(StateKey.assessment(request.id))]
        command.punctures = try node.prove(StateKey.punctureLog)
        return command
    }

    /// A whole assessment as it should go; what its requester reads.
    @discardableResult
    func assess() throws -> WireResult {
        let grant = try grant()
        let request = try request(grant)
        let run = try scene.run([scene.evidence(request, grant)])[0]
        guard !run.hasFailure else { throw Refusal(run.failure) }
        let opening = try scene.open(request, run)
        guard !opening.hasFailure else { throw Refusal(opening.failure) }
        let result = try scene.read(run.sealedResult, opening.keyBox, job: request.id)
        learn("result key", try scene.recipient.open(SealedBox(opening.keyBox), context: .keyBox, associated: request.id.bytes))
        learn("result", [UInt8](result.output))
        return result
    }

    // MARK: Other histories

    /// The same people and things on another node with the same validators: a fork, or with another `chainID` another chain.
    ///
    /// Everything in it is as true as on the real one, but for the history.
    func shadow(chainID: String = "jupiter-sg", heights: Int = 0) throws -> EnclaveScene {
        let other = try BypassedNode(chainID: chainID, seed: 5) { [holders] in $0.recoveryPlan = holders.plan() }
        // Another time: its headers are others from the first one on.
        other.time += 1
        let shadow = try EnclaveScene(node: other, driver: scene.driver, schema: Self.schema, seed: 5)
        let subject = try shadow.makeSubject()
        try shadow.announce()
        try Self.furnish(shadow, subject)
        repeat { try other.block() } while Int(other.height) < heights
        return shadow
    }

    // MARK: Leaks

    /// Looks for a secret that the test has come to know.
    func learn(_ name: String, _ bytes: [UInt8]) {
        detector.add(name, bytes)
        secrets[name] = bytes
    }

    /// A secret that the detector looks for.
    func secret(_ name: String) throws -> [UInt8] {
        guard let secret = secrets[name] else { throw HostileSocket.Broken(description: "no secret is called \(name)") }
        return secret
    }

    private func learnSecrets() throws {
        let record = try Self.record
        learn("record", try record.encode(Self.schema))
        learn("text field", Array(Self.canary.utf8))
        learn("integer field", withUnsafeBytes(of: Self.age.littleEndian) { Array($0) })
        learn("integer field as text", Array("\(Self.age)".utf8))
        learn("number field", withUnsafeBytes(of: Self.amount.bitPattern.littleEndian) { Array($0) })
        learn("subject key", subject.key)
        learn("subject salt", subject.salt)
        let tree = RecordKeyTree(subjectKey: try AuthenticatedEncryption.key(subject.key))
        learn("record key", try tree.recordKey(3).withUnsafeBytes { [UInt8]($0) })
        let sealingKey: SymmetricKey
        if let process {
            let lines = String(decoding: try process.files()["sealing-key.simulated"] ?? [], as: UTF8.self).split(separator: "\n")
            sealingKey = try AuthenticatedEncryption.key(Hex.decode(lines.last ?? "") ?? [])
        } else {
            sealingKey = try MemoryPlatform(seed: Self.platformSeed).sealingKey()
        }
        let identity = try VaultReader.identity(vault(), key: sealingKey)
        learn("enclave's signing key", [UInt8](identity.signingKey))
        learn("enclave's vault key", [UInt8](identity.vaultKey))
        learn("result secret", [UInt8](identity.resultSecret))
    }

    /// Every secret that the host could read so far: in answers, in what the process printed, in every file of its home.
    ///
    /// The sealing key is looked for nowhere: the `simulated` platform keeps it in a file and says so.
    func leaks() throws -> [LeakDetector.Finding] {
        var found = transcript.findings(detector)
        found += detector.findings(in: try vault(), place: "vault")
        if let process {
            found += detector.findings(in: try process.standardError(), place: "standard error")
            for (name, bytes) in try process.files() { found += detector.findings(in: bytes, place: name) }
        }
        return found
    }

    /// The socket of the real process.
    func connect() throws -> HostileSocket {
        guard let process else { throw HostileSocket.Broken(description: "there is no socket") }
        return try HostileSocket(process.socket)
    }

    var socketPath: String { process?.socket ?? "" }

    var isAlive: Bool { process?.isRunning ?? true }
}
