import ChainTypes
import Crypto
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes

/// Giving the key of one record to whom its subject names: against the subject's own signature (docs/spec/vault.md §10).
extension EnclaveMachine {
    mutating func grantKeys(_ command: WireGrantKeysCommand) throws -> WireGrantKeysAnswer {
        try requireServing(at: command.height)
        guard command.grants.count <= EnclaveLimits.assessments else { throw EnclaveError.tooMany }
        try requirePunctured(command.punctures)
        var checks = EvidenceChecks(
            chainID: chainID, enclave: id, vault: vaultID, trusted: client.trusted, shared: WireSharedEvidence(), observer: observer)
        var answer = WireGrantKeysAnswer()
        for evidence in command.grants {
            var outcome = WireOpenOutcome()
            do throws(RunFailure) { try grant(evidence, &checks, &outcome) } catch { outcome.failure = error.failure }
            answer.outcomes.append(outcome)
        }
        return answer
    }

    private func grant(
        _ evidence: WireKeyGrantEvidence, _ checks: inout EvidenceChecks, _ outcome: inout WireOpenOutcome
    ) throws(RunFailure) {
        let grant = try checks.keyGrant(evidence.grant)
        outcome.id = grant.id
        guard let id = Hash32(grant.id), grant.status == .pending else { throw .host(.notPending) }
        try checks.request(
            evidence.requestTransaction, id: grant.id, transactionID: grant.transactionID, index: grant.messageIndex,
            requester: grant.subject
        ) { $0.kind == .requestKeyGrant(grant.request) }
        let request = grant.request
        guard let subject = Address(grant.subject), let record = Hash32(request.record),
            let recipient = Address(request.recipient), let recipientKey = try? SealingPublicKey(request.recipientKey)
        else { throw .final(.badRecipientKey) }
        let value = try checks.liveRecord(evidence.record, owner: subject, dataset: request.dataset, record: record)
        let name = Vault.KeyName(subject: subject, dataset: request.dataset, epoch: value.keyEpoch)
        let key = try checks.subjectKey(evidence.subjectKey, name, key: vault.key(name))
        guard let tree = key.tree else { throw .final(.unknownSubjectKey) }
        let leaf: SymmetricKey
        do throws(CryptographyError) { leaf = try tree.recordKey(value.keyIndex) } catch {
            throw .final(error == .punctured ? .recordErased : .badProof)
        }
        let binding = EnclaveStatement.recordKeyBinding(
            chainID: chainID, grant: id, dataset: request.dataset, record: record, owner: subject, recipient: recipient)
        let bytes = leaf.withUnsafeBytes { [UInt8]($0) }
        guard let box = try? recipientKey.seal(bytes, context: .recordKeyBox, associated: binding) else { throw .final(.badRecipientKey) }
        outcome.keyBox = box.wire
        do throws(EnclaveError) {
            outcome.signature = .init(
                try sign(EnclaveStatement.keyGrant(chainID: chainID, id: id, keyBox: box.wire), .keyGrant))
        } catch { throw .host(error) }
    }
}
