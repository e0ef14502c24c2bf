import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import TpmSupport
import WireTypes

/// An enclave's keys and statements without the enclave: signs whatever a test tells it to.
package struct TestEnclave {
    package let key: SigningKey
    package let identity: WireEnclaveIdentity
    package let id: Hash32
    package let chainID: String
    private let tpm: TestTpm?

    /// - Parameter tpm: what it stands on; it is simulated without one.
    package init(chainID: String, seed: UInt64 = 7, tpm: TestTpm? = nil) throws {
        var generator = SeededGenerator(seed: seed)
        key = try SigningKey.ed25519(seed: generator.bytes(32))
        let vault = try SealingPrivateKey(suite: .x25519, secretBytes: generator.bytes(32))
        var identity = WireEnclaveIdentity()
        identity.platform = tpm == nil ? SimulatedEvidence.platform : TestTpm.platform
        identity.signingKey = .init(key.verificationKey.bytes)
        identity.vaultKey = vault.publicKey.wire
        identity.measurement = .init((tpm?.measurement ?? SimulatedEvidence.measurement).bytes)
        self.tpm = tpm
        self.identity = identity
        id = EnclaveStatement.identifier(identity)
        self.chainID = chainID
    }

    package func registration(height: UInt64, block: Hash32) -> WireMessage {
        var message = WireRegisterEnclave()
        message.identity = identity
        message.evidence = .init(evidence(height: height, block: block))
        return WireMessage(.registerEnclave(message))
    }

    package func renewal(height: UInt64, block: Hash32) -> WireMessage {
        var message = WireRenewEvidence()
        message.enclave = .init(id.bytes)
        message.evidence = .init(evidence(height: height, block: block))
        return WireMessage(.renewEvidence(message))
    }

    package var suspension: WireMessage {
        var message = WireSuspendEnclave()
        message.enclave = .init(id.bytes)
        return WireMessage(.suspendEnclave(message))
    }

    /// Encoded evidence that answers a block.
    package func evidence(height: UInt64, block: Hash32) -> [UInt8] {
        var evidence = WireEvidence()
        evidence.platform = identity.platform
        evidence.challengeHeight = height
        evidence.challengeBlock = .init(block.bytes)
        let binding = AttestationBinding(chainID: chainID, identity: identity, height: height, block: block)
        evidence.report = .init((try? tpm?.report(binding)) ?? SimulatedEvidence.report(binding))
        return evidence.encoded()
    }

    package func anchor(nonce: Hash32, version: UInt64, root: Hash32) throws -> WireMessage {
        let statement = EnclaveStatement.anchor(chainID: chainID, enclave: id, nonce: nonce, vaultVersion: version, vaultRoot: root)
        var message = WireAnchorVault()
        message.enclave = .init(id.bytes)
        message.nonce = .init(nonce.bytes)
        message.vaultVersion = version
        message.vaultRoot = .init(root.bytes)
        message.signature = .init(try key.sign(statement, context: .vaultAnchor))
        return WireMessage(.anchorVault(message))
    }

    /// An enrolment of the subject's key, as the enclave confirms it.
    package func enrolment(of subject: Address, dataset: String, epoch: UInt32 = 0) throws -> WireMessage {
        let commitment = Hash32(3, 3, 3, UInt64(epoch))
        let statement = EnclaveStatement.enrolmentReceipt(
            chainID: chainID, enclave: id, subject: subject, dataset: dataset, keyEpoch: epoch, commitment: commitment, vaultVersion: 1)
        var message = WireEnrolSubjectKey()
        (message.dataset, message.enclave, message.keyEpoch) = (dataset, .init(id.bytes), epoch)
        (message.commitment, message.vaultVersion) = (.init(commitment.bytes), 1)
        message.receipt = .init(try key.sign(statement, context: .enrolmentReceipt))
        return WireMessage(.enrolSubjectKey(message))
    }

    /// The word that the whole of `log` is applied; what `change` does is not covered by the signature.
    package func acknowledgement(
        _ log: PunctureChain, version: UInt64 = 10, epoch: UInt64 = 1, _ change: (inout WireAcknowledgeErasure) -> Void = { _ in }
    ) throws -> WireMessage {
        var message = WireAcknowledgeErasure()
        message.acknowledgement.enclave = .init(id.bytes)
        message.acknowledgement.sequence = log.count
        message.acknowledgement.vaultVersion = version
        message.acknowledgement.vaultRoot = .init(Hash32(4, 4, 4, version).bytes)
        message.acknowledgement.recoveryEpoch = epoch
        message.punctureHash = .init(log.hash.bytes)
        let statement = EnclaveStatement.erasureAcknowledgement(chainID: chainID, message.acknowledgement, punctures: log.hash)
        message.acknowledgement.signature = .init(try key.sign(statement, context: .erasureAcknowledgement))
        change(&message)
        return WireMessage(.acknowledgeErasure(message))
    }

    package func commitment(_ job: Hash32, commitment: Hash32) throws -> WireMessage {
        var message = WireCommitAssessment()
        message.id = .init(job.bytes)
        message.enclave = .init(id.bytes)
        message.commitment = .init(commitment.bytes)
        message.size = 100
        let statement = EnclaveStatement.commitment(chainID: chainID, job: job, commitment: commitment)
        message.signature = .init(try key.sign(statement, context: .jobCommitment))
        return WireMessage(.commitAssessment(message))
    }

    /// A commitment that `others` have to confirm: by `outputHash`, under a salt that is not really one.
    package func commitment(_ job: Hash32, commitment: Hash32, outputHash: Hash32, others: [Hash32]) throws -> WireMessage {
        var message = WireCommitAssessment()
        (message.id, message.enclave) = (.init(job.bytes), .init(id.bytes))
        (message.commitment, message.size) = (.init(commitment.bytes), 100)
        message.terms.outputHash = .init(outputHash.bytes)
        message.terms.salts = others.sorted().map { other in
            var salt = WireSealedSalt()
            salt.enclave = .init(other.bytes)
            salt.salt.suite = .x25519
            (salt.salt.encapsulatedKey, salt.salt.ciphertext) = (.init(repeating: 1, count: 32), .init(repeating: 2, count: 80))
            return salt
        }
        let statement = EnclaveStatement.commitment(chainID: chainID, job: job, commitment: commitment, terms: message.terms)
        message.signature = .init(try key.sign(statement, context: .jobCommitment))
        return WireMessage(.commitAssessment(message))
    }

    package func confirmation(_ job: Hash32, commitment: Hash32, outputHash: Hash32) throws -> WireMessage {
        var message = WireConfirmAssessment()
        (message.id, message.enclave, message.outputHash) = (.init(job.bytes), .init(id.bytes), .init(outputHash.bytes))
        let statement = EnclaveStatement.confirmation(
            chainID: chainID, job: job, enclave: id, commitment: commitment, outputHash: outputHash)
        message.signature = .init(try key.sign(statement, context: .jobConfirmation))
        return WireMessage(.confirmAssessment(message))
    }

    package func opening(_ job: Hash32) throws -> WireMessage {
        var message = WireOpenAssessment()
        message.id = .init(job.bytes)
        message.enclave = .init(id.bytes)
        message.keyBox.suite = .x25519
        message.keyBox.encapsulatedKey = .init(repeating: 1, count: 32)
        message.keyBox.ciphertext = .init(repeating: 2, count: 48)
        let statement = EnclaveStatement.opening(chainID: chainID, job: job, keyBox: message.keyBox)
        message.signature = .init(try key.sign(statement, context: .jobOpening))
        return WireMessage(.openAssessment(message))
    }

    package func refusal(_ job: Hash32, code: UInt32) throws -> WireMessage {
        var message = WireRefuseAssessment()
        message.id = .init(job.bytes)
        message.enclave = .init(id.bytes)
        message.code = code
        let statement = EnclaveStatement.refusal(chainID: chainID, job: job, code: code)
        message.signature = .init(try key.sign(statement, context: .jobRefusal))
        return WireMessage(.refuseAssessment(message))
    }

    package func run(_ job: Hash32, commitment: Hash32, height: UInt64, grants: [Hash32]) throws -> WireMessage {
        var message = WireCommitSubscription()
        message.id = .init(job.bytes)
        message.enclave = .init(id.bytes)
        message.commitment = .init(commitment.bytes)
        message.size = 100
        message.runHeight = height
        message.grants = grants.map { .init($0.bytes) }
        let statement = EnclaveStatement.commitment(
            chainID: chainID, job: job, commitment: commitment, runHeight: height, grants: EnclaveStatement.grants(grants))
        message.signature = .init(try key.sign(statement, context: .jobCommitment))
        return WireMessage(.commitSubscription(message))
    }

    package func subscriptionOpening(_ job: Hash32) throws -> WireMessage {
        var message = WireOpenSubscription()
        message.id = .init(job.bytes)
        message.enclave = .init(id.bytes)
        message.keyBox.suite = .x25519
        let statement = EnclaveStatement.opening(chainID: chainID, job: job, keyBox: message.keyBox)
        message.signature = .init(try key.sign(statement, context: .jobOpening))
        return WireMessage(.openSubscription(message))
    }
}
