import AdversarySupport
import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import Primitives
import Testing
import WireTypes

@Suite struct `Keys given to others, and further keys` {
    let small: SmallScene
    let recipient = SigningKey.ed25519().address
    let recipientKey: SealingPrivateKey

    init() throws {
        small = try SmallScene()
        recipientKey = try SealingPrivateKey(suite: .x25519)
    }

    private func request(by signer: SigningKey? = nil) throws -> (WireKeyGrant, SignedTransaction, Hash32) {
        try small.scene.requestKeyGrant(small.subject, to: recipient, key: recipientKey.publicKey, signedBy: signer)
    }

    private func complete(_ grant: WireKeyGrant, _ transaction: SignedTransaction, _ record: Hash32) throws -> WireOpenOutcome {
        try small.scene.grantKeys(grant, transaction, record)
    }

    @Test func `a granted key is the one record's, for the recipient alone`() throws {
        let (grant, transaction, record) = try request()
        let outcome = try complete(grant, transaction, record)
        #expect(!outcome.hasFailure, "\(outcome.failure.name)")
        let id = try #require(Hash32(grant.id))
        let key = VerificationKey.ed25519(try #require(Hash32(small.scene.enclave.identity.signingKey)))
        let statement = EnclaveStatement.keyGrant(chainID: small.node.chainID, id: id, keyBox: outcome.keyBox)
        #expect(throws: Never.self) { try key.verify([UInt8](outcome.signature), of: statement, context: .keyGrant) }
        func binding(_ recipient: Address) -> [UInt8] {
            EnclaveStatement.recordKeyBinding(
                chainID: small.node.chainID, grant: id, dataset: EnclaveScene.dataset, record: record, owner: small.subject.address,
                recipient: recipient)
        }
        let leaf = try recipientKey.open(SealedBox(outcome.keyBox), context: .recordKeyBox, associated: binding(recipient))
        let tree = RecordKeyTree(subjectKey: try AuthenticatedEncryption.key(small.subject.key))
        #expect(try tree.recordKey(3).withUnsafeBytes { [UInt8]($0) } == leaf)
        #expect(throws: CryptographyError.cannotOpen) {
            try recipientKey.open(SealedBox(outcome.keyBox), context: .recordKeyBox, associated: binding(small.subject.address))
        }
        let stranger = try SealingPrivateKey(suite: .x25519)
        #expect(throws: CryptographyError.cannotOpen) {
            try stranger.open(SealedBox(outcome.keyBox), context: .recordKeyBox, associated: binding(recipient))
        }
    }

    @Test func `a key that its subject did not sign for is given to nobody`() throws {
        let (grant, transaction, record) = try request(by: small.scene.requester)
        #expect(try complete(grant, transaction, record).failure.name == "enclave.badRequestSignature")
        let (own, signed, _) = try request()
        var other = own
        other.request.recipientKey = try SealingPrivateKey(suite: .x25519).publicKey.wire
        #expect(try complete(other, signed, record).failure.name == "enclave.badRequestSignature")
        var done = own
        done.status = .complete
        #expect(try complete(done, signed, record).failure.name == "enclave.notPending")
        small.scene.puncture(.record, small.subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try small.scene.block()
        try small.scene.provePunctures()
        #expect(try complete(own, signed, record).failure.name == "enclave.recordErased")
    }

    @Test func `a further key is for new records, and old ones stay readable`() throws {
        let schema = small.scene.schema
        let old = try small.grant()
        #expect(try !small.scene.run([small.scene.evidence(small.request(old), old)])[0].hasFailure)
        // Another subject with both keys: its record is under the second.
        var subject = try small.scene.makeSubject()
        try small.scene.enrol([subject])
        try small.scene.put(DataRecord(["age": .integer(1), "amount": .number(2), "secret": .text("a")], schema: schema), of: subject)
        let first = try small.scene.grant(subject, fields: ["age", "amount"])
        let request = try small.request(first)
        #expect(try !small.scene.run([small.scene.evidence(request, first)])[0].hasFailure)
        let again = try small.scene.rotated(subject)
        #expect(again.address == subject.address && again.commitment != subject.commitment)
        subject = again
        let outcome = try small.scene.enrol([subject])[0]
        #expect(!outcome.hasFailure && outcome.keyEpoch == 1)
        let key = VerificationKey.ed25519(try #require(Hash32(small.scene.enclave.identity.signingKey)))
        let statement = EnclaveStatement.enrolmentReceipt(
            chainID: small.node.chainID, enclave: small.scene.enclaveID, subject: subject.address, dataset: EnclaveScene.dataset,
            keyEpoch: 1, commitment: subject.commitment, vaultVersion: outcome.vaultVersion)
        #expect(throws: Never.self) { try key.verify([UInt8](outcome.receipt), of: statement, context: .enrolmentReceipt) }
        // The old record is still read with the old key.
        let between = try small.scene.request(first, fields: ["age"], use: 2)
        try small.scene.block()
        #expect(try !small.scene.run([small.scene.evidence(between, first)])[0].hasFailure)
        try small.scene.put(DataRecord(["age": .integer(3), "amount": .number(4), "secret": .text("b")], schema: schema), of: subject)
        let last = try small.scene.request(first, fields: ["age"], use: 3)
        try small.scene.block()
        #expect(try !small.scene.run([small.scene.evidence(last, first)])[0].hasFailure)
    }
}

@Suite struct `A host that stands still` {
    /// Commit, then open: a result leaves only against the chain's proof that it took the commitment in time.
    @Test func `gains nothing between commit and open`() throws {
        let small = try SmallScene()
        let grant = try small.grant()
        let request = try small.request(grant)
        let run = try small.scene.run([small.scene.evidence(request, grant)])[0]
        #expect(!run.hasFailure)
        func open() throws -> String {
            var command = WireOpenAssessmentsCommand()
            command.height = small.node.height
            command.assessments = [try small.node.prove(StateKey.assessment(request.id))]
            command.punctures = try small.node.prove(StateKey.punctureLog)
            do {
                guard case .openAssessments(let answer) = try small.scene.driver.perform(.openAssessments(command)) else { return "?" }
                return answer.outcomes[0].hasFailure ? answer.outcomes[0].failure.name : ""
            } catch let refusal as Refusal { return refusal.name }
        }
        // It stays at the height of the run: there the job is pending, however long it waits.
        #expect(try open() == "enclave.notCommitted")
        // The subject withdraws; the chain refuses the commitment, and nothing that the chain ever proves opens the result.
        small.scene.write(grant) { $0.status = .withdrawn }
        for status in [WireJobStatus.pending, .refunded, .refused] {
            small.scene.write(request) { $0.status = status }
            try small.scene.block()
            #expect(try open() == "enclave.notCommitted")
        }
        // Nor does a commitment to something else, or one of another enclave.
        small.scene.write(request) { value in
            (value.status, value.enclave) = (.committed, .init(small.scene.enclaveID.bytes))
            value.commitment = Data(repeating: 5, count: 32)
        }
        try small.scene.block()
        #expect(try open() == "enclave.notCommitted")
    }

    @Test func `and comes back after the trust period cannot lead the enclave on`() throws {
        let small = try SmallScene()
        let month: UInt64 = 30 * 86_400_000
        try small.scene.block(milliseconds: month)
        #expect(throws: Refusal(719, "", "")) { try small.scene.block(milliseconds: month + 1) }
        // What follows a header that was refused is refused too: there is no way around it.
        #expect(throws: Refusal(719, "", "")) { try small.scene.block() }
    }
}
