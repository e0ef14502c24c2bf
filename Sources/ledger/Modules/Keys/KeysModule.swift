import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// The vaults of enclaves and the subject keys they hold. The chain sees commitments and signatures, never a key.
package enum KeysModule {
    /// Records which vault version is the newest: an older copy can never be anchored again.
    package static func anchor(_ message: WireAnchorVault, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, enclave) = try startable(message.enclave, context, &state)
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
        guard try state.value(StateKey.erasedSubject(context.sender)) == nil else { throw Refusal.erasureSubjectErased }
        let (id, enclave) = try active(message.enclave, context, &state)
        guard let commitment = Hash32(message.commitment) else { throw Refusal.keysMalformed }
        let statement = EnclaveStatement.enrolmentReceipt(
            chainID: context.genesis.chainID, enclave: id, subject: context.sender, dataset: message.dataset, keyEpoch: message.keyEpoch,
            commitment: commitment, vaultVersion: message.vaultVersion)
        try verify(message.receipt, of: statement, .enrolmentReceipt, enclave)
        let vault = vault(of: enclave)
        let place = StateKey.subjectKey(context.sender, dataset: message.dataset, enclave: vault, epoch: message.keyEpoch)
        // What a record is encrypted under never becomes another key.
        if let known: WireSubjectKey = try state.message(place), known.commitment != message.commitment {
            throw Refusal.keysEnrolledOtherwise
        }
        try checkEpoch(message, of: context.sender, &state)
        try HoldingsState.add(key: message.keyEpoch, in: vault, for: message.dataset, of: context.sender, &state)
        var key = WireSubjectKey()
        key.subject = .init(context.sender.bytes)
        key.dataset = message.dataset
        key.enclave = .init(vault.bytes)
        key.commitment = message.commitment
        key.height = context.block.height
        key.keyEpoch = message.keyEpoch
        state.set(place, key)
        state.emit("keys.enrolled", id: id.bytes, account: context.sender)
    }

    /// Whether `vault` was given a key of `subject` for `dataset` that still stands.
    static func isEnrolled(_ subject: Address, dataset: String, vault: Data, _ state: inout ModuleState) throws -> Bool {
        guard let holding = try HoldingsState.of(subject, in: dataset, &state) else { return false }
        return holding.keys.contains { $0.vault == vault && !$0.destroyed }
    }

    /// A further key follows the newest one: an epoch is neither skipped nor begun by whoever lost count.
    private static func checkEpoch(_ message: WireEnrolSubjectKey, of subject: Address, _ state: inout ModuleState) throws {
        guard message.keyEpoch > 0 else { return }
        let keys = try HoldingsState.of(subject, in: message.dataset, &state)?.keys ?? []
        guard keys.contains(where: { $0.keyEpoch + 1 == message.keyEpoch || $0.keyEpoch == message.keyEpoch }) else {
            throw Refusal.keysSkippedEpoch
        }
    }

    /// The enclave `id`, if it may act, or may come back to do what it is suspended for.
    private static func startable(_ id: Data, _ context: MessageContext, _ state: inout ModuleState) throws -> (
        id: Hash32, enclave: WireEnclave
    ) {
        if let id = Hash32(id), let enclave: WireEnclave = try state.message(StateKey.enclave(id)), enclave.status == .suspended,
            enclave.suspension == EnclaveSuspension.erasure
        {
            return (id, enclave)
        }
        return try active(id, context, &state)
    }

    /// The enclave `id`, if it may act: neither suspended, nor with evidence that is too old.
    package static func active(
        _ id: Data, _ context: MessageContext, _ state: inout ModuleState
    ) throws -> (id: Hash32, enclave: WireEnclave) {
        guard let id = Hash32(id), let enclave: WireEnclave = try state.message(StateKey.enclave(id)) else {
            throw Refusal.keysUnknownEnclave
        }
        guard enclave.status == .active else { throw Refusal.keysEnclaveSuspended }
        guard !enclave.isExpired(at: context.block.time) else { throw Refusal.admissionExpired }
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
    package static let keysNotOperator = Refusal(
        400, "keys.notOperator", "only the chain's operator and the accounts of its validators answer for enclaves, each for its own")
    package static let keysMalformed = Refusal(401, "keys.malformed", "a key, commitment or root is not well formed")
    // 402 is not used: refused evidence has the code of the rule that it breaks (attestation.*).
    package static let keysEnclaveExists = Refusal(403, "keys.enclaveExists", "this enclave is registered already")
    package static let keysUnknownEnclave = Refusal(404, "keys.unknownEnclave", "no such enclave is registered")
    package static let keysEnclaveSuspended = Refusal(405, "keys.enclaveSuspended", "the enclave is suspended")
    package static let keysBadSignature = Refusal(406, "keys.badSignature", "the enclave did not sign this")
    package static let keysVaultRolledBack = Refusal(407, "keys.vaultRolledBack", "the chain knows a newer version of this vault")
    package static let keysStaleEvidence = Refusal(408, "keys.staleEvidence", "the evidence does not answer a recent block of this chain")

    package static let keysEnrolledOtherwise = Refusal(
        409, "keys.enrolledOtherwise", "the vault holds another key of this epoch for the dataset; a new key has a new epoch")
    package static let keysSkippedEpoch = Refusal(410, "keys.skippedEpoch", "a further key has the epoch after the newest one")

    package static let allKeys: [Refusal] = [
        keysEnrolledOtherwise, keysSkippedEpoch,
        keysNotOperator, keysMalformed, keysEnclaveExists, keysUnknownEnclave, keysEnclaveSuspended, keysBadSignature,
        keysVaultRolledBack, keysStaleEvidence,
    ]
}
