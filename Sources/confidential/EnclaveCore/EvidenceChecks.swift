import ChainTypes
import ConsentRules
import Crypto
import Cryptography
import DataModel
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import SwiftProtobuf
import WireTypes

/// Judges the evidence of one command; what several jobs share is judged once.
struct EvidenceChecks: ~Copyable {
    struct Dataset {
        let value: WireDataset
        let schema: Schema
    }

    let chainID: String
    let enclave: Hash32
    /// Under which the chain has the subjects' keys.
    let vault: Hash32
    let trusted: TrustedState
    let observer: EnclaveStepObserver?
    private let shared: WireSharedEvidence
    private var transactions: [Data: SignedTransaction] = [:]
    private var dataset: Dataset?
    private var program: WireProgram?

    init(
        chainID: String, enclave: Hash32, vault: Hash32, trusted: TrustedState, shared: WireSharedEvidence,
        observer: EnclaveStepObserver?
    ) {
        (self.chainID, self.enclave, self.vault, self.trusted) = (chainID, enclave, vault, trusted)
        (self.shared, self.observer) = (shared, observer)
    }

    private var state: ProvenState { ProvenState(root: trusted.stateRoot) }

    // MARK: Proofs

    /// A job's value, which must exist.
    func assessment(_ proven: WireProvenValue) throws(RunFailure) -> WireAssessment {
        try prove(proven) { Hash32($0.id).map(StateKey.assessment) }
    }

    func subscription(_ proven: WireProvenValue) throws(RunFailure) -> WireSubscription {
        try prove(proven) { Hash32($0.id).map(StateKey.subscription) }
    }

    /// The enclave `id`, which must be known.
    func enclave(_ proven: WireProvenValue, id: Data) throws(RunFailure) -> WireEnclave {
        guard let id = Hash32(id), let enclave: WireEnclave = try prove(proven, StateKey.enclave(id)) else { throw .host(.badProof) }
        return enclave
    }

    /// The grant `grant` of `subject`; `nil` when the chain proves that there is none.
    func consent(_ proven: WireProvenValue, subject: Address, grant: Hash32) throws(RunFailure) -> WireConsent? {
        guard let consent: WireConsent = try prove(proven, StateKey.consent(subject, grant: grant)) else { return nil }
        guard Address(consent.subject) == subject, Hash32(consent.grant) == grant else { throw .host(.badProof) }
        return consent
    }

    /// The dataset `name` with its schema.
    mutating func dataset(_ name: String) throws(RunFailure) -> Dataset {
        if let dataset, dataset.value.dataset == name { return dataset }
        guard name.utf8.count <= Limits.identifier, let value: WireDataset = try prove(shared.dataset, StateKey.dataset(name)),
            value.dataset == name
        else { throw .host(.badProof) }
        guard let schema = try? Schema.decode([UInt8](value.schema)), schema.version == value.schemaVersion else {
            throw .final(.badSchema)
        }
        let checked = Dataset(value: value, schema: schema)
        dataset = checked
        return checked
    }

    /// The published program with this code, of this kind.
    mutating func program(_ hash: Hash32, kind: WireProgramKind) throws(RunFailure) -> WireProgramManifest {
        if program == nil || program.flatMap({ Hash32($0.codeHash) }) != hash {
            guard let value: WireProgram = try prove(shared.program, StateKey.program(hash)) else { throw .final(.programsUnpublished) }
            guard Hash32(value.codeHash) == hash else { throw .host(.badProof) }
            program = value
        }
        guard let program, program.manifest.kind == kind else { throw .final(.wrongProgramKind) }
        return program.manifest
    }

    /// What a use of `program` counts against the output budget of `scope`; looked up only where there is one.
    mutating func outputBytes(_ program: Hash32, scope: WireConsentScope) throws(RunFailure) -> UInt64 {
        guard scope.maximumOutputBytes > 0 else { return 0 }
        return UInt64(try self.program(program, kind: .assessment).maximumOutput)
    }

    /// The key that this enclave holds under `name`, if the chain knows it as the vault's.
    func subjectKey(
        _ proven: WireProvenValue, _ name: Vault.KeyName, key: Vault.SubjectKey?
    ) throws(RunFailure) -> Vault.SubjectKey {
        let place = StateKey.subjectKey(name.subject, dataset: name.dataset, enclave: vault, epoch: name.epoch)
        let value: WireSubjectKey? = try prove(proven, place)
        guard let value, !value.destroyed else { throw .final(.unknownSubjectKey) }
        // Another enclave of the vault took it in: it will be here soon.
        guard let key else { throw vault == enclave ? .final(.unknownSubjectKey) : .host(.replicaBehind) }
        guard key.tree != nil, Hash32(value.commitment) == key.commitment else { throw .final(.unknownSubjectKey) }
        return key
    }

    /// Under which of the subject's keys the first record is encrypted, as the host claims; `record` proves it. Without any, the first key.
    func claimedEpoch(_ records: [WireRecordEvidence]) throws(RunFailure) -> UInt32 {
        guard let first = records.first else { return 0 }
        guard let record = try? WireRecord(strictly: [UInt8](first.record.value), limit: Limits.stateValue) else {
            throw .host(.badProof)
        }
        return record.keyEpoch
    }

    /// A key grant, which must exist.
    func keyGrant(_ proven: WireProvenValue) throws(RunFailure) -> WireKeyGrant {
        try prove(proven) { Hash32($0.id).map(StateKey.keyGrant) }
    }

    /// The record, if it is live.
    func liveRecord(_ proven: WireProvenValue, owner: Address, dataset: String, record: Hash32) throws(RunFailure) -> WireRecord {
        guard dataset.utf8.count <= Limits.identifier,
            let value: WireRecord = try prove(proven, StateKey.record(owner, dataset: dataset, record: record))
        else { throw .host(.badProof) }
        guard value.status == .live else { throw .final(.wrongRecords) }
        return value
    }

    private func prove<Value>(_ proven: WireProvenValue, _ key: [UInt8]) throws(RunFailure) -> Value? where Value: SwiftProtobuf.Message {
        observer?(.proofs)
        defer { observer?(.other) }
        do throws(EnclaveError) { return try state.value(proven, at: key) } catch { throw .host(error) }
    }

    private func prove<Value: SwiftProtobuf.Message>(
        _ proven: WireProvenValue, placed key: (Value) -> [UInt8]?
    ) throws(RunFailure) -> Value {
        observer?(.proofs)
        defer { observer?(.other) }
        do throws(EnclaveError) { return try state.value(proven, placed: key) } catch { throw .host(error) }
    }

    // MARK: Signatures

    /// A transaction of this chain with its sender's own signature; each is verified once a command.
    mutating func transaction(_ bytes: Data, otherwise refusal: EnclaveError) throws(RunFailure) -> SignedTransaction {
        if let known = transactions[bytes] { return known }
        observer?(.signatures)
        defer { observer?(.other) }
        do throws(TransactionError) {
            let transaction = try SignedTransaction(decoding: [UInt8](bytes))
            guard transaction.body.chainID == chainID else { throw .wrongChain }
            try transaction.verifySignature()
            transactions[bytes] = transaction
            return transaction
        } catch { throw error == .wrongChain ? .final(.wrongChain) : .final(refusal) }
    }

    /// Returns if `consent` is what its subject signed: the quorum is often the host, so its state alone proves no will.
    mutating func grant(_ consent: WireConsent, subject: Address, transaction bytes: Data) throws(RunFailure) {
        let transaction = try transaction(bytes, otherwise: .badGrantSignature)
        guard transaction.sender == subject, Hash32(consent.transactionID) == transaction.id,
            transaction.body.messages.contains(where: { message in
                guard case .grantConsent(let grant) = message.kind else { return false }
                return grant.grant == consent.grant && grant.scope == consent.scope
            })
        else { throw .final(.badGrantSignature) }
    }

    /// Returns if the job with `id` was asked for by `requester` in message `index` of the transaction, in exactly these words.
    mutating func request(
        _ bytes: Data, id: Data, transactionID: Data, index: UInt32, requester: Data, isSame: (WireMessage) -> Bool
    ) throws(RunFailure) {
        let transaction = try transaction(bytes, otherwise: .badRequestSignature)
        let position = Int(index)
        guard transaction.body.messages.indices.contains(position), Address(requester) == transaction.sender,
            Hash32(transactionID) == transaction.id, Hash32(id) == transaction.messageIdentifier(position),
            isSame(transaction.body.messages[position])
        else { throw .final(.badRequestSignature) }
    }

    // MARK: Records

    /// The record in the clear, if it is exactly what the chain commits to.
    func record(
        _ evidence: WireRecordEvidence, owner: Address, dataset: Dataset, key: Vault.SubjectKey
    ) throws(RunFailure) -> (content: DataRecord, source: Vault.RecordKeyName) {
        let datasetName = dataset.value.dataset
        let record: WireRecord = try prove(evidence.record) { record in
            Hash32(record.record).map { StateKey.record(owner, dataset: datasetName, record: $0) }
        }
        guard let id = Hash32(record.record), Address(record.owner) == owner, record.dataset == datasetName else { throw .host(.badProof) }
        guard record.status == .live else { throw .final(.wrongRecords) }
        observer?(.decryption)
        defer { observer?(.other) }
        let sidecar = [UInt8](evidence.sidecar)
        guard sidecar.count <= Limits.sidecar, sidecar.count == Int(record.size), Hash32(record.commitment) == Sidecar.commitment(sidecar),
            let box = Sidecar.content(sidecar), let tree = key.tree
        else { throw .final(.tamperedCiphertext) }
        let recordKey: SymmetricKey
        do throws(CryptographyError) { recordKey = try tree.recordKey(record.keyIndex) } catch {
            throw .final(error == .punctured ? .recordErased : .tamperedCiphertext)
        }
        let binding = EnclaveStatement.recordBinding(
            chainID: chainID, dataset: datasetName, record: id, schema: dataset.schema.encoding, owner: owner)
        guard let bytes = try? AuthenticatedEncryption.open(box, key: recordKey, context: .record, associated: binding),
            let content = try? DataRecord.decode(bytes, schema: dataset.schema)
        else { throw .final(.tamperedCiphertext) }
        let name = Vault.KeyName(subject: owner, dataset: datasetName, epoch: record.keyEpoch)
        return (content, Vault.RecordKeyName(key: name, leaf: record.keyIndex))
    }
}
