import ChainTypes
import Cryptography
import EnclaveProtocol
import Foundation
import Primitives
import WireTypes

extension EnclaveScene {
    /// A subject's request that `recipient` gets the key of its record.
    /// - Parameter signer: who signs it; `nil` for the subject.
    package func requestKeyGrant(
        _ subject: SceneSubject, to recipient: Address, key: SealingPublicKey, signedBy signer: SigningKey? = nil
    ) throws -> (grant: WireKeyGrant, transaction: SignedTransaction, record: Hash32) {
        guard let record = record(of: subject.address) else { throw EnclaveError.unexpectedAnswer }
        var message = WireRequestKeyGrant()
        (message.dataset, message.record) = (Self.dataset, .init(record.bytes))
        (message.recipient, message.recipientKey) = (.init(recipient.bytes), key.wire)
        let transaction = try sign(.requestKeyGrant(message), by: signer ?? subject.wallet)
        var grant = WireKeyGrant()
        (grant.id, grant.subject) = (.init(transaction.messageIdentifier(0).bytes), .init(subject.address.bytes))
        (grant.request, grant.transactionID, grant.status) = (message, .init(transaction.id.bytes), .pending)
        return (grant, transaction, record)
    }

    /// What the enclave says to it, once the chain has it.
    package func grantKeys(_ grant: WireKeyGrant, _ transaction: SignedTransaction, _ record: Hash32) throws -> WireOpenOutcome {
        guard let id = Hash32(grant.id), let subject = Address(grant.subject) else { throw EnclaveError.unexpectedAnswer }
        node.write(grant, at: StateKey.keyGrant(id))
        try block()
        var evidence = WireKeyGrantEvidence()
        evidence.requestTransaction = .init(transaction.bytes)
        evidence.grant = try node.prove(StateKey.keyGrant(id))
        evidence.record = try node.prove(StateKey.record(subject, dataset: Self.dataset, record: record))
        evidence.subjectKey = try node.prove(StateKey.subjectKey(subject, dataset: Self.dataset, enclave: enclaveID))
        var command = WireGrantKeysCommand()
        (command.height, command.grants) = (node.height, [evidence])
        command.punctures = try node.prove(StateKey.punctureLog)
        guard case .grantKeys(let answer) = try driver.perform(.grantKeys(command)), let outcome = answer.outcomes.first else {
            throw EnclaveError.unexpectedAnswer
        }
        return outcome
    }
}
