import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Vaults that several enclaves hold: whoever holds a vault's keys may answer for it.
extension KeysModule {
    /// The vault whose keys `enclave` holds: that of the first of its replicas, or its own.
    package static func vault(of enclave: WireEnclave) -> Hash32 { Hash32(enclave.vault) ?? Hash32(enclave.id) ?? .zero }

    /// Whether the enclave `id` and `enclave` hold the same keys.
    static func holdsSameVault(_ id: Data, as enclave: WireEnclave, _ state: inout ModuleState) throws -> Bool {
        guard id != enclave.id else { return true }
        guard let id = Hash32(id), let other: WireEnclave = try state.message(StateKey.enclave(id)) else { return false }
        return vault(of: other) == vault(of: enclave)
    }

    /// Notes that an enclave has taken over another's keys, as both of them sign.
    ///
    /// Only an enclave whose own program checked the other does so (docs/spec/vault.md §7); the chain sees that both are its own.
    package static func announce(_ message: WireAnnounceReplica, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, enclave) = try active(message.enclave, context, &state)
        guard let sourceID = Hash32(message.source), sourceID != id,
            let source: WireEnclave = try state.message(StateKey.enclave(sourceID))
        else { throw Refusal.keysUnknownEnclave }
        let chainID = context.genesis.chainID
        try verify(message.signature, of: EnclaveStatement.announcement(chainID: chainID, message), .replicaAnnouncement, enclave)
        try verify(message.sourceSignature, of: try handover(message, id, source, sourceID, chainID, &state), .replicaHandover, source)
        let vault = vault(of: source)
        guard self.vault(of: enclave) == id || self.vault(of: enclave) == vault else { throw Refusal.keysOtherVault }
        // Below what the source has signed for, it could open what an erasure certificate says is gone.
        guard message.sequence >= source.punctures else { throw Refusal.keysReplicaBehind }
        guard message.vaultVersion >= enclave.vaultVersion, Hash32(message.vaultRoot) != nil else { throw Refusal.keysVaultRolledBack }
        enclave.vault = .init(vault.bytes)
        enclave.punctures = max(enclave.punctures, message.sequence)
        enclave.recoveryEpoch = max(enclave.recoveryEpoch, source.recoveryEpoch)
        try RecoveryModule.note(enclave.recoveryEpoch, of: vault, &state)
        (enclave.vaultVersion, enclave.vaultRoot) = (message.vaultVersion, message.vaultRoot)
        state.set(StateKey.enclave(id), enclave)
        try VaultMembers.add(id, to: vault, &state)
        state.emit("keys.replicaAnnounced", id: id.bytes, account: context.sender)
    }

    /// What the source signed: for this enclave when it is at work, for whoever opens its package when it is lost.
    private static func handover(
        _ message: WireAnnounceReplica, _ id: Hash32, _ source: WireEnclave, _ sourceID: Hash32, _ chainID: String,
        _ state: inout ModuleState
    ) throws -> [UInt8] {
        guard !message.recovered else {
            let newest = max(source.recoveryEpoch, try RecoveryModule.epoch(of: vault(of: source), &state))
            guard message.recoveryEpoch >= newest else { throw Refusal.keysOldRecovery }
            return EnclaveStatement.recoveryHandover(
                chainID: chainID, source: sourceID, epoch: message.recoveryEpoch, possession: try possession(message, chainID))
        }
        guard message.possessionKey.isEmpty, message.possessionSignature.isEmpty else { throw Refusal.keysMalformed }
        guard source.status == .active else { throw Refusal.keysEnclaveSuspended }
        return EnclaveStatement.handover(
            chainID: chainID, source: sourceID, enclave: id, sourceVersion: message.sourceVersion)
    }
}

extension KeysModule {
    /// The package's key, once it has signed for the enclave that announces itself: who only saw the package cannot.
    private static func possession(_ message: WireAnnounceReplica, _ chainID: String) throws -> Hash32 {
        guard let key = Hash32(message.possessionKey), VerificationKey.ed25519(key).isUsable else { throw Refusal.keysNoPossession }
        let statement = EnclaveStatement.possession(chainID: chainID, message)
        do {
            try VerificationKey.ed25519(key).verify([UInt8](message.possessionSignature), of: statement, context: .recoveryPossession)
        } catch { throw Refusal.keysNoPossession }
        return key
    }
}

extension Refusal {
    package static let keysOtherVault = Refusal(420, "keys.otherVault", "the enclave holds the keys of another vault")
    package static let keysReplicaBehind = Refusal(
        421, "keys.replicaBehind", "the replica has not applied the punctures that its source has signed for")
    package static let keysOldRecovery = Refusal(422, "keys.oldRecovery", "the package is of an older recovery epoch than the chain's")

    package static let keysNoPossession = Refusal(
        423, "keys.noPossession", "the enclave has not signed with the key inside the package that it says it has opened")

    package static let allVaultGroups: [Refusal] = [keysOtherVault, keysReplicaBehind, keysOldRecovery, keysNoPossession]
}
