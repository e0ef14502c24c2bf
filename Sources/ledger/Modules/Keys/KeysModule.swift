import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Enclaves and the subject keys they hold. The chain sees commitments and signatures, never a key.
package enum KeysModule {
    /// Admits an enclave whose evidence appraises well. Only the operator may, until governance does.
    package static func register(_ message: WireRegisterEnclave, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard context.isOperator else { throw Refusal.keysNotOperator }
        let identity = message.identity
        guard let evidence = try? WireEvidence(strictly: [UInt8](message.evidence), limit: EvidenceAppraiser.maximumEvidence),
            let challenge = try RecentBlocks.hash(at: evidence.challengeHeight, &state)
        else { throw Refusal.keysStaleEvidence }
        let subject = AttestationSubject(chainID: context.genesis.chainID, identity: identity, challengeBlock: challenge)
        let policy = AttestationPolicy(allowSimulated: context.genesis.wire.allowSimulatedEnclaves)
        let appraisal: Appraisal
        do {
            appraisal = try EvidenceAppraiser.appraise([UInt8](message.evidence), about: subject, policy: policy, at: context.block.time)
        } catch { throw Refusal.keysBadEvidence }
        let id = EnclaveStatement.identifier(identity)
        guard try state.value(StateKey.enclave(id)) == nil else { throw Refusal.keysEnclaveExists }
        var enclave = WireEnclave()
        enclave.id = .init(id.bytes)
        enclave.identity = identity
        enclave.operator = .init(context.sender.bytes)
        enclave.status = .active
        enclave.assurance = appraisal.assurance.rawValue
        enclave.height = context.block.height
        state.set(StateKey.enclave(id), enclave)
        state.emit("keys.enclaveRegistered", id: id.bytes, account: context.sender)
    }

    /// Records which vault version is the newest: an older copy can never be anchored again.
    package static func anchor(_ message: WireAnchorVault, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, enclave) = try startable(message.enclave, &state)
        guard let nonce = Hash32(message.nonce), let root = Hash32(message.vaultRoot) else { throw Refusal.keysMalformed }
        let statement = EnclaveStatement.anchor(
            chainID: context.genesis.chainID, enclave: id, nonce: nonce, vaultVersion: message.vaultVersion, vaultRoot: root)
        try verify(message.signature, of: statement, .vaultAnchor, enclave)
        guard message.vaultVersion >= enclave.vaultVersion else { throw Refusal.keysVaultRolledBack }
        if message.vaultVersion == enclave.vaultVersion, !enclave.vaultRoot.isEmpty, enclave.vaultRoot != message.vaultRoot {
            throw Refusal.keysVaultRolledBack
        }
        enclave.anchorNonce = message.nonce
        enclave.vaultVersion = message.vaultVersion
        enclave.vaultRoot = message.vaultRoot
        state.set(StateKey.enclave(id), enclave)
        state.emit("keys.vaultAnchored", id: id.bytes, account: context.sender)
    }

    /// Notes that an enclave holds the sender's key for a dataset.
    package static func enrol(_ message: WireEnrolSubjectKey, _ context: MessageContext, _ state: inout ModuleState) throws {
        _ = try RegistryModule.dataset(message.dataset, &state)
        let (id, enclave) = try active(message.enclave, &state)
        guard let commitment = Hash32(message.commitment) else { throw Refusal.keysMalformed }
        let statement = EnclaveStatement.enrolmentReceipt(
            chainID: context.genesis.chainID, enclave: id, subject: context.sender, dataset: message.dataset, commitment: commitment,
            vaultVersion: message.vaultVersion)
        try verify(message.receipt, of: statement, .enrolmentReceipt, enclave)
        try HoldingsState.add(key: message.keyEpoch, in: id, for: message.dataset, of: context.sender, &state)
        var key = WireSubjectKey()
        key.subject = .init(context.sender.bytes)
        key.dataset = message.dataset
        key.enclave = message.enclave
        key.commitment = message.commitment
        key.height = context.block.height
        key.keyEpoch = message.keyEpoch
        state.set(StateKey.subjectKey(context.sender, dataset: message.dataset, enclave: id), key)
        state.emit("keys.enrolled", id: id.bytes, account: context.sender)
    }

    /// The enclave `id`, if it may act, or may come back to do what it is suspended for.
    private static func startable(_ id: Data, _ state: inout ModuleState) throws -> (id: Hash32, enclave: WireEnclave) {
        if let id = Hash32(id), let enclave: WireEnclave = try state.message(StateKey.enclave(id)), enclave.status == .suspended,
            enclave.suspension == EnclaveSuspension.erasure
        {
            return (id, enclave)
        }
        return try active(id, &state)
    }

    /// The enclave `id`, if it may act.
    package static func active(_ id: Data, _ state: inout ModuleState) throws -> (id: Hash32, enclave: WireEnclave) {
        guard let id = Hash32(id), let enclave: WireEnclave = try state.message(StateKey.enclave(id)) else {
            throw Refusal.keysUnknownEnclave
        }
        guard enclave.status == .active else { throw Refusal.keysEnclaveSuspended }
        return (id, enclave)
    }

    /// Checks an enclave's signature of `statement`.
    package static func verify(
        _ signature: Data, of statement: [UInt8], _ context: Context, _ enclave: WireEnclave
    ) throws {
        guard let key = Hash32(enclave.identity.signingKey) else { throw Refusal.keysMalformed }
        do { try VerificationKey.ed25519(key).verify([UInt8](signature), of: statement, context: context) } catch {
            throw Refusal.keysBadSignature
        }
    }
}

extension Refusal {
    package static let keysNotOperator = Refusal(400, "keys.notOperator", "only the chain's operator admits enclaves")
    package static let keysMalformed = Refusal(401, "keys.malformed", "a key, commitment or root is not well formed")
    package static let keysBadEvidence = Refusal(402, "keys.badEvidence", "the enclave's evidence is refused by this chain's policy")
    package static let keysEnclaveExists = Refusal(403, "keys.enclaveExists", "this enclave is registered already")
    package static let keysUnknownEnclave = Refusal(404, "keys.unknownEnclave", "no such enclave is registered")
    package static let keysEnclaveSuspended = Refusal(405, "keys.enclaveSuspended", "the enclave is suspended")
    package static let keysBadSignature = Refusal(406, "keys.badSignature", "the enclave did not sign this")
    package static let keysVaultRolledBack = Refusal(407, "keys.vaultRolledBack", "the chain knows a newer version of this vault")
    package static let keysStaleEvidence = Refusal(408, "keys.staleEvidence", "the evidence does not answer a recent block of this chain")

    package static let allKeys: [Refusal] = [
        keysNotOperator, keysMalformed, keysBadEvidence, keysEnclaveExists, keysUnknownEnclave, keysEnclaveSuspended, keysBadSignature,
        keysVaultRolledBack, keysStaleEvidence,
    ]
}
