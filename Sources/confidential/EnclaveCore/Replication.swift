import ChainTypes
import Crypto
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes

/// What this start knows of other enclaves of its vault; nothing of it outlives the process.
struct PeerMemory {
    /// Of this start's offers: a part that answers another start's is refused.
    var nonce: Hash32?
    /// Whose evidence was appraised since the start, by id and, of those that ask for keys, nonce.
    var appraised: Set<[UInt8]> = []
    /// Up to which version of each other's vault everything is here.
    var progress: [Hash32: UInt64] = [:]
    /// The most peers that are remembered.
    static let most = 1_024

    mutating func remember(_ peer: [UInt8]) {
        if appraised.count >= Self.most { appraised = [] }
        appraised.insert(peer)
    }
}

/// Giving a vault's keys to another enclave, and taking them over (docs/spec/vault.md §7).
extension EnclaveMachine {
    /// Bytes of entries in one part.
    private static let partBytes = 4 << 20
    /// Bytes of a sealed part that are looked at.
    private static let maximumPart = 16 << 20

    /// What this enclave shows to one that holds the keys it wants.
    mutating func offerReplica(_ command: WireOfferReplicaCommand) throws -> WireOfferReplicaAnswer {
        guard isServing else { throw EnclaveError.notServing }
        var challenge = WireAttestCommand()
        (challenge.challengeHeight, challenge.challengeBlock) = (command.challengeHeight, command.challengeBlock)
        let attested = try attest(challenge)
        let nonce = peers.nonce ?? SecureRandom.hash()
        peers.nonce = nonce
        var answer = WireOfferReplicaAnswer()
        answer.offer.chainID = chainID
        answer.offer.identity = identity
        answer.offer.evidence = attested.evidence
        answer.offer.nonce = .init(nonce.bytes)
        answer.offer.sessionKey = session.announcement.key
        answer.signature = .init(try sign(EnclaveStatement.replicaOffer(answer.offer), .replicaOffer))
        return answer
    }

    /// A part of the vault for an enclave that the chain has admitted and whose evidence holds here too, sealed to the key of its session,
    /// which its attested key has signed.
    mutating func exportReplica(_ command: WireExportReplicaCommand) throws -> WireExportReplicaAnswer {
        guard isServing else { throw EnclaveError.notServing }
        let offer = command.offer
        guard offer.chainID == chainID else { throw EnclaveError.wrongChain }
        guard let nonce = Hash32(offer.nonce), let signer = Hash32(offer.identity.signingKey) else { throw EnclaveError.malformedCommand }
        let peer = EnclaveStatement.identifier(offer.identity)
        guard peer != id else { throw EnclaveError.peerNotAdmitted }
        do {
            try VerificationKey.ed25519(signer).verify(
                [UInt8](command.signature), of: EnclaveStatement.replicaOffer(offer), context: .replicaOffer)
        } catch { throw EnclaveError.badPeerSignature }
        let known = peer.bytes + nonce.bytes
        let enclave: WireEnclave
        if peers.appraised.contains(known) {
            enclave = try peerChecks.active(offer.identity, command.enclave)
        } else {
            enclave = try admit(offer.identity, PeerEvidence(command))
            peers.remember(known)
        }
        let group = Hash32(enclave.vault) ?? peer
        guard group == peer || group == vaultID else { throw EnclaveError.otherVault }
        return try part(for: peer, offer, after: command.afterVersion)
    }

    private func part(for peer: Hash32, _ offer: WireReplicaOffer, after version: UInt64) throws -> WireExportReplicaAnswer {
        var part = WireReplicaPart()
        (part.chainID, part.source, part.nonce) = (chainID, .init(id.bytes), offer.nonce)
        (part.afterVersion, part.version, part.isLast) = (version, max(version, vault.version), true)
        var bytes = 0
        for entry in version < vault.version ? try vault.entries(after: version) : [] {
            guard bytes < Self.partBytes else {
                part.isLast = false
                break
            }
            part.version = entry.version
            guard let shared = vault.shared(entry) else { continue }
            part.entries.append(shared)
            bytes += shared.encoded().count
        }
        if part.isLast { part.version = max(version, vault.version) }
        (part.punctures, part.punctureHash) = (vault.punctures.count, .init(vault.punctures.hash.bytes))
        (part.vault, part.vaultSecret) = (.init(vaultID.bytes), vault.resultSecret.bytes)
        let handover = EnclaveStatement.handover(chainID: chainID, source: id, enclave: peer, sourceVersion: part.version)
        if part.isLast { part.handover = .init(try sign(handover, .replicaHandover)) }
        guard let nonce = Hash32(offer.nonce),
            let box = try? SealingPublicKey(offer.sessionKey).seal(
                part.encoded(), context: .replicaBox, associated: Array(chainID.utf8))
        else { throw EnclaveError.peerNotAdmitted }
        var answer = WireExportReplicaAnswer()
        (answer.part, answer.version, answer.isLast) = (box.wire, part.version, part.isLast)
        let statement = EnclaveStatement.replicaPart(
            chainID: chainID, source: id, nonce: nonce, part: answer.part, version: part.version, isLast: part.isLast)
        answer.signature = .init(try sign(statement, .replicaPart))
        return answer
    }

    /// Takes over a part that answers this start's offer, from an enclave whose evidence holds here too.
    mutating func importReplica(_ command: WireImportReplicaCommand) throws -> WireImportReplicaAnswer {
        guard isServing else { throw EnclaveError.notServing }
        let (source, part) = try open(command)
        guard part.afterVersion <= progress(of: source), part.version >= part.afterVersion else { throw EnclaveError.replicaGap }
        guard let partVault = Hash32(part.vault), part.vaultSecret.count == 32 else { throw EnclaveError.badPart }
        if partVault != vaultID {
            // An enclave with keys of its own keeps them: two vaults are never mixed.
            guard vault.isFresh, vault.replica == nil else { throw EnclaveError.otherVault }
        }
        // With each entry of the log the secret is another.
        guard part.punctures == vault.punctures.count, Hash32(part.punctureHash) == vault.punctures.hash else {
            throw EnclaveError.replicaBehind
        }
        guard partVault != vaultID || vault.resultSecret.bytes == part.vaultSecret else { throw EnclaveError.otherVault }
        let changes = try vault.missing(part.entries)
        if !changes.isEmpty || partVault != vaultID {
            var replica = vault.replica ?? WireVaultReplica()
            (replica.vault, replica.vaultSecret) = (part.vault, part.vaultSecret)
            (replica.source, replica.sourceVersion, replica.recovered) = (.init(source.bytes), part.version, false)
            replica.possessionSecret = .init()
            // What is signed reaches up to the last part; before it there is nothing to announce.
            replica.handover = part.isLast ? part.handover : .init()
            // These keys have seen all of the log.
            replica.recoveryEpoch = max(vault.recoveryEpoch, vault.punctures.count)
            try record([.replica(replica)] + changes)
        } else if part.isLast, partVault != id, vault.replica?.handover.isEmpty ?? true {
            var replica = vault.replica ?? WireVaultReplica()
            (replica.source, replica.sourceVersion, replica.handover) = (.init(source.bytes), part.version, part.handover)
            try record([.replica(replica)])
        }
        peers.progress[source] = part.version
        var answer = WireImportReplicaAnswer()
        answer.version = part.version
        if part.isLast, let announcement = try announcement() { answer.announcement = announcement }
        return answer
    }

    /// The part inside, once its source, its signature and its nonce are right.
    private mutating func open(_ command: WireImportReplicaCommand) throws -> (source: Hash32, part: WireReplicaPart) {
        guard let nonce = peers.nonce else { throw EnclaveError.replayedPart }
        guard command.part.part.ciphertext.count <= Self.maximumPart else { throw EnclaveError.badPart }
        let bytes = try unseal(command.part.part, .replicaBox, associated: Array(chainID.utf8))
        guard let part = try? WireReplicaPart(strictly: bytes, limit: Self.maximumPart) else { throw EnclaveError.badPart }
        guard part.chainID == chainID else { throw EnclaveError.wrongChain }
        guard Hash32(part.nonce) == nonce else { throw EnclaveError.replayedPart }
        guard let source = Hash32(part.source), source != id,
            let claimed = try? WireEnclave(strictly: [UInt8](command.source.value), limit: Limits.stateValue),
            let signer = Hash32(claimed.identity.signingKey), EnclaveStatement.identifier(claimed.identity) == source
        else { throw EnclaveError.badPart }
        if peers.appraised.contains(source.bytes) {
            _ = try peerChecks.active(claimed.identity, command.source)
        } else {
            _ = try admit(claimed.identity, PeerEvidence(command))
            peers.remember(source.bytes)
        }
        let statement = EnclaveStatement.replicaPart(
            chainID: chainID, source: source, nonce: nonce, part: command.part.part, version: command.part.version,
            isLast: command.part.isLast)
        do {
            try VerificationKey.ed25519(signer).verify([UInt8](command.part.signature), of: statement, context: .replicaPart)
        } catch { throw EnclaveError.badPeerSignature }
        guard part.version == command.part.version, part.isLast == command.part.isLast else { throw EnclaveError.badPart }
        return (source, part)
    }

    /// Up to which version of `source` everything is here.
    private func progress(of source: Hash32) -> UInt64 {
        if let known = peers.progress[source] { return known }
        guard let replica = vault.replica, Hash32(replica.source) == source else { return 0 }
        return replica.sourceVersion
    }

    /// What tells the chain that this enclave holds the keys of another's vault; `nil` while it does not, or only in part.
    func announcement() throws(EnclaveError) -> WireAnnounceReplica? {
        guard let replica = vault.replica, !replica.handover.isEmpty, vaultID != id else { return nil }
        var message = WireAnnounceReplica()
        (message.enclave, message.source, message.sourceVersion) = (.init(id.bytes), replica.source, replica.sourceVersion)
        message.sequence = vault.punctures.count
        (message.vaultVersion, message.vaultRoot) = (vault.version, .init(vault.root.bytes))
        (message.sourceSignature, message.recovered, message.recoveryEpoch) = (
            replica.handover, replica.recovered, replica.recoveryEpoch
        )
        if replica.recovered { try possess(&message, replica.possessionSecret) }
        message.signature = .init(try sign(EnclaveStatement.announcement(chainID: chainID, message), .replicaAnnouncement))
        return message
    }
}

extension EnclaveMachine {
    /// Of other enclaves, under the newest header.
    var peerChecks: PeerChecks {
        PeerChecks(
            genesis: genesis, trusted: client.trusted, assurance: platform.assurance, recoveryPlan: recoveryPlan, builds: vault.builds)
    }
    /// The vault whose keys this enclave holds: its own, or that of the enclave that first held them.
    var vaultID: Hash32 { vault.replica.flatMap { Hash32($0.vault) } ?? id }
}

extension PeerEvidence {
    init(_ command: WireExportReplicaCommand) {
        self.init(
            enclave: command.enclave, reference: command.referenceValue, endorsements: command.endorsements, rules: command.rules,
            challenge: command.challenge, evidence: [UInt8](command.offer.evidence))
    }

    init(_ command: WireImportReplicaCommand) {
        self.init(
            enclave: command.source, reference: command.referenceValue, endorsements: command.endorsements, rules: command.rules,
            challenge: command.challenge, evidence: [UInt8](command.sourceEvidence))
    }
}
