import AdversarySupport
import Attestation
import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveProtocol
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import TpmSupport
import WireTypes

/// A person of the drill, with one record.
struct DrillSubject {
    let wallet: SigningKey
    let key: [UInt8]
    let salt: [UInt8]
    let grant: Hash32
    let record: Hash32
    var address: Address { wallet.address }
}

/// Six subjects and a lender on a chain with two enclaves: one simulated, which will be broken, and one on a TPM.
///
/// The first four subjects are assigned to the one that breaks, the last four to the other.
final class DrillScene {
    static let dataset = "credit"
    static let fields = ["age", "amount"]

    let chain: ProvenChain
    let broken: DrillEnclave
    let sound: DrillEnclave
    let subjects: [DrillSubject]
    let lender: SigningKey
    let recipient: SealingPrivateKey
    let schema: Schema
    let program = Digest.plain(SpyProgram.code)
    private var grants: [Hash32: SignedTransaction] = [:]

    init() throws {
        var generator = SeededGenerator(seed: 77)
        lender = try SigningKey.ed25519(seed: generator.bytes(32))
        recipient = try SealingPrivateKey(suite: .x25519, secretBytes: generator.bytes(32))
        subjects = try (0..<6).map { _ in
            DrillSubject(
                wallet: try SigningKey.ed25519(seed: generator.bytes(32)), key: generator.bytes(32), salt: generator.bytes(32),
                grant: generator.hash(), record: generator.hash())
        }
        schema = try Schema(version: 1, fields: [Field("age", .integer), Field("amount", .number), Field("secret", .text)])
        chain = try ProvenChain(funded: subjects.map(\.address) + [lender.address]) { genesis in
            (genesis.allowSimulatedEnclaves, genesis.allowSoftwareTpm) = (true, true)
        }
        for _ in 0..<2 { try chain.block() }
        broken = try DrillEnclave(on: chain, DrillPlatform(seed: 1))
        sound = try DrillEnclave(on: chain, DrillPlatform(tpm: TestTpm(), seed: 2))
        for enclave in [broken, sound] {
            let code = try enclave.start()
            precondition(code == 0, "registered: \(code)")
        }
        try publish()
        for enclave in [broken, sound] {
            try enclave.catchUp()
            try enclave.load(SpyProgram.code)
            try enrol(subjects(of: enclave), with: enclave)
        }
        for subject in subjects { try putAndGrant(subject) }
    }

    /// The assignment: to whose vault each subject gave its key.
    func subjects(of enclave: DrillEnclave) -> [DrillSubject] { Array(enclave.id == broken.id ? subjects[..<4] : subjects[2...]) }

    private func submit(_ message: WireMessage, by key: SigningKey, sidecars: [[UInt8]] = []) throws {
        let code = try chain.submit(message, by: key, sidecars: sidecars).code
        precondition(code == 0, "the scene is set: \(code)")
    }

    private func publish() throws {
        var dataset = WirePublishDataset()
        (dataset.dataset, dataset.schema, dataset.residency) = (Self.dataset, .init(schema.encoding), .local)
        (dataset.metadata.name, dataset.minimumCohort) = ("Credit", 2)
        try submit(WireMessage(.publishDataset(dataset)), by: chain.operatorKey)
        var message = WirePublishProgram()
        let output = try SpyProgram.outputSchema
        message.codeHash = .init(program.bytes)
        (message.manifest.name, message.manifest.version, message.manifest.kind) = ("spy", "1", .assessment)
        (message.manifest.fuel, message.manifest.maximumOutput) = (10_000_000, UInt32(output.maximumBytes))
        message.manifest.outputSchema = .init(output.encoding)
        let sidecar = Sidecar.make(SpyProgram.code, salt: [UInt8](repeating: 1, count: 32))
        (message.commitment, message.size) = (.init(Sidecar.commitment(sidecar).bytes), UInt32(sidecar.count))
        try submit(WireMessage(.publishProgram(message)), by: chain.operatorKey, sidecars: [sidecar])
    }

    private func enrol(_ subjects: [DrillSubject], with enclave: DrillEnclave) throws {
        var command = WireEnrolCommand()
        command.enrolments = try subjects.map { subject in
            var wire = WireEnrolment()
            (wire.chainID, wire.subject, wire.dataset) = (chain.chainID, .init(subject.address.bytes), Self.dataset)
            (wire.subjectKey, wire.salt) = (.init(subject.key), .init(subject.salt))
            wire.publicKey = subject.wallet.verificationKey.wire
            let commitment = EnclaveStatement.subjectKeyCommitment(key: subject.key, salt: subject.salt)
            let statement = EnclaveStatement.enrolment(
                chainID: chain.chainID, enclave: enclave.id, dataset: Self.dataset, commitment: commitment)
            wire.signature = .init(try subject.wallet.sign(statement, context: .enrolment))
            return try SealingPublicKey(enclave.session.key).seal(
                wire.encoded(), context: .enrolmentBox, associated: Array(chain.chainID.utf8)
            ).wire
        }
        guard case .enrol(let answer) = try enclave.perform(.enrol(command)) else { throw EnclaveError.unexpectedAnswer }
        for (subject, outcome) in zip(subjects, answer.outcomes) {
            var message = WireEnrolSubjectKey()
            (message.dataset, message.enclave) = (Self.dataset, .init(enclave.id.bytes))
            (message.commitment, message.vaultVersion, message.receipt) = (outcome.commitment, outcome.vaultVersion, outcome.receipt)
            try submit(WireMessage(.enrolSubjectKey(message)), by: subject.wallet)
        }
    }

    private func putAndGrant(_ subject: DrillSubject) throws {
        let tree = RecordKeyTree(subjectKey: try AuthenticatedEncryption.key(subject.key))
        let record = try DataRecord(["age": .integer(42), "amount": .number(1234.5), "secret": .text("s3")], schema: schema)
        let box = try AuthenticatedEncryption.seal(
            record.encode(schema), key: tree.recordKey(3), context: .record, associated: binding(subject))
        let sidecar = Sidecar.make(box, salt: [UInt8](repeating: 4, count: 32))
        var put = WirePutRecord()
        (put.dataset, put.record, put.schemaVersion, put.keyIndex) = (Self.dataset, .init(subject.record.bytes), 1, 3)
        (put.commitment, put.size) = (.init(Sidecar.commitment(sidecar).bytes), UInt32(sidecar.count))
        try submit(WireMessage(.putRecord(put)), by: subject.wallet, sidecars: [sidecar])
        var grant = WireGrantConsent()
        grant.grant = .init(subject.grant.bytes)
        (grant.scope.recipient, grant.scope.dataset) = (.init(lender.address.bytes), Self.dataset)
        (grant.scope.fields, grant.scope.purpose) = (Self.fields, "CustomerManagement")
        grant.scope.programs = [.init(program.bytes)]
        (grant.scope.validFrom, grant.scope.validUntil) = (chain.time, chain.time + 36_000_000)
        (grant.scope.maximumUses, grant.scope.price, grant.scope.localities) = (100, 50, [chain.chainID])
        (grant.scope.noticeHash, grant.scope.legalBasis) = (.init(repeating: 3, count: 32), "Consent")
        let transaction = try chain.sign([WireMessage(.grantConsent(grant))], by: subject.wallet)
        let code = try chain.block([transaction])[0].code
        precondition(code == 0, "granted: \(code)")
        grants[subject.grant] = transaction
    }

    func binding(_ subject: DrillSubject) -> [UInt8] {
        EnclaveStatement.recordBinding(
            chainID: chain.chainID, dataset: Self.dataset, record: subject.record, schema: schema.encoding, owner: subject.address)
    }

    /// The ciphertext of the subject's record, which everybody has.
    func ciphertext(_ subject: DrillSubject) throws -> [UInt8] {
        let key = StateKey.record(subject.address, dataset: Self.dataset, record: subject.record)
        guard let record: WireRecord = try chain.value(key), let commitment = Hash32(record.commitment),
            let sidecar = chain.sidecars[commitment], let box = Sidecar.content(sidecar)
        else { return [] }
        return Array(box)
    }

    // MARK: Jobs

    /// A request about `subject`, taken in; the lender names the enclaves that are to confirm each other.
    func request(_ subject: DrillSubject, enclaves: [DrillEnclave]) throws -> (code: UInt32, id: Hash32) {
        var message = WireRequestAssessment()
        (message.subject, message.grant) = (.init(subject.address.bytes), .init(subject.grant.bytes))
        (message.dataset, message.program) = (Self.dataset, .init(program.bytes))
        (message.purpose, message.fields, message.price) = ("CustomerManagement", ["age"], 50)
        message.recipientKey = recipient.publicKey.wire
        message.deadline = chain.time + 600_000
        message.enclaves = enclaves.map(\.id).sorted().map { .init($0.bytes) }
        if enclaves.count > 1 { (message.demand.confirmations, message.demand.distinctPlatforms) = (UInt32(enclaves.count), true) }
        return try chain.submit(WireMessage(.requestAssessment(message)), by: lender)
    }

    func assessment(_ id: Hash32) throws -> WireAssessment { try chain.value(StateKey.assessment(id)) ?? WireAssessment() }

    /// What a node shows `enclave` about the job, under a new header.
    func evidence(_ id: Hash32, _ subject: DrillSubject, for enclave: DrillEnclave) throws -> WireRunAssessmentsCommand {
        try chain.block()
        try enclave.catchUp()
        let assessment = try assessment(id)
        var evidence = WireAssessmentEvidence()
        let request = Hash32(assessment.transactionID).flatMap { chain.transactions[$0] }
        (evidence.requestTransaction, evidence.grantTransaction) = (.init(request ?? []), .init(grants[subject.grant]?.bytes ?? []))
        evidence.assessment = try chain.prove(StateKey.assessment(id))
        evidence.consent = try chain.prove(StateKey.consent(subject.address, grant: subject.grant))
        evidence.subjectKey = try chain.prove(StateKey.subjectKey(subject.address, dataset: Self.dataset, enclave: enclave.id))
        let key = StateKey.record(subject.address, dataset: Self.dataset, record: subject.record)
        var record = WireRecordEvidence()
        record.record = try chain.prove(key)
        let commitment = try chain.value(key, as: WireRecord.self).flatMap { Hash32($0.commitment) }
        record.sidecar = .init(commitment.flatMap { chain.sidecars[$0] } ?? [])
        evidence.records = [record]
        evidence.enclaves = try assessment.request.enclaves.compactMap { Hash32($0) }.map { try chain.prove(StateKey.enclave($0)) }
        evidence.sealedResult = .init(Hash32(assessment.commitment).flatMap { chain.sidecars[$0] } ?? [])
        var command = WireRunAssessmentsCommand()
        command.shared.height = chain.height
        command.shared.dataset = try chain.prove(StateKey.dataset(Self.dataset))
        command.shared.program = try chain.prove(StateKey.program(program))
        command.shared.punctures = try chain.prove(StateKey.punctureLog)
        command.assessments = [evidence]
        return command
    }

    /// Lets an enclave run the job and posts its commitment.
    func commit(_ id: Hash32, _ subject: DrillSubject, by enclave: DrillEnclave) throws -> UInt32 {
        let run = try enclave.run(evidence(id, subject, for: enclave))
        precondition(!run.hasFailure, run.failure.name)
        var message = WireCommitAssessment()
        (message.id, message.enclave, message.commitment) = (run.id, .init(enclave.id.bytes), run.commitment)
        (message.size, message.signature) = (UInt32(run.sealedResult.count), run.signature)
        if run.hasTerms { message.terms = run.terms }
        return try chain.submit(WireMessage(.commitAssessment(message)), by: chain.operatorKey, sidecars: [[UInt8](run.sealedResult)]).code
    }

    /// Lets an enclave confirm the job and posts what it says, a refusal included.
    func confirm(_ id: Hash32, _ subject: DrillSubject, by enclave: DrillEnclave) throws -> UInt32 {
        let shown = try evidence(id, subject, for: enclave)
        var command = WireConfirmAssessmentsCommand()
        (command.shared, command.assessments) = (shown.shared, shown.assessments)
        let outcome = try enclave.confirm(command)
        guard !outcome.hasFailure else {
            precondition(!outcome.signature.isEmpty, outcome.failure.name)
            var message = WireRefuseAssessment()
            (message.id, message.enclave) = (outcome.id, .init(enclave.id.bytes))
            (message.code, message.signature) = (outcome.failure.code, outcome.signature)
            return try chain.submit(WireMessage(.refuseAssessment(message)), by: chain.operatorKey).code
        }
        var message = WireConfirmAssessment()
        (message.id, message.enclave) = (outcome.id, .init(enclave.id.bytes))
        (message.outputHash, message.signature) = (outcome.outputHash, outcome.signature)
        return try chain.submit(WireMessage(.confirmAssessment(message)), by: chain.operatorKey).code
    }

    /// Lets the enclave open its result; the name of its refusal, or the chain's code.
    func open(_ id: Hash32, by enclave: DrillEnclave) throws -> (failure: String, code: UInt32) {
        try chain.block()
        try enclave.catchUp()
        var command = WireOpenAssessmentsCommand()
        command.height = chain.height
        command.assessments = [try chain.prove(StateKey.assessment(id))]
        command.punctures = try chain.prove(StateKey.punctureLog)
        guard case .openAssessments(let answer) = try enclave.perform(.openAssessments(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        let outcome = answer.outcomes[0]
        guard !outcome.hasFailure else { return (outcome.failure.name, 0) }
        var message = WireOpenAssessment()
        (message.id, message.enclave) = (outcome.id, .init(enclave.id.bytes))
        (message.keyBox, message.signature) = (outcome.keyBox, outcome.signature)
        return ("", try chain.submit(WireMessage(.openAssessment(message)), by: chain.operatorKey).code)
    }

    /// What the lender reads, if the job was opened: the input that the spying program saw.
    func read(_ id: Hash32, signedBy enclave: DrillEnclave) throws -> [UInt8] {
        let assessment = try assessment(id)
        guard let commitment = Hash32(assessment.commitment), let sidecar = chain.sidecars[commitment] else { return [] }
        let signed = try ResultEnvelope.open(sidecar, keyBox: SealedBox(assessment.keyBox), job: id, with: recipient)
        let result = try ResultEnvelope.verify(signed, job: id, chainID: chain.chainID, enclave: enclave.identity)
        return try SpyProgram.seen([UInt8](result.output))
    }

    /// The honest answer to a request for the age.
    var honest: [UInt8] {
        get throws {
            var batch = try RowBatch(schema: schema, fields: ["age"])
            try batch.appendRow([.integer(42)])
            return batch.encode()
        }
    }

    func balance(_ address: Address) throws -> UInt64 { try chain.value(StateKey.account(address), as: WireAccount.self)?.balance ?? 0 }
}
