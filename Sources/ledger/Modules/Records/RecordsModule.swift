import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Records: on chain their salted commitment and what it takes to find the key; the ciphertext is the transaction's sidecar.
package enum RecordsModule {
    package static func put(_ message: WirePutRecord, _ context: MessageContext, _ state: inout ModuleState) throws {
        let dataset = try RegistryModule.dataset(message.dataset, &state)
        guard let id = Hash32(message.record), let commitment = Hash32(message.commitment), message.size > Sidecar.saltBytes,
            message.keyIndex < RecordKeyTree.leaves
        else { throw Refusal.recordsMalformed }
        guard message.size <= context.parameters.maximumSidecarBytes else { throw Refusal.recordsTooLarge }
        guard message.schemaVersion >= 1, message.schemaVersion <= dataset.schemaVersion else { throw Refusal.recordsUnknownSchema }
        let key = StateKey.record(context.sender, dataset: message.dataset, record: id)
        guard try state.value(key) == nil else { throw Refusal.recordsExists }
        var record = WireRecord()
        record.record = message.record
        record.dataset = message.dataset
        record.owner = .init(context.sender.bytes)
        record.schemaVersion = message.schemaVersion
        record.commitment = message.commitment
        record.size = message.size
        record.keyIndex = message.keyIndex
        record.status = .live
        record.height = context.block.height
        record.keyEpoch = message.keyEpoch
        record.previous = try HoldingsState.add(
            id, to: message.dataset, keyEpoch: message.keyEpoch, of: context.sender, &state)
        state.set(key, record)
        try SidecarReferences.add(commitment, &state)
        state.emit("records.put", id: id.bytes, account: context.sender)
    }

    /// Marks `record` as erased and lets go of its ciphertext.
    static func letGo(_ record: WireRecord, _ state: inout ModuleState) throws {
        guard let id = Hash32(record.record), let owner = Address(record.owner) else { return }
        var erased = record
        erased.status = .erased
        state.set(StateKey.record(owner, dataset: record.dataset, record: id), erased)
        if let commitment = Hash32(record.commitment) { try SidecarReferences.drop(commitment, &state) }
        state.emit("records.erased", id: id.bytes, account: owner)
    }
}

extension Refusal {
    package static let recordsMalformed = Refusal(
        350, "records.malformed", "the record's id, commitment, size or key index is not well formed")
    package static let recordsTooLarge = Refusal(351, "records.tooLarge", "the ciphertext is larger than the chain takes inline")
    package static let recordsUnknownSchema = Refusal(352, "records.unknownSchema", "the dataset has no such schema version")
    package static let recordsExists = Refusal(353, "records.exists", "a record with this id exists")
    package static let recordsUnknown = Refusal(354, "records.unknown", "the sender has no such record")
    package static let recordsErased = Refusal(355, "records.erased", "the record was erased")
    package static let recordsUnknownKey = Refusal(356, "records.unknownKey", "no key of this epoch was enrolled for the dataset")

    package static let allRecords: [Refusal] = [
        recordsMalformed, recordsTooLarge, recordsUnknownSchema, recordsExists, recordsUnknown, recordsErased,
        recordsUnknownKey,
    ]
}
