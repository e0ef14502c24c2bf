import ChainTypes
import Cryptography
import DataModel
import FoundationEssentials
import Primitives
import WireTypes

/// A holder's part in bringing a lost vault back (docs/spec/vault.md §8).
package enum RecoverySharing {
    /// The share that `package` holds for `holder`, sealed to the session of the enclave that recovers. Once that enclave is started
    /// anew, or has destroyed keys, the share has to be sealed again.
    ///
    /// - Throws: `notHolder`, or `cannotOpen`.
    package static func reseal(_ package: WireRecoveryPackage, of holder: Wallet, to session: EnclaveSession) throws -> WireRecoveryShare {
        let account = Data(holder.address.bytes)
        guard let own = package.shares.first(where: { $0.account == account }), let index = UInt8(exactly: own.index) else {
            throw ClientError.notHolder
        }
        let binding = EnclaveStatement.recoveryBinding(package)
        let share = try holder.sealingKey.open(SealedBox(own.share), context: .recoveryShare, associated: binding + [index])
        var sealed = own
        sealed.share = try session.key.seal(
            share, context: .recoveryShare, associated: binding + [index] + session.enclave.bytes
        ).wire
        return sealed
    }
}

/// A record's key that its subject gave to somebody.
package enum RecordKeyOpener {
    /// The record that `grant` opens for `recipient`.
    ///
    /// - Parameter sidecar: must hash to the record's commitment.
    package static func open(
        _ grant: WireKeyGrant, record: WireRecord, sidecar: [UInt8], place: RecordPlace, recipient: Wallet
    ) throws -> DataRecord {
        guard grant.status == .complete, let id = Hash32(grant.id), let name = Hash32(record.record),
            grant.request.record == record.record, grant.request.dataset == place.dataset,
            Address(grant.request.recipient) == recipient.address
        else { throw ClientError.notGranted }
        let binding = EnclaveStatement.recordKeyBinding(
            chainID: place.chainID, grant: id, dataset: place.dataset, record: name, owner: place.owner, recipient: recipient.address)
        let key = try recipient.sealingKey.open(SealedBox(grant.keyBox), context: .recordKeyBox, associated: binding)
        return try RecordSealer.open(record, sidecar: sidecar, place: place, recordKey: AuthenticatedEncryption.key(key))
    }
}
