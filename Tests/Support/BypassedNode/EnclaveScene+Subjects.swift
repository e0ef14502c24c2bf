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

/// Subjects, their keys and records.
extension EnclaveScene {
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
}
