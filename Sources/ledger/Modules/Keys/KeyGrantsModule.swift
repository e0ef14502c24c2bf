import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Keys of single records that their subjects give to recipients (design §8): outside the erasure promise, hence written down.
package enum KeyGrantsModule {
    /// The most grants of one subject: an erasure's certificate lists them.
    package static let mostOfOne = 256

    /// By the subject; an enclave that holds the key completes it.
    package static func request(_ message: WireRequestKeyGrant, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard Address(message.recipient) != nil, (try? SealingPublicKey(message.recipientKey)) != nil else {
            throw Refusal.keyGrantsMalformed
        }
        _ = try record(message, of: context.sender, &state)
        let list = StateKey.keyGrants(of: context.sender)
        let known = try state.value(list) ?? []
        guard known.count / 32 < mostOfOne else { throw Refusal.keyGrantsTooMany }
        let id = context.identifier
        var grant = WireKeyGrant()
        (grant.id, grant.subject, grant.request) = (.init(id.bytes), .init(context.sender.bytes), message)
        (grant.transactionID, grant.messageIndex) = (.init(context.transaction.id.bytes), UInt32(context.index))
        (grant.status, grant.height) = (.pending, context.block.height)
        state.set(StateKey.keyGrant(id), grant)
        state.set(list, bytes: known + id.bytes)
        state.emit("keyGrants.requested", id: id.bytes, account: context.sender)
    }

    /// By an enclave of the vault that holds the subject's key, while the record lives.
    package static func complete(_ message: WireCompleteKeyGrant, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let id = Hash32(message.id), var grant: WireKeyGrant = try state.message(StateKey.keyGrant(id)) else {
            throw Refusal.keyGrantsUnknown
        }
        guard grant.status == .pending else { throw Refusal.keyGrantsNotPending }
        guard let subject = Address(grant.subject) else { throw Refusal.keyGrantsMalformed }
        _ = try record(grant.request, of: subject, &state)
        let (_, enclave) = try KeysModule.active(message.enclave, context, &state)
        let vault = Data(KeysModule.vault(of: enclave).bytes)
        guard try KeysModule.isEnrolled(subject, dataset: grant.request.dataset, vault: vault, &state) else {
            throw Refusal.keyGrantsOtherVault
        }
        let statement = EnclaveStatement.keyGrant(chainID: context.genesis.chainID, id: id, keyBox: message.keyBox)
        try KeysModule.verify(message.signature, of: statement, .keyGrant, enclave)
        (grant.status, grant.enclave, grant.keyBox) = (.complete, message.enclave, message.keyBox)
        grant.height = context.block.height
        state.set(StateKey.keyGrant(id), grant)
        state.emit("keyGrants.completed", id: id.bytes, account: subject)
    }

    /// Who was given keys of `subject`: of all of its records, those of one dataset, or one record.
    package static func exports(
        of subject: Address, dataset: String?, record: Hash32?, _ state: inout ModuleState
    ) throws -> [WireKeyExport] {
        let list = try state.value(StateKey.keyGrants(of: subject)) ?? []
        var exports: [WireKeyExport] = []
        for start in stride(from: 0, to: list.count, by: 32) {
            guard let id = Hash32(list[start..<start + 32]), let grant: WireKeyGrant = try state.message(StateKey.keyGrant(id)),
                grant.status == .complete, dataset.map({ $0 == grant.request.dataset }) ?? true,
                record.map({ Hash32(grant.request.record) == $0 }) ?? true
            else { continue }
            var export = WireKeyExport()
            (export.grant, export.recipient, export.height) = (grant.id, grant.request.recipient, grant.height)
            exports.append(export)
        }
        return exports
    }

    private static func record(
        _ request: WireRequestKeyGrant, of subject: Address, _ state: inout ModuleState
    ) throws -> WireRecord {
        guard let id = Hash32(request.record), request.dataset.utf8.count <= Limits.identifier else { throw Refusal.keyGrantsMalformed }
        let key = StateKey.record(subject, dataset: request.dataset, record: id)
        guard let record: WireRecord = try state.message(key) else { throw Refusal.recordsUnknown }
        guard record.status == .live else { throw Refusal.recordsErased }
        return record
    }
}

extension Refusal {
    package static let keyGrantsMalformed = Refusal(440, "keyGrants.malformed", "the record, the recipient or its key is not well formed")
    package static let keyGrantsUnknown = Refusal(441, "keyGrants.unknown", "there is no such key grant")
    package static let keyGrantsNotPending = Refusal(442, "keyGrants.notPending", "the key grant is complete already")
    package static let keyGrantsTooMany = Refusal(443, "keyGrants.tooMany", "the subject has as many key grants as a certificate lists")
    package static let keyGrantsOtherVault = Refusal(
        444, "keyGrants.otherVault", "the enclave's vault does not hold the subject's key for the dataset")

    package static let allKeyGrants: [Refusal] = [
        keyGrantsMalformed, keyGrantsUnknown, keyGrantsNotPending, keyGrantsTooMany, keyGrantsOtherVault,
    ]
}
