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
import Testing
import WireTypes

/// What an attacker has who took one enclave's machine apart: its vault in the clear, hence its signing key and its subjects' keys.
private struct Attacker {
    let signingKey: SigningKey
    let id: Hash32
    let chainID: String
    /// By subject, from the vault alone.
    let subjectKeys: [Address: SymmetricKey]

    init(_ victim: DrillEnclave) throws {
        var (identity, keys): (WireVaultIdentity?, [Address: SymmetricKey]) = (nil, [:])
        for entry in try victim.stolen() {
            switch entry.change {
            case .identity(let found): identity = found
            case .enrolled(let key):
                guard let subject = Address(key.subject) else { continue }
                keys[subject] = try AuthenticatedEncryption.key(key.subjectKey)
            default: continue
            }
        }
        signingKey = try SigningKey.ed25519(seed: [UInt8](identity?.signingKey ?? .init()))
        (id, chainID, subjectKeys) = (victim.id, victim.chain.chainID, keys)
    }

    /// A commitment to whatever the attacker likes, signed by the enclave's own key, with terms for `peer`.
    /// - Parameter claimed: the output that the terms speak of; that inside the sealed result may be another.
    func commitment(
        _ job: Hash32, output: [UInt8], claimed: [UInt8]? = nil, program: Hash32, subject: DrillSubject? = nil, peer: DrillEnclave?
    ) throws -> (message: WireMessage, sidecar: [UInt8]) {
        var result = WireResult()
        (result.request, result.chainID, result.program) = (.init(job.bytes), chainID, .init(program.bytes))
        (result.enclave, result.platform, result.subjects) = (.init(id.bytes), "simulated", 1)
        result.output = .init(output)
        var signed = WireSignedResult()
        signed.result = .init(result.encoded())
        signed.signature = .init(try signingKey.sign([UInt8](signed.result), context: .result))
        let key = AuthenticatedEncryption.randomKey()
        let padded = ResultEnvelope.paddedBytes(maximumOutput: 8_192)
        guard
            let sidecar = try ResultEnvelope.seal(
                signed, job: job, key: key, salt: SecureRandom.bytes(Sidecar.saltBytes), paddedBytes: padded)
        else { throw EnclaveError.internalFailure }
        var message = WireCommitAssessment()
        (message.id, message.enclave) = (.init(job.bytes), .init(id.bytes))
        (message.commitment, message.size) = (.init(Sidecar.commitment(sidecar).bytes), UInt32(sidecar.count))
        var statement = EnclaveStatement.commitment(chainID: chainID, job: job, commitment: Sidecar.commitment(sidecar))
        if let peer {
            let salt = SecureRandom.bytes(32)
            message.terms.outputHash = .init(EnclaveStatement.confirmedOutput(salt: salt, output: claimed ?? output).bytes)
            var sealed = WireSealedSalt()
            sealed.enclave = .init(peer.id.bytes)
            let stolen = subject.flatMap { subjectKeys[$0.address] } ?? AuthenticatedEncryption.randomKey()
            sealed.salt = try ConfirmationBox(salt: salt, resultKey: key).seal(
                recordKey: RecordKeyTree(subjectKey: stolen).recordKey(3),
                binding: EnclaveStatement.confirmationBinding(chainID: chainID, job: job, enclave: peer.id),
                to: SealingPublicKey(peer.identity.vaultKey)
            ).wire
            message.terms.salts = [sealed]
            statement = EnclaveStatement.commitment(
                chainID: chainID, job: job, commitment: Sidecar.commitment(sidecar), terms: message.terms)
        }
        message.signature = .init(try signingKey.sign(statement, context: .jobCommitment))
        return (WireMessage(.commitAssessment(message)), sidecar)
    }

    /// A confirmation of anything.
    func confirmation(_ job: Hash32, commitment: Hash32, outputHash: Hash32) throws -> WireMessage {
        var message = WireConfirmAssessment()
        (message.id, message.enclave, message.outputHash) = (.init(job.bytes), .init(id.bytes), .init(outputHash.bytes))
        let statement = EnclaveStatement.confirmation(
            chainID: chainID, job: job, enclave: id, commitment: commitment, outputHash: outputHash)
        message.signature = .init(try signingKey.sign(statement, context: .jobConfirmation))
        return WireMessage(.confirmAssessment(message))
    }

    /// Whether any key that the attacker holds opens the subject's record.
    func opens(_ subject: DrillSubject, in scene: DrillScene) throws -> Bool {
        let box = try scene.ciphertext(subject)
        return subjectKeys.values.contains { key in
            (try? AuthenticatedEncryption.open(
                box, key: RecordKeyTree(subjectKey: key).recordKey(3), context: .record, associated: scene.binding(subject))) != nil
        }
    }
}

/// One vendor is broken: the signing key and the vault of the enclave on its platform are in an attacker's hands.
@Suite struct `The drill of a broken platform` {
    @Test func `honest enclaves of two platforms confirm each other and the lender reads the result`() throws {
        let scene = try DrillScene()
        let subject = scene.subjects[2]
        let (code, id) = try scene.request(subject, enclaves: [scene.broken, scene.sound])
        #expect(code == 0)
        #expect(try scene.commit(id, subject, by: scene.broken) == 0)
        #expect(try scene.open(id, by: scene.broken).failure == "enclave.unconfirmed", "not before the other has spoken")
        #expect(try scene.confirm(id, subject, by: scene.sound) == 0)
        let before = try scene.balance(subject.address)
        let opened = try scene.open(id, by: scene.broken)
        #expect(opened.failure == "" && opened.code == 0)
        #expect(try scene.read(id, signedBy: scene.broken).starts(with: scene.honest))
        #expect(try scene.balance(subject.address) == before + 50)
        let consent: WireConsent? = try scene.chain.value(StateKey.consent(subject.address, grant: subject.grant))
        #expect(consent?.uses == 1, "one use, charged once")
    }

    @Test func `wrong results of the attacker are refused, and the lender has its money back`() throws {
        let scene = try DrillScene()
        let attacker = try Attacker(scene.broken)
        let (subject, honest) = (scene.subjects[3], try honestOutput(scene))
        let lie = try honestOutput(scene, age: 99)
        // A wrong result, said openly; and one that the terms deny while the sealed result holds it.
        let attempts: [(output: [UInt8], claimed: [UInt8], code: UInt32)] = [
            (lie, lie, Refusal.assessmentsDisputed.code), (lie, honest, EnclaveError.resultNotConfirmed.code),
        ]
        for attempt in attempts {
            let before = try scene.balance(scene.lender.address)
            let (_, id) = try scene.request(subject, enclaves: [scene.broken, scene.sound])
            let (message, sidecar) = try attacker.commitment(
                id, output: attempt.output, claimed: attempt.claimed, program: scene.program, subject: subject, peer: scene.sound)
            #expect(try scene.chain.submit(message, by: scene.chain.operatorKey, sidecars: [sidecar]).code == 0, "the key is the enclave's")
            #expect(try scene.confirm(id, subject, by: scene.sound) == 0)
            let assessment = try scene.assessment(id)
            #expect(assessment.status == .refused && assessment.refusalCode == attempt.code)
            #expect(try scene.balance(scene.lender.address) == before - 1, "but for the fee")
            #expect(scene.chain.sidecars[Sidecar.commitment(sidecar)] == nil)
        }
        // And when the sound one commits first.
        let (_, id) = try scene.request(subject, enclaves: [scene.broken, scene.sound])
        #expect(try scene.commit(id, subject, by: scene.sound) == 0)
        let commitment = try #require(Hash32(try scene.assessment(id).commitment))
        let denial = try attacker.confirmation(id, commitment: commitment, outputHash: Hash32(1, 2, 3, 4))
        #expect(try scene.chain.submit(denial, by: scene.chain.operatorKey).code == 0)
        let assessment = try scene.assessment(id)
        #expect(assessment.refusalCode == Refusal.assessmentsDisputed.code)
        #expect(assessment.disputedBy == Data(scene.broken.id.bytes))
    }

    @Test func `garbage in the attacker's terms ends the job as well`() throws {
        let scene = try DrillScene()
        let attacker = try Attacker(scene.broken)
        let subject = scene.subjects[2]
        let (_, id) = try scene.request(subject, enclaves: [scene.broken, scene.sound])
        var (message, sidecar) = try attacker.commitment(
            id, output: honestOutput(scene), program: scene.program, subject: subject, peer: scene.sound)
        message.commitAssessment.terms.salts[0].salt.ciphertext[5] ^= 1
        let commitment = try #require(Hash32(message.commitAssessment.commitment))
        let statement = EnclaveStatement.commitment(
            chainID: scene.chain.chainID, job: id, commitment: commitment, terms: message.commitAssessment.terms)
        message.commitAssessment.signature = .init(try attacker.signingKey.sign(statement, context: .jobCommitment))
        #expect(try scene.chain.submit(message, by: scene.chain.operatorKey, sidecars: [sidecar]).code == 0)
        #expect(try scene.confirm(id, subject, by: scene.sound) == 0)
        #expect(try scene.assessment(id).refusalCode == EnclaveError.badConfirmationTerms.code)
    }

    @Test func `exactly the subjects assigned to it are exposed`() throws {
        let scene = try DrillScene()
        let attacker = try Attacker(scene.broken)
        #expect(Set(attacker.subjectKeys.keys) == Set(scene.subjects(of: scene.broken).map(\.address)))
        // The same list as the chain's: who has to be told can be read there.
        for subject in scene.subjects {
            let key = StateKey.subjectKey(subject.address, dataset: DrillScene.dataset, enclave: scene.broken.id)
            let isAssigned = try scene.chain.value(key, as: WireSubjectKey.self) != nil
            #expect(isAssigned == attacker.subjectKeys.keys.contains(subject.address))
            #expect(try attacker.opens(subject, in: scene) == isAssigned)
        }
        let other = try Attacker(scene.sound)
        #expect(Set(other.subjectKeys.keys) == Set(scene.subjects(of: scene.sound).map(\.address)), "the list is not just everybody")
    }

    @Test func `governance takes the platform out, and service goes on with the other`() throws {
        let scene = try DrillScene()
        let attacker = try Attacker(scene.broken)
        let subject = scene.subjects[3]
        var proposal = WireMessage()
        proposal.proposeChange.change.suspendEnclaves.platform = "simulated"
        proposal.proposeChange.expires = scene.chain.height + 5
        #expect(try scene.chain.submit(proposal, by: scene.chain.operatorKey).code == 0)
        let suspended: WireEnclave? = try scene.chain.value(StateKey.enclave(scene.broken.id))
        #expect(suspended?.status == .suspended && suspended?.suspension == "platform")
        #expect(try scene.request(subject, enclaves: [scene.broken, scene.sound]).code == Refusal.keysEnclaveSuspended.code)
        let (code, id) = try scene.request(subject, enclaves: [])
        #expect(code == 0)
        let (message, sidecar) = try attacker.commitment(id, output: honestOutput(scene, age: 1), program: scene.program, peer: nil)
        #expect(
            try scene.chain.submit(message, by: scene.chain.operatorKey, sidecars: [sidecar]).code == Refusal.keysEnclaveSuspended.code)
        // Whoever broke the platform can make evidence for as many enclaves as it likes; none is let in.
        let fresh = try DrillEnclave(on: scene.chain, DrillPlatform(seed: 99))
        #expect(try fresh.start() == Refusal.admissionPlatformExcluded.code)
        // The suspended enclave itself, shown what the chain says of it, works no more.
        try scene.chain.block()
        #expect { try scene.broken.proveAdmission() } throws: { ($0 as? Refusal)?.code == EnclaveError.suspended.code }
        #expect { try scene.broken.run(scene.evidence(id, subject, for: scene.broken)) } throws: {
            ($0 as? Refusal)?.code == EnclaveError.notServing.code
        }
        #expect(try scene.commit(id, subject, by: scene.sound) == 0)
        #expect(try scene.open(id, by: scene.sound).code == 0)
        #expect(try scene.read(id, signedBy: scene.sound).starts(with: scene.honest))
    }

    @Test func `without confirmations nothing but the suspension stops a lie`() throws {
        let scene = try DrillScene()
        let attacker = try Attacker(scene.broken)
        let (_, id) = try scene.request(scene.subjects[0], enclaves: [])
        let (message, sidecar) = try attacker.commitment(id, output: honestOutput(scene, age: 1), program: scene.program, peer: nil)
        #expect(try scene.chain.submit(message, by: scene.chain.operatorKey, sidecars: [sidecar]).code == 0)
        #expect(try scene.assessment(id).status == .committed, "what a dataset buys with a demand for confirmations")
    }

    /// The output of the spying program over a record with this age.
    private func honestOutput(_ scene: DrillScene, age: Int64 = 42) throws -> [UInt8] {
        var batch = try RowBatch(schema: scene.schema, fields: ["age"])
        try batch.appendRow([.integer(age)])
        return SpyProgram.output(seeing: batch.encode())
    }
}

/// What the enclave itself holds of its admission.
@Suite struct `An enclave whose evidence runs out` {
    @Test func `works no more, whatever its node wants, until it is shown renewed evidence`() throws {
        let scene = try DrillScene()
        let subject = scene.subjects[5]
        let (_, id) = try scene.request(subject, enclaves: [])
        let week: UInt64 = 7 * 86_400
        // The next header is of a time at which the evidence is too old; its chain's deadline has passed as well, so ask for nothing else.
        try scene.chain.block(seconds: week + 1)
        #expect { try scene.sound.run(scene.evidence(id, subject, for: scene.sound)) } throws: {
            ($0 as? Refusal)?.code == EnclaveError.admissionEnded.code
        }
        #expect { try scene.sound.proveAdmission() } throws: { ($0 as? Refusal)?.code == EnclaveError.admissionEnded.code }
        #expect(try scene.request(subject, enclaves: []).code != 0, "the grant has ended meanwhile")
        #expect(try scene.sound.renew() == 0)
        try scene.chain.block()
        try scene.sound.proveAdmission()
        #expect(throws: Never.self) { try scene.sound.run(scene.evidence(id, subject, for: scene.sound)) }
    }
}
