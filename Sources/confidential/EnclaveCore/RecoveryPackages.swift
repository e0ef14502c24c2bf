import ChainTypes
import Crypto
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes

/// Packages that bring a vault back when all of its enclaves are lost (docs/spec/vault.md §8).
///
/// A package is the vault under a fresh key. The key's shares go to the holders of the plan that the vault itself has followed to, never
/// to whom the state names; a threshold of them gives it to an enclave, each with its word for the package. Subject keys are never shared:
/// a package from before the vault's last erasure is refused.
extension EnclaveMachine {
    /// Bytes of a package that are looked at.
    private static let maximumPackage = EnclaveFraming.maximumBytes - (1 << 20)

    mutating func exportRecovery(_ command: WireExportRecoveryCommand) throws -> WireExportRecoveryAnswer {
        guard isServing else { throw EnclaveError.notServing }
        let plan = try presentPlan(command.plan)
        var package = WireRecoveryPackage()
        (package.chainID, package.vault, package.enclave) = (chainID, .init(vaultID.bytes), .init(id.bytes))
        // Up to where it has seen the puncture log: an erasure's certificate waits until the shares of all epochs below its entry are gone.
        (package.epoch, package.threshold) = (vault.punctures.count, plan.threshold)
        let binding = EnclaveStatement.recoveryBinding(package)
        let key = SecureRandom.bytes(32)
        do {
            package.sealedVault = .init(
                try AuthenticatedEncryption.seal(
                    try snapshot().encoded(), key: AuthenticatedEncryption.key(key), context: .recoveryVault, associated: binding))
            let shares = try SecretSharing.split(key, threshold: Int(plan.threshold), count: plan.holders.count)
            package.shares = try zip(shares, plan.holders).map { share, holder in
                var wire = WireRecoveryShare()
                (wire.account, wire.index) = (holder.account, UInt32(share.index))
                wire.share = try SealingPublicKey(holder.key).seal(
                    share.bytes, context: .recoveryShare, associated: binding + [share.index]
                ).wire
                return wire
            }
        } catch is CryptographyError { throw EnclaveError.noRecoveryPlan }
        guard package.sealedVault.count < Self.maximumPackage else { throw VaultError.tooLarge }
        package.signature = .init(try sign(EnclaveStatement.recoveryPackage(package), .recoveryPackage))
        var answer = WireExportRecoveryAnswer()
        answer.package = package
        return answer
    }

    /// All that another enclave needs to stand in for this one.
    private func snapshot() throws -> WireReplicaPart {
        var part = WireReplicaPart()
        (part.chainID, part.source, part.vault) = (chainID, .init(id.bytes), .init(vaultID.bytes))
        (part.version, part.isLast) = (vault.version, true)
        for entry in try vault.entries(after: 0) { if let shared = vault.shared(entry) { part.entries.append(shared) } }
        (part.punctures, part.punctureHash) = (vault.punctures.count, .init(vault.punctures.hash.bytes))
        part.vaultSecret = vault.resultSecret.bytes
        let possession = SecureRandom.bytes(32)
        part.possessionSecret = .init(possession)
        guard let key = try? SigningKey.ed25519(seed: possession), let name = Hash32(key.verificationKey.bytes) else {
            throw EnclaveError.internalFailure
        }
        let handover = EnclaveStatement.recoveryHandover(
            chainID: chainID, source: id, epoch: vault.punctures.count, possession: name)
        part.handover = .init(try sign(handover, .replicaHandover))
        return part
    }

    /// Takes over the vault in a package, whose shares their holders have sealed to this enclave's session.
    ///
    /// It serves again only after it has followed the puncture log from where the package left it.
    mutating func importRecovery(_ command: WireImportRecoveryCommand) throws -> WireImportRecoveryAnswer {
        guard isServing else { throw EnclaveError.notServing }
        let package = command.package
        guard package.chainID == chainID else { throw EnclaveError.wrongChain }
        guard let source = Hash32(package.enclave), let vault = Hash32(package.vault),
            let maker: WireEnclave = try state.value(command.source, at: StateKey.enclave(source)),
            let signer = Hash32(maker.identity.signingKey), Hash32(maker.vault) ?? source == vault
        else { throw EnclaveError.badPackage }
        do {
            try VerificationKey.ed25519(signer).verify(
                [UInt8](package.signature), of: EnclaveStatement.recoveryPackage(package), context: .recoveryPackage)
        } catch { throw EnclaveError.badPackage }
        guard peerChecks.admitsPackage(of: maker) else { throw EnclaveError.peerAssurance }
        let newest: WireVaultEpoch? = try state.value(command.epoch, at: StateKey.vaultEpoch(vault))
        guard package.epoch >= max(maker.recoveryEpoch, newest?.epoch ?? 0) else { throw EnclaveError.oldRecovery }
        guard self.vault.isFresh, self.vault.replica == nil, source != id else { throw EnclaveError.otherVault }
        let part = try open(package)
        guard part.chainID == chainID, Hash32(part.source) == source, Hash32(part.vault) == vault, part.vaultSecret.count == 32,
            Hash32(part.punctureHash) != nil, part.punctures == package.epoch, part.possessionSecret.count == 32
        else { throw EnclaveError.badPackage }
        var replica = WireVaultReplica()
        (replica.vault, replica.vaultSecret) = (part.vault, part.vaultSecret)
        (replica.source, replica.sourceVersion, replica.handover) = (part.source, part.version, part.handover)
        (replica.recovered, replica.recoveryEpoch, replica.possessionSecret) = (true, package.epoch, part.possessionSecret)
        (replica.punctures, replica.punctureHash) = (part.punctures, part.punctureHash)
        try record([.replica(replica)] + self.vault.missing(part.entries))
        (hasProvenPunctures, stagedPunctures) = (false, nil)
        var answer = WireImportRecoveryAnswer()
        answer.enrolled = UInt32(clamping: self.vault.enrolled)
        return answer
    }

    private func open(_ package: WireRecoveryPackage) throws(EnclaveError) -> WireReplicaPart {
        guard package.shares.count <= SecretSharing.maximumShares, package.threshold <= UInt32(SecretSharing.maximumShares) else {
            throw .tooMany
        }
        let binding = EnclaveStatement.recoveryBinding(package)
        let opened = try package.shares.map { (share) throws(EnclaveError) in
            guard let index = UInt8(exactly: share.index),
                let held = HeldShare(try unseal(share.share, .recoveryShare, associated: binding + [index] + id.bytes))
            else { throw .badShares }
            return (index: index, held: held)
        }
        let approvals = opened.map(\.held.approval)
        let part: WireReplicaPart
        do throws(CryptographyError) {
            let shares = try opened.map { (share) throws(CryptographyError) in
                try SecretSharing.Share(index: share.index, bytes: share.held.share)
            }
            let key = try AuthenticatedEncryption.key(SecretSharing.combine(shares, threshold: Int(package.threshold)))
            let bytes = try AuthenticatedEncryption.open(
                [UInt8](package.sealedVault), key: key, context: .recoveryVault, associated: binding)
            guard let opened = try? WireReplicaPart(strictly: bytes, limit: Self.maximumPackage) else { throw .malformedBox }
            part = opened
        } catch { throw .badShares }
        // A quorum can name a maker that never was, and so make a vault whose secret it knows. It cannot speak for the holders.
        guard let plan = recoveryPlan else { throw .noRecoveryPlan }
        let statement = HolderStatement.recovery(package, enclave: id)
        guard plan.isApproved(by: approvals.inOrder, statement, .recoveryApproval) else { throw .recoveryUnapproved }
        return part
    }
}
