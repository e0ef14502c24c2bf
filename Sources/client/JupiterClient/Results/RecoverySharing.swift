import Attestation
import ChainTypes
import Cryptography
import DataModel
import FoundationEssentials
import Primitives
import WireTypes

/// A holder's part in bringing a lost vault back, and in what no quorum decides alone (docs/spec/vault.md §8).
package enum RecoverySharing {
    /// The share that `package` holds for `holder`, with the holder's word for the package, sealed to the session of the enclave that
    /// recovers. Once that enclave is started anew, or has destroyed keys, the share has to be sealed again.
    ///
    /// - Throws: `notHolder`, or `cannotOpen`.
    package static func reseal(_ package: WireRecoveryPackage, of holder: Wallet, to session: EnclaveSession) throws -> WireRecoveryShare {
        let account = Data(holder.address.bytes)
        guard let own = package.shares.first(where: { $0.account == account }), let index = UInt8(exactly: own.index) else {
            throw ClientError.notHolder
        }
        let binding = EnclaveStatement.recoveryBinding(package)
        let share = try holder.sealingKey.open(SealedBox(own.share), context: .recoveryShare, associated: binding + [index])
        let approval = try WireHolderApproval(
            HolderStatement.recovery(package, enclave: session.enclave), .recoveryApproval, by: holder.signingKey)
        var sealed = own
        sealed.share = try session.key.seal(
            HeldShare(share: share, approval: approval).bytes, context: .recoveryShare,
            associated: binding + [index] + session.enclave.bytes
        ).wire
        return sealed
    }

    /// A holder's word for a plan that is to follow `present`.
    package static func approve(
        _ change: WireSetRecoveryHolders, after present: WireRecoveryPlan, chainID: String, by holder: Wallet
    ) throws -> WireHolderApproval {
        try requireHolder(holder, of: present)
        let statement = HolderStatement.plan(WireRecoveryPlan(change), after: present, chainID: chainID)
        return try WireHolderApproval(statement, .planApproval, by: holder.signingKey)
    }

    /// A holder's word for a build of the enclave that vaults may give keys to.
    package static func approve(
        _ build: WireReferenceMeasurement, under present: WireRecoveryPlan, chainID: String, by holder: Wallet
    ) throws -> WireHolderApproval {
        try requireHolder(holder, of: present)
        let statement = HolderStatement.reference(build, hash: try ReferenceValue(build).hash, chainID: chainID)
        return try WireHolderApproval(statement, .referenceApproval, by: holder.signingKey)
    }

    private static func requireHolder(_ holder: Wallet, of plan: WireRecoveryPlan) throws(ClientError) {
        let account = Data(holder.address.bytes)
        guard plan.holders.contains(where: { $0.account == account }) else { throw .notHolder }
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
