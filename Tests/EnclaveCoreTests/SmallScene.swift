import AdversarySupport
import Attestation
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import EnclaveWorker
import Primitives
import WireTypes
import WorkerProtocol

/// A served enclave with the spying program, one enrolled subject and its record.
struct SmallScene {
    static let canary = "canary-5b1e"

    let scene: EnclaveScene
    let subject: SceneSubject
    let storage: MemoryVaultStorage
    var node: BypassedNode { scene.node }

    init(
        otherWeights: [UInt64] = [], storage: MemoryVaultStorage = MemoryVaultStorage(), seed: UInt64 = 5,
        consensus: WireConsensusKind = .simplex, programs: any ProgramRunner = InProcessPrograms(), assurance: AssuranceClass = .none,
        genesis adjust: (inout WireGenesis) -> Void = { _ in }
    ) throws {
        let node = try BypassedNode(seed: seed, otherWeights: otherWeights, consensus: consensus, adjust)
        self.storage = storage
        let enclave = try Enclave(
            platform: MemoryPlatform(assurance: assurance), storage: storage, genesis: node.genesis, programs: programs)
        let schema = try Schema(version: 1, fields: [Field("age", .integer), Field("amount", .number), Field("secret", .text)])
        scene = try EnclaveScene(node: node, driver: .inProcess(enclave), schema: schema, seed: seed)
        subject = try scene.makeSubject()
        try scene.start()
        scene.publishDataset()
        try scene.publishProgram(SpyProgram.code, output: SpyProgram.outputSchema)
        try scene.enrol([subject])
        try scene.put(
            DataRecord(["age": .integer(42), "amount": .number(1234.5), "secret": .text(Self.canary)], schema: schema), of: subject)
    }

    /// A grant of age and amount.
    func grant(_ adjust: (inout WireConsentScope) -> Void = { _ in }) throws -> SceneGrant {
        try scene.grant(subject, fields: ["age", "amount"], adjust)
    }

    /// A request for age under `grant`; ends the block.
    func request(
        _ grant: SceneGrant, fields: [String] = ["age"], use: UInt32 = 1, _ adjust: (inout WireRequestAssessment) -> Void = { _ in }
    ) throws -> SceneRequest {
        let request = try scene.request(grant, fields: fields, use: use, adjust)
        try scene.block()
        return request
    }

    /// The name of the one refusal that running gives; empty for a result.
    func refusal(
        _ request: SceneRequest, _ grant: SceneGrant, shared: WireSharedEvidence? = nil,
        _ tamper: (inout WireAssessmentEvidence) throws -> Void = { _ in }
    ) throws -> String {
        var evidence = try scene.evidence(request, grant)
        try tamper(&evidence)
        do { return try scene.run([evidence], shared: shared)[0].failure.name } catch let refusal as Refusal { return refusal.name }
    }
}
