import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import Primitives
import WireTypes

/// Taking subjects' keys into the vault.
extension EnclaveMachine {
    private struct Enrolment {
        let name: Vault.KeyName
        let commitment: Hash32
        let key: WireVaultKey
    }

    /// Bytes of an enrolment that are looked at.
    private static let maximumEnrolment = 4 << 10

    /// Stores the keys in one durable batch and only then answers with receipts. The same enrolment again gives the same receipt.
    mutating func enrol(_ command: WireEnrolCommand) throws -> WireEnrolAnswer {
        try requireServing()
        guard command.enrolments.count <= EnclaveLimits.enrolments else { throw EnclaveError.tooMany }
        var opened: [Result<Enrolment, EnclaveError>] = []
        var new: [Vault.KeyName: Hash32] = [:]
        var changes: [WireVaultEntry.OneOf_Change] = []
        for box in command.enrolments {
            do throws(EnclaveError) {
                let enrolment = try open(box)
                let stored = vault.key(enrolment.name)
                guard stored == nil || stored?.tree != nil, !vault.tombstones.isDestroyed(enrolment.name) else { throw .keyDestroyed }
                let known = stored?.commitment ?? new[enrolment.name]
                guard known == nil || known == enrolment.commitment else { throw .alreadyEnrolled }
                if known == nil {
                    new[enrolment.name] = enrolment.commitment
                    // Leaves that were punctured before the key came are gone before it is written.
                    changes.append(.enrolled(vault.tombstones.remainder(of: enrolment.key)))
                }
                opened.append(.success(enrolment))
            } catch { opened.append(.failure(error)) }
        }
        if !changes.isEmpty { try record(changes) }
        var answer = WireEnrolAnswer()
        for result in opened { answer.outcomes.append(try outcome(result)) }
        return answer
    }

    private func open(_ sealed: WireSealedMessage) throws(EnclaveError) -> Enrolment {
        guard sealed.ciphertext.count <= Self.maximumEnrolment else { throw .badEnrolment }
        let bytes = try unseal(sealed, .enrolmentBox, associated: Array(chainID.utf8))
        guard let wire = try? WireEnrolment(strictly: bytes, limit: Self.maximumEnrolment) else { throw .badEnrolment }
        guard wire.chainID == chainID else { throw .wrongChain }
        guard let subject = Address(wire.subject), let key = try? VerificationKey(wire.publicKey), key.address == subject,
            wire.subjectKey.count == 32, wire.salt.count == 32, (1...Limits.identifier).contains(wire.dataset.utf8.count)
        else { throw .badEnrolment }
        let commitment = EnclaveStatement.subjectKeyCommitment(key: [UInt8](wire.subjectKey), salt: [UInt8](wire.salt))
        let statement = EnclaveStatement.enrolment(
            chainID: chainID, enclave: id, dataset: wire.dataset, keyEpoch: wire.keyEpoch, commitment: commitment)
        do { try key.verify([UInt8](wire.signature), of: statement, context: .enrolment) } catch { throw .badEnrolment }
        var entry = WireVaultKey()
        entry.subject = wire.subject
        entry.dataset = wire.dataset
        entry.subjectKey = wire.subjectKey
        entry.salt = wire.salt
        entry.enrolledBy = wire.publicKey.key
        entry.keyEpoch = wire.keyEpoch
        return Enrolment(
            name: Vault.KeyName(subject: subject, dataset: wire.dataset, epoch: wire.keyEpoch), commitment: commitment, key: entry)
    }

    private func outcome(_ result: Result<Enrolment, EnclaveError>) throws(EnclaveError) -> WireEnrolOutcome {
        var outcome = WireEnrolOutcome()
        switch result {
        case .failure(let error): outcome.failure = WireEnclaveFailure(error)
        case .success(let enrolment):
            guard let stored = vault.key(enrolment.name) else { throw .internalFailure }
            let statement = EnclaveStatement.enrolmentReceipt(
                chainID: chainID, enclave: id, subject: enrolment.name.subject, dataset: enrolment.name.dataset,
                keyEpoch: enrolment.name.epoch, commitment: stored.commitment, vaultVersion: stored.version)
            outcome.subject = .init(enrolment.name.subject.bytes)
            outcome.dataset = enrolment.name.dataset
            outcome.keyEpoch = enrolment.name.epoch
            outcome.commitment = .init(stored.commitment.bytes)
            outcome.vaultVersion = stored.version
            outcome.receipt = .init(try sign(statement, .enrolmentReceipt))
        }
        return outcome
    }
}
