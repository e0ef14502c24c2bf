import ChainTypes
import Crypto
import Cryptography
import DataModel
import FoundationEssentials
import Primitives
import WireTypes

/// Where a record belongs: everything its ciphertext is bound to but its own id.
package struct RecordPlace: Sendable {
    package let chainID: String
    package let dataset: String
    package let owner: Address
    package let schema: Schema

    package init(chainID: String, dataset: String, owner: Address, schema: Schema) {
        (self.chainID, self.dataset, self.owner, self.schema) = (chainID, dataset, owner, schema)
    }

    func binding(_ record: Hash32) -> [UInt8] {
        EnclaveStatement.recordBinding(
            chainID: chainID, dataset: dataset, record: record, schema: schema.encoding, owner: owner)
    }
}

/// A record ready to be posted: the message, and the sidecar it commits to.
package struct SealedRecord: Sendable {
    package let id: Hash32
    package let message: WirePutRecord
    package let sidecar: [UInt8]
}

/// Encrypts and decrypts the owner's records.
package enum RecordSealer {
    /// Encrypts `record` under leaf `keyIndex` of the subject's key tree.
    package static func seal(
        _ record: DataRecord, place: RecordPlace, subjectKey: SubjectKey, keyIndex: UInt32, keyEpoch: UInt32 = 0,
        id: Hash32 = SecureRandom.hash()
    ) throws -> SealedRecord {
        let key = try subjectKey.recordKey(keyIndex)
        let box = try AuthenticatedEncryption.seal(
            record.encode(place.schema), key: key, context: .record, associated: place.binding(id))
        let sidecar = Sidecar.make(box, salt: SecureRandom.bytes(Sidecar.saltBytes))
        var message = WirePutRecord()
        message.dataset = place.dataset
        message.record = .init(id.bytes)
        message.schemaVersion = place.schema.version
        message.commitment = .init(Sidecar.commitment(sidecar).bytes)
        message.size = UInt32(sidecar.count)
        message.keyIndex = keyIndex
        message.keyEpoch = keyEpoch
        return SealedRecord(id: id, message: message, sidecar: sidecar)
    }

    /// Decrypts a record that the chain holds.
    /// - Parameter sidecar: must hash to the record's commitment.
    package static func open(_ record: WireRecord, sidecar: [UInt8], place: RecordPlace, subjectKey: SubjectKey) throws -> DataRecord {
        try open(record, sidecar: sidecar, place: place, recordKey: subjectKey.recordKey(record.keyIndex))
    }

    /// Decrypts a record with its own key.
    static func open(_ record: WireRecord, sidecar: [UInt8], place: RecordPlace, recordKey key: SymmetricKey) throws -> DataRecord {
        guard let id = Hash32(record.record), let commitment = Hash32(record.commitment), Sidecar.commitment(sidecar) == commitment,
            let box = Sidecar.content(sidecar)
        else { throw ClientError.malformedAnswer("a record's sidecar") }
        let bytes = try AuthenticatedEncryption.open(box, key: key, context: .record, associated: place.binding(id))
        return try DataRecord.decode(bytes, schema: place.schema)
    }
}

/// Hands a subject key to an enclave: sealed to its session, signed by the subject.
package enum EnrolmentSealer {
    package static func seal(dataset: String, wallet: Wallet, session: EnclaveSession, keyEpoch: UInt32 = 0) throws -> WireSealedMessage {
        let key = wallet.subjectKey(chainID: session.chainID, dataset: dataset, epoch: keyEpoch)
        let statement = EnclaveStatement.enrolment(
            chainID: session.chainID, enclave: session.enclave, dataset: dataset, keyEpoch: keyEpoch, commitment: key.commitment)
        var enrolment = WireEnrolment()
        enrolment.chainID = session.chainID
        enrolment.subject = .init(wallet.address.bytes)
        enrolment.dataset = dataset
        enrolment.keyEpoch = keyEpoch
        enrolment.subjectKey = .init(key.key)
        enrolment.salt = .init(key.salt)
        enrolment.publicKey = wallet.signingKey.verificationKey.wire
        enrolment.signature = .init(try wallet.signingKey.sign(statement, context: .enrolment))
        return try session.key.seal(enrolment.encoded(), context: .enrolmentBox, associated: Array(session.chainID.utf8)).wire
    }

    /// The message that tells the chain, once the enclave has confirmed; its receipt is checked here first.
    package static func message(_ outcome: EnrolmentOutcome, wallet: Wallet, enclave: CheckedEnclave) throws -> WireEnrolSubjectKey {
        if let error = outcome.error { throw NodeRefusal(code: error.code, name: error.name, reason: error.reason, status: 200) }
        let (chainID, id, epoch) = (enclave.chain.chainID, enclave.id, outcome.keyEpoch ?? 0)
        let commitment = wallet.subjectKey(chainID: chainID, dataset: outcome.dataset, epoch: epoch).commitment
        guard outcome.commitment == commitment.description, let signer = Hash32(enclave.identity.signingKey) else {
            throw ClientError.malformedAnswer("an enrolment with another commitment")
        }
        let statement = EnclaveStatement.enrolmentReceipt(
            chainID: chainID, enclave: id, subject: wallet.address, dataset: outcome.dataset, keyEpoch: epoch,
            commitment: commitment, vaultVersion: outcome.vaultVersion)
        try VerificationKey.ed25519(signer).verify([UInt8](outcome.receipt), of: statement, context: .enrolmentReceipt)
        var message = WireEnrolSubjectKey()
        message.dataset = outcome.dataset
        message.enclave = .init(id.bytes)
        message.commitment = .init(commitment.bytes)
        message.vaultVersion = outcome.vaultVersion
        message.keyEpoch = epoch
        message.receipt = .init(outcome.receipt)
        return message
    }
}
