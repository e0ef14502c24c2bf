import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// A person with a record.
package struct SceneSubject {
    package let wallet: SigningKey
    package let key: [UInt8]
    package let salt: [UInt8]
    /// Which of the subject's keys this is.
    package var epoch: UInt32 = 0
    package var address: Address { wallet.address }
    package var commitment: Hash32 { EnclaveStatement.subjectKeyCommitment(key: key, salt: salt) }

    package init(wallet: SigningKey, key: [UInt8], salt: [UInt8], epoch: UInt32 = 0) {
        (self.wallet, self.key, self.salt, self.epoch) = (wallet, key, salt, epoch)
    }
}

/// A grant as signed and as the state says.
package struct SceneGrant {
    package var id: Hash32
    package var subject: Address
    package var transaction: SignedTransaction
    package var scope: WireConsentScope
}

/// A request as signed.
package struct SceneRequest {
    package var id: Hash32
    package var transaction: SignedTransaction
    package var request: WireRequestAssessment
}

/// Plays all roles around one enclave on the bypassed node: publisher, subjects, requester.
package final class EnclaveScene {
    package static let dataset = "credit"

    package let node: BypassedNode
    package var driver: EnclaveDriver
    package let requester: SigningKey
    package let recipient: SealingPrivateKey
    package let schema: Schema
    package private(set) var enclave = WireStatusAnswer()
    package private(set) var program: Hash32 = .zero
    private var generator: SeededGenerator
    private var sidecars: [Hash32: [UInt8]] = [:]
    private var records: [Address: Hash32] = [:]
    /// Which key each one's newest record is under.
    private var epochs: [Address: UInt32] = [:]
    package private(set) var punctures = PunctureChain()
    private var punctureEntries: [[UInt8]] = []

    package var enclaveID: Hash32 { Hash32(enclave.id) ?? .zero }

    package init(node: BypassedNode, driver: EnclaveDriver, schema: Schema, suite: SealingSuiteID = .x25519, seed: UInt64 = 5) throws {
        generator = SeededGenerator(seed: seed)
        self.node = node
        self.driver = driver
        self.schema = schema
        requester = try SigningKey.ed25519(seed: generator.bytes(32))
        recipient = try SealingPrivateKey(suite: suite, secretBytes: generator.bytes(32))
    }

    // MARK: The enclave's life

    /// Registers the enclave's present anchor and lets it serve.
    package func start() throws {
        try announce()
        try catchUp()
        _ = try driver.perform(.proveAnchor(anchorProof()))
        _ = try provePunctures()
    }

    /// Writes the enclave with its anchor into the state.
    package func announce(_ adjust: (inout WireEnclave) -> Void = { _ in }) throws {
        guard case .status(let status) = try driver.perform(.status(WireStatusCommand())) else { return }
        enclave = status
        var value = WireEnclave()
        value.id = status.id
        value.identity = status.identity
        value.operator = .init(node.validator.address.bytes)
        value.status = .active
        value.assurance = "none"
        value.anchorNonce = status.anchor.nonce
        value.vaultVersion = status.anchor.vaultVersion
        value.vaultRoot = status.anchor.vaultRoot
        adjust(&value)
        node.write(value, at: StateKey.enclave(enclaveID))
        try node.block()
    }

    package func anchorProof() throws -> WireProveAnchorCommand {
        var command = WireProveAnchorCommand()
        command.enclave = try node.prove(StateKey.enclave(enclaveID))
        return command
    }

    /// Gives the enclave every header it lacks.
    package func catchUp() throws {
        guard case .status(let status) = try driver.perform(.status(WireStatusCommand())) else { return }
        var command = WireImportHeadersCommand()
        command.headers = Array(node.headers.dropFirst(Int(status.trustedHeight)))
        guard !command.headers.isEmpty else { return }
        _ = try driver.perform(.importHeaders(command))
    }

    /// Ends a block and shows it to the enclave.
    package func block(milliseconds: UInt64 = 1_000) throws {
        try node.block(milliseconds: milliseconds)
        try catchUp()
    }

    // MARK: Erasures

    /// Adds an entry to the puncture log; visible from the next block on.
    package func puncture(
        _ kind: WireErasureKind, _ subject: Address, dataset: String = "", keyEpoch: UInt32 = 0, keyIndex: UInt32 = 0
    ) {
        var entry = WirePuncture()
        entry.sequence = punctures.count + 1
        entry.kind = kind
        entry.subject = .init(subject.bytes)
        entry.dataset = dataset
        (entry.keyEpoch, entry.keyIndex) = (keyEpoch, keyIndex)
        entry.erasure = .init(generator.bytes(32))
        punctureEntries.append(entry.encoded())
        punctures.append(entry.encoded())
        node.write(punctures.wire, at: StateKey.punctureLog)
    }

    /// The log from what the enclave has applied on.
    /// - Parameter other: another enclave of the chain.
    package func puncturesCommand(of other: EnclaveDriver? = nil) throws -> WireProvePuncturesCommand {
        var command = WireProvePuncturesCommand()
        command.log = try node.prove(StateKey.punctureLog)
        guard case .status(let status) = try (other ?? driver).perform(.status(WireStatusCommand())) else { return command }
        command.entries = punctureEntries.dropFirst(Int(status.punctures)).map { .init($0) }
        return command
    }

    /// The log's entries after the first `count`, encoded.
    package func entries(after count: Int) -> [Data] { punctureEntries.dropFirst(count).map { Data($0) } }

    @discardableResult
    package func provePunctures(to other: EnclaveDriver? = nil) throws -> WireProvePuncturesAnswer {
        guard case .provePunctures(let answer) = try (other ?? driver).perform(.provePunctures(puncturesCommand(of: other))) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    // MARK: What is published

    /// - Parameter falsified: another schema to publish than the one that records are written in.
    package func publishDataset(minimumCohort: UInt32 = 2, falsified: Schema? = nil) {
        var dataset = WireDataset()
        dataset.dataset = Self.dataset
        dataset.owner = .init(node.validator.address.bytes)
        dataset.schema = .init((falsified ?? schema).encoding)
        dataset.schemaVersion = schema.version
        dataset.residency = .local
        dataset.minimumCohort = minimumCohort
        node.write(dataset, at: StateKey.dataset(Self.dataset))
    }

    /// Publishes `code` and gives it to the enclave.
    package func publishProgram(_ code: [UInt8], output: OutputSchema, kind: WireProgramKind = .assessment) throws {
        program = Digest.plain(code)
        var value = WireProgram()
        value.codeHash = .init(program.bytes)
        value.manifest.name = "program"
        value.manifest.version = "1"
        value.manifest.kind = kind
        value.manifest.outputSchema = .init(output.encoding)
        value.manifest.fuel = 10_000_000
        value.manifest.maximumOutput = UInt32(output.maximumBytes)
        node.write(value, at: StateKey.program(program))
        var command = WireLoadProgramCommand()
        command.code = .init(code)
        _ = try driver.perform(.loadProgram(command))
    }

    // MARK: Subjects

    package func makeSubject() throws -> SceneSubject {
        SceneSubject(wallet: try SigningKey.ed25519(seed: generator.bytes(32)), key: generator.bytes(32), salt: generator.bytes(32))
    }

    /// The subject's key, sealed to the enclave.
    package func enrolment(_ subject: SceneSubject, signedBy signer: SigningKey? = nil) throws -> WireSealedMessage {
        var wire = WireEnrolment()
        wire.chainID = node.chainID
        wire.subject = .init(subject.address.bytes)
        wire.dataset = Self.dataset
        wire.subjectKey = .init(subject.key)
        wire.salt = .init(subject.salt)
        wire.keyEpoch = subject.epoch
        wire.publicKey = subject.wallet.verificationKey.wire
        let statement = EnclaveStatement.enrolment(
            chainID: node.chainID, enclave: enclaveID, dataset: Self.dataset, keyEpoch: subject.epoch,
            commitment: subject.commitment)
        wire.signature = .init(try (signer ?? subject.wallet).sign(statement, context: .enrolment))
        return try SealingPublicKey(session().key).seal(
            wire.encoded(), context: .enrolmentBox, associated: Array(node.chainID.utf8)
        ).wire
    }

    /// What is sealed to the enclave now.
    package func session() throws -> WireSessionKey {
        guard case .status(let status) = try driver.perform(.status(WireStatusCommand())) else { throw EnclaveError.unexpectedAnswer }
        return status.session
    }

    /// Enrols and writes the chain's side of it.
    @discardableResult
    package func enrol(_ subjects: [SceneSubject]) throws -> [WireEnrolOutcome] {
        var command = WireEnrolCommand()
        command.enrolments = try subjects.map { try enrolment($0) }
        guard case .enrol(let answer) = try driver.perform(.enrol(command)) else { throw EnclaveError.unexpectedAnswer }
        for subject in subjects {
            var value = WireSubjectKey()
            value.subject = .init(subject.address.bytes)
            value.dataset = Self.dataset
            value.enclave = .init(enclaveID.bytes)
            value.commitment = .init(subject.commitment.bytes)
            value.keyEpoch = subject.epoch
            let key = StateKey.subjectKey(subject.address, dataset: Self.dataset, enclave: enclaveID, epoch: subject.epoch)
            node.write(value, at: key)
        }
        return answer.outcomes
    }

    /// Encrypts and publishes a record.
    package func put(_ record: DataRecord, of subject: SceneSubject) throws {
        let id = generator.hash()
        let tree = RecordKeyTree(subjectKey: try AuthenticatedEncryption.key(subject.key))
        let binding = EnclaveStatement.recordBinding(
            chainID: node.chainID, dataset: Self.dataset, record: id, schema: schema.encoding, owner: subject.address)
        let box = try AuthenticatedEncryption.seal(record.encode(schema), key: tree.recordKey(3), context: .record, associated: binding)
        let sidecar = Sidecar.make(box, salt: generator.bytes(32))
        var value = WireRecord()
        value.record = .init(id.bytes)
        value.dataset = Self.dataset
        value.owner = .init(subject.address.bytes)
        value.schemaVersion = schema.version
        value.commitment = .init(Sidecar.commitment(sidecar).bytes)
        value.size = UInt32(sidecar.count)
        value.keyIndex = 3
        value.keyEpoch = subject.epoch
        value.status = .live
        node.write(value, at: StateKey.record(subject.address, dataset: Self.dataset, record: id))
        sidecars[id] = sidecar
        records[subject.address] = id
        epochs[subject.address] = subject.epoch
    }

    /// The ciphertext of the subject's newest record, and what it is bound to.
    package func ciphertext(of subject: SceneSubject) -> (box: [UInt8], binding: [UInt8])? {
        guard let id = records[subject.address], let sidecar = sidecars[id] else { return nil }
        let binding = EnclaveStatement.recordBinding(
            chainID: node.chainID, dataset: Self.dataset, record: id, schema: schema.encoding, owner: subject.address)
        return (Array(sidecar.dropFirst(Sidecar.saltBytes)), binding)
    }

    /// The subject's newest record.
    package func record(of subject: Address) -> Hash32? { records[subject] }

    /// The same person with its next key.
    package func rotated(_ subject: SceneSubject) throws -> SceneSubject {
        SceneSubject(
            wallet: subject.wallet, key: generator.bytes(32), salt: generator.bytes(32), epoch: subject.epoch + 1)
    }

    // MARK: Transactions

    package func sign(_ kind: WireMessage.OneOf_Kind, by key: SigningKey) throws -> SignedTransaction {
        var message = WireMessage()
        message.kind = kind
        var body = WireTransactionBody()
        body.chainID = node.chainID
        body.sender = .init(key.address.bytes)
        body.validUntil = 1_000_000
        body.nonce = generator.next() >> 8
        body.fee = 1
        body.messages = [message]
        return try SignedTransaction(signing: body, with: key)
    }

    /// A grant of all fields to the requester, signed by the subject, and the consent that the state holds of it.
    package func grant(
        _ subject: SceneSubject, fields: [String], signedBy signer: SigningKey? = nil,
        _ adjust: (inout WireConsentScope) -> Void = { _ in }
    ) throws -> SceneGrant {
        var message = WireGrantConsent()
        message.grant = .init(generator.bytes(32))
        message.scope.recipient = .init(requester.address.bytes)
        message.scope.dataset = Self.dataset
        message.scope.fields = fields.sorted()
        message.scope.purpose = "CustomerManagement"
        message.scope.programs = [.init(program.bytes)]
        message.scope.validFrom = node.time - 1_000
        message.scope.validUntil = node.time + 3_600_000
        message.scope.maximumUses = 3
        message.scope.price = 50
        message.scope.localities = [node.chainID]
        message.scope.noticeHash = .init(generator.bytes(32))
        message.scope.legalBasis = "Consent"
        adjust(&message.scope)
        let transaction = try sign(.grantConsent(message), by: signer ?? subject.wallet)
        let grant = SceneGrant(
            id: Hash32(message.grant) ?? .zero, subject: subject.address, transaction: transaction, scope: message.scope)
        write(grant)
        return grant
    }

    /// Writes the consent of `grant` as the state shall say it.
    package func write(_ grant: SceneGrant, _ adjust: (inout WireConsent) -> Void = { _ in }) {
        var consent = WireConsent()
        consent.grant = .init(grant.id.bytes)
        consent.subject = .init(grant.subject.bytes)
        consent.scope = grant.scope
        consent.status = .active
        consent.version = 1
        consent.transactionID = .init(grant.transaction.id.bytes)
        adjust(&consent)
        node.write(consent, at: StateKey.consent(grant.subject, grant: grant.id))
    }

    /// A request under `grant`, charged as use number `use`, pending in the state.
    package func request(
        _ grant: SceneGrant, fields: [String], use: UInt32 = 1, signedBy signer: SigningKey? = nil,
        _ adjust: (inout WireRequestAssessment) -> Void = { _ in }
    ) throws -> SceneRequest {
        var message = WireRequestAssessment()
        message.subject = .init(grant.subject.bytes)
        message.grant = .init(grant.id.bytes)
        message.dataset = Self.dataset
        message.program = .init(program.bytes)
        message.purpose = "CustomerSolvencyMonitoring"
        message.fields = fields.sorted()
        message.recipientKey = recipient.publicKey.wire
        message.deadline = node.time + 600_000
        message.price = 50
        adjust(&message)
        let transaction = try sign(.requestAssessment(message), by: signer ?? requester)
        let request = SceneRequest(id: transaction.messageIdentifier(0), transaction: transaction, request: message)
        write(request, use: use)
        write(grant) { consent in
            consent.uses = use
            consent.status = use >= grant.scope.maximumUses ? .exhausted : .active
        }
        return request
    }

    /// Writes the assessment of `request` as the state shall say it.
    package func write(_ request: SceneRequest, use: UInt32 = 1, _ adjust: (inout WireAssessment) -> Void = { _ in }) {
        var value = WireAssessment()
        value.id = .init(request.id.bytes)
        value.requester = .init(requester.address.bytes)
        value.request = request.request
        value.transactionID = .init(request.transaction.id.bytes)
        value.status = .pending
        value.useNumber = use
        value.grantVersion = 1
        value.height = node.height
        adjust(&value)
        node.write(value, at: StateKey.assessment(request.id))
    }

    package func requestSubscription(
        _ fields: [String], minimumCohort: UInt32, parameters: [WireProgramParameter]
    ) throws -> (id: Hash32, transaction: SignedTransaction) {
        var message = WireRequestSubscription()
        message.dataset = Self.dataset
        message.program = .init(program.bytes)
        message.purpose = "CustomerSolvencyMonitoring"
        message.fields = fields
        message.parameters = parameters
        message.minimumCohort = minimumCohort
        message.maximumCohort = 10_000
        message.price = 50
        message.recipientKey = recipient.publicKey.wire
        message.deadline = node.time + 600_000
        let transaction = try sign(.requestSubscription(message), by: requester)
        var value = WireSubscription()
        value.id = .init(transaction.messageIdentifier(0).bytes)
        value.requester = .init(requester.address.bytes)
        value.request = message
        value.transactionID = .init(transaction.id.bytes)
        value.status = .pending
        value.height = node.height
        node.write(value, at: StateKey.subscription(transaction.messageIdentifier(0)))
        return (transaction.messageIdentifier(0), transaction)
    }

    // MARK: Evidence

    package func sharedEvidence() throws -> WireSharedEvidence {
        var shared = WireSharedEvidence()
        shared.height = node.height
        shared.dataset = try node.prove(StateKey.dataset(Self.dataset))
        shared.program = try node.prove(StateKey.program(program))
        shared.punctures = try node.prove(StateKey.punctureLog)
        return shared
    }

    private func recordEvidence(_ subject: Address) throws -> [WireRecordEvidence] {
        guard let id = records[subject], let sidecar = sidecars[id] else { return [] }
        var evidence = WireRecordEvidence()
        evidence.record = try node.prove(StateKey.record(subject, dataset: Self.dataset, record: id))
        evidence.sidecar = .init(sidecar)
        return [evidence]
    }

    package func evidence(_ request: SceneRequest, _ grant: SceneGrant) throws -> WireAssessmentEvidence {
        var evidence = WireAssessmentEvidence()
        evidence.requestTransaction = .init(request.transaction.bytes)
        evidence.assessment = try node.prove(StateKey.assessment(request.id))
        evidence.grantTransaction = .init(grant.transaction.bytes)
        evidence.consent = try node.prove(StateKey.consent(grant.subject, grant: grant.id))
        evidence.subjectKey = try node.prove(
            StateKey.subjectKey(
                grant.subject, dataset: Self.dataset, enclave: enclaveID, epoch: epochs[grant.subject] ?? 0))
        evidence.records = try recordEvidence(grant.subject)
        return evidence
    }

    package func contribution(_ grant: SceneGrant) throws -> WireContributionEvidence {
        var evidence = WireContributionEvidence()
        evidence.grantTransaction = .init(grant.transaction.bytes)
        evidence.consent = try node.prove(StateKey.consent(grant.subject, grant: grant.id))
        evidence.subjectKey = try node.prove(
            StateKey.subjectKey(
                grant.subject, dataset: Self.dataset, enclave: enclaveID, epoch: epochs[grant.subject] ?? 0))
        evidence.records = try recordEvidence(grant.subject)
        return evidence
    }

    // MARK: Runs

    package func run(_ evidence: [WireAssessmentEvidence], shared: WireSharedEvidence? = nil) throws -> [WireRunOutcome] {
        var command = WireRunAssessmentsCommand()
        command.shared = try shared ?? sharedEvidence()
        command.assessments = evidence
        guard case .runAssessments(let answer) = try driver.perform(.runAssessments(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer.outcomes
    }

    /// Writes the commitment into the state as accepted, and has the enclave open it.
    package func open(_ request: SceneRequest, _ run: WireRunOutcome) throws -> WireOpenOutcome {
        write(request) { value in
            value.status = .committed
            value.enclave = .init(self.enclaveID.bytes)
            value.commitment = run.commitment
        }
        try block()
        var command = WireOpenAssessmentsCommand()
        command.height = node.height
        command.assessments = [try node.prove(StateKey.assessment(request.id))]
        command.punctures = try node.prove(StateKey.punctureLog)
        guard case .openAssessments(let answer) = try driver.perform(.openAssessments(command)), answer.outcomes.count == 1 else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer.outcomes[0]
    }

    /// The requester's last step: the result in the clear, its signer checked.
    package func read(_ sealed: Data, _ keyBox: WireSealedMessage, job: Hash32) throws -> WireResult {
        let signed = try ResultEnvelope.open([UInt8](sealed), keyBox: SealedBox(keyBox), job: job, with: recipient)
        return try ResultEnvelope.verify(signed, job: job, chainID: node.chainID, enclave: enclave.identity)
    }
}
