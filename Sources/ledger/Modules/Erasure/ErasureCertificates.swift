import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Fills the certificates: takes the vaults' signatures, suspends who stays silent, and says when an erasure is complete.
package enum ErasureCertificates {
    /// Open certificates looked at in one block.
    package static let certificatesPerBlock = 256

    /// An enclave's word that nothing of the puncture log up to an entry is left in its vault.
    package static func acknowledge(_ message: WireAcknowledgeErasure, _ context: MessageContext, _ state: inout ModuleState) throws {
        let word = message.acknowledgement
        guard let id = Hash32(word.enclave), var enclave: WireEnclave = try state.message(StateKey.enclave(id)) else {
            throw Refusal.keysUnknownEnclave
        }
        let isSuspendedForErasure = enclave.status == .suspended && enclave.suspension == EnclaveSuspension.erasure
        guard enclave.status == .active || isSuspendedForErasure else { throw Refusal.keysEnclaveSuspended }
        guard let hash = Hash32(message.punctureHash), let root = Hash32(word.vaultRoot),
            try hash == PunctureHashes.hash(at: word.sequence, &state)
        else { throw Refusal.erasureBadAcknowledgement }
        guard word.sequence > enclave.punctures || isSuspendedForErasure else { throw Refusal.erasureAcknowledged }
        let statement = EnclaveStatement.erasureAcknowledgement(chainID: context.genesis.chainID, word, punctures: hash)
        try KeysModule.verify(word.signature, of: statement, .erasureAcknowledgement, enclave)
        // An older vault than the chain knows could still hold what was erased.
        guard word.vaultVersion > enclave.vaultVersion || enclave.vaultRoot.elementsEqual(root.bytes) else {
            throw Refusal.keysVaultRolledBack
        }
        (enclave.punctures, enclave.recoveryEpoch) = (word.sequence, max(enclave.recoveryEpoch, word.recoveryEpoch))
        (enclave.vaultVersion, enclave.vaultRoot) = (word.vaultVersion, word.vaultRoot)
        if isSuspendedForErasure, try word.sequence >= Amounts.value(StateKey.suspendedFor(id), &state) {
            (enclave.status, enclave.suspension) = (.active, "")
            state.remove(StateKey.suspendedFor(id))
        }
        state.set(StateKey.enclave(id), enclave)
        try RecoveryModule.note(enclave.recoveryEpoch, of: KeysModule.vault(of: enclave), &state)
        state.set(StateKey.acknowledgement(id), word)
        state.emit("erasure.acknowledged", id: id.bytes, account: context.sender, amount: word.sequence)
    }

    /// Looks at open certificates, oldest first, in turn; before a block's transactions.
    package static func run(_ context: BlockContext, _ state: inout ModuleState) throws {
        guard let log = PunctureChain(try state.message(StateKey.punctureLog)), log.count > 0 else { return }
        // Every certificate up to here is complete.
        var settled = try Amounts.value(StateKey.settledErasures, &state)
        guard settled < log.count else { return }
        var next = max(try Amounts.value(StateKey.nextErasure, &state), settled + 1)
        if next > log.count { next = settled + 1 }
        let last = min(log.count, next + UInt64(certificatesPerBlock) - 1)
        for sequence in next...last {
            let isComplete = try look(at: sequence, context, &state)
            if isComplete, sequence == settled + 1 { settled = sequence }
        }
        Amounts.write(settled, StateKey.settledErasures, &state)
        Amounts.write(last + 1, StateKey.nextErasure, &state)
    }

    /// Whether the certificate of entry `sequence` is complete, now or before.
    private static func look(at sequence: UInt64, _ context: BlockContext, _ state: inout ModuleState) throws -> Bool {
        guard let entry: WirePuncture = try state.message(StateKey.puncture(sequence)), let id = Hash32(entry.erasure),
            var erasure: WireErasure = try state.message(StateKey.erasure(id))
        else { return true }
        guard erasure.status == .pending else { return true }
        guard !erasure.sweeping else { return false }
        var (acknowledgements, silent): ([WireErasureAcknowledgement], [Data]) = ([], [])
        for member in try erasure.vaults.flatMap({ try VaultMembers.of($0, &state) }) {
            guard let enclave: WireEnclave = try state.message(StateKey.enclave(member)) else { continue }
            if enclave.punctures >= sequence, let word: WireErasureAcknowledgement = try state.message(StateKey.acknowledgement(member)) {
                acknowledgements.append(word)
                continue
            }
            if enclave.status == .active {
                guard context.time >= erasure.deadline else { return false }
                try suspend(member, enclave, because: sequence, &state)
            }
            silent.append(.init(member.bytes))
        }
        guard try RecoveryConditions.areMet(erasure, &state) else { return false }
        erasure.acknowledgements = acknowledgements.sorted { $0.enclave.lexicographicallyPrecedes($1.enclave) }
        erasure.suspended = silent.sorted { $0.lexicographicallyPrecedes($1) }
        erasure.recoveryEpoch = sequence
        erasure.shareHolders = try RecoveryConditions.holders(erasure, &state)
        (erasure.status, erasure.completedHeight) = (.complete, context.height)
        state.set(StateKey.erasure(id), erasure)
        state.emit("erasure.completed", id: id.bytes, account: Address(erasure.subject), amount: sequence)
        return true
    }

    /// Takes the enclave out of service until it has destroyed what it was asked to.
    private static func suspend(
        _ id: Hash32, _ enclave: WireEnclave, because sequence: UInt64, _ state: inout ModuleState
    ) throws {
        var enclave = enclave
        (enclave.status, enclave.suspension) = (.suspended, EnclaveSuspension.erasure)
        state.set(StateKey.enclave(id), enclave)
        Amounts.write(sequence, StateKey.suspendedFor(id), &state)
        state.emit("erasure.enclaveSuspended", id: id.bytes, amount: sequence)
    }
}

/// The hash of the puncture log at each of its entries.
enum PunctureHashes {
    /// The hash behind entry `sequence`; `nil` when the log does not reach it.
    static func hash(at sequence: UInt64, _ state: inout ModuleState) throws -> Hash32? {
        guard sequence > 0 else { return nil }
        return try state.value(StateKey.punctureHash(sequence)).flatMap { Hash32($0) }
    }
}
