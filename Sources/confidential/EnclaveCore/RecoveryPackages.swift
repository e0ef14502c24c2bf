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
/// A package is the vault under a fresh key. The key's shares go to the holders that governance has named; a threshold of them gives it
/// to an enclave that the chain admits. Subject keys are never shared: what a package's epoch is older than the last erasure is refused.
extension EnclaveMachine {
    /// Bytes of a package that are looked at.
    private static let maximumPackage = EnclaveFraming.maximumBytes - (1 << 20)

    mutating func exportRecovery(_ command: WireExportRecoveryCommand) throws -> WireExportRecoveryAnswer {
        guard isServing else { throw EnclaveError.notServing }
        guard let plan: WireRecoveryPlan = try state.value(command.plan, at: StateKey.recoveryPlan) else {
            throw EnclaveError.noRecoveryPlan
        }
        var package = WireRecoveryPackage()
        (package.chainID, package.vault, package.enclave) = (chainID, .init(vaultID.bytes), .init(id.bytes))
        (package.epoch, package.threshold) = (vault.recoveryEpoch, plan.threshold)
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
        let handover = EnclaveStatement.recoveryHandover(chainID: chainID, source: id, epoch: vault.recoveryEpoch)
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
        guard package.epoch >= maker.recoveryEpoch else { throw EnclaveError.oldRecovery }
        guard self.vault.isFresh, self.vault.replica == nil, source != id else { throw EnclaveError.otherVault }
        let part = try open(package)
        guard part.chainID == chainID, Hash32(part.source) == source, Hash32(part.vault) == vault, part.vaultSecret.count == 32,
            Hash32(part.punctureHash) != nil
        else { throw EnclaveError.badPackage }
        var replica = WireVaultReplica()
        (replica.vault, replica.vaultSecret) = (part.vault, part.vaultSecret)
        (replica.source, replica.sourceVersion, replica.handover) = (part.source, part.version, part.handover)
        (replica.recovered, replica.recoveryEpoch) = (true, package.epoch)
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
            guard let index = UInt8(exactly: share.index) else { throw .badShares }
            return (index: index, bytes: try unseal(share.share, .recoveryShare, associated: binding + [index] + id.bytes))
        }
        do throws(CryptographyError) {
            let shares = try opened.map { (share) throws(CryptographyError) in
                try SecretSharing.Share(index: share.index, bytes: share.bytes)
            }
            let key = try AuthenticatedEncryption.key(SecretSharing.combine(shares, threshold: Int(package.threshold)))
            let bytes = try AuthenticatedEncryption.open(
                [UInt8](package.sealedVault), key: key, context: .recoveryVault, associated: binding)
            guard let part = try? WireReplicaPart(strictly: bytes, limit: Self.maximumPackage) else { throw .malformedBox }
            return part
        } catch { throw .badShares }
    }
}
