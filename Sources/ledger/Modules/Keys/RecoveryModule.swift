import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Who keeps the shares that bring a lost vault back, and what they attest to have destroyed.
///
/// The first holders are the genesis's; each change takes the word of a threshold of those before. Enclaves check the same links by
/// themselves, so no quorum can name holders of its own (docs/spec/vault.md §8).
package enum RecoveryModule {
    /// The most plans that a chain ever has: the certificate of an erasure asks the holders of each.
    package static let mostPlans: UInt32 = 64

    /// Writes the genesis's plan into the state of block 0.
    package static func begin(_ genesis: Genesis, _ state: inout ModuleState) {
        if let plan = genesis.recoveryPlan { store(plan, &state) }
    }

    /// Whether the change is the next plan, and enough of the present holders approve of it.
    static func check(_ change: WireSetRecoveryHolders, _ genesis: Genesis, _ state: inout ModuleState) throws {
        let next = WireRecoveryPlan(change)
        guard next.isWellFormed else { throw Refusal.recoveryMalformed }
        guard let present = try plan(&state) else { throw Refusal.recoveryNone }
        guard next.version == present.version + 1, next.version < mostPlans else { throw Refusal.recoveryOtherVersion }
        let statement = HolderStatement.plan(next, after: present, chainID: genesis.chainID)
        // Words of others would only take up room.
        guard present.isApproved(by: next.approvals, statement, .planApproval),
            present.count(next.approvals, of: statement, .planApproval) == next.approvals.count
        else { throw Refusal.recoveryUnapproved }
    }

    /// The plan holds from the next package on; whoever was a holder stays one who may attest.
    static func apply(_ change: WireSetRecoveryHolders, at height: UInt64, _ genesis: Genesis, _ state: inout ModuleState) throws {
        try check(change, genesis, &state)
        guard let log = PunctureChain(try state.message(StateKey.punctureLog)) else { throw Refusal.recoveryMalformed }
        var plan = WireRecoveryPlan(change)
        plan.height = height
        Amounts.write(log.count, StateKey.recoveryPlanEnd(version: plan.version - 1), &state)
        store(plan, &state)
        state.emit("recovery.holdersSet", amount: UInt64(change.threshold))
    }

    private static func store(_ plan: WireRecoveryPlan, _ state: inout ModuleState) {
        state.set(StateKey.recoveryPlan, plan)
        state.set(StateKey.recoveryPlan(version: plan.version), plan)
        for account in plan.holders.compactMap({ Address($0.account) }) { state.set(StateKey.recoveryHolder(account), bytes: [1]) }
    }

    /// The plan in force; `nil` on a chain without recovery.
    package static func plan(_ state: inout ModuleState) throws -> WireRecoveryPlan? { try state.message(StateKey.recoveryPlan) }

    /// A plan, and the last recovery epoch that packages for its holders can be of; `nil` for the plan in force.
    struct Term {
        let plan: WireRecoveryPlan
        let lastEpoch: UInt64?
    }

    /// Every plan that there was, oldest first: their holders' shares do not go away by themselves.
    static func terms(_ state: inout ModuleState) throws -> [Term] {
        guard let present = try plan(&state) else { return [] }
        var terms: [Term] = []
        for version in 0..<present.version {
            guard let plan: WireRecoveryPlan = try state.message(StateKey.recoveryPlan(version: version)) else { continue }
            let end = try Amounts.value(StateKey.recoveryPlanEnd(version: version), &state)
            terms.append(Term(plan: plan, lastEpoch: end))
        }
        return terms + [Term(plan: present, lastEpoch: nil)]
    }

    /// Below which epoch `account` attested to have destroyed its shares of `vault`; 0 for none.
    package static func destroyed(_ vault: Hash32, by account: Address, _ state: inout ModuleState) throws -> UInt64 {
        let destruction: WireShareDestruction? = try state.message(StateKey.shareDestruction(vault, account: account))
        return destruction?.epoch ?? 0
    }

    /// Below which epoch the vault makes no packages any more: how much of the puncture log all of its active enclaves have applied. One
    /// that is out of service makes none; where all are, it is the whole log.
    private static func firstEpoch(of vault: Data, _ state: inout ModuleState) throws -> UInt64 {
        var least: UInt64?
        for member in try VaultMembers.of(vault, &state) {
            guard let enclave: WireEnclave = try state.message(StateKey.enclave(member)), enclave.status == .active else { continue }
            least = min(least ?? .max, enclave.punctures)
        }
        if let least { return least }
        return PunctureChain(try state.message(StateKey.punctureLog))?.count ?? 0
    }

    // MARK: Epochs of vaults

    /// The newest recovery epoch of the vault that any of its enclaves, lost ones too, has said to be in.
    package static func epoch(of vault: Hash32, _ state: inout ModuleState) throws -> UInt64 {
        let known: WireVaultEpoch? = try state.message(StateKey.vaultEpoch(vault))
        return known?.epoch ?? 0
    }

    /// Notes that an enclave of the vault is in `epoch`: no package from before brings the vault back.
    static func note(_ epoch: UInt64, of vault: Hash32, _ state: inout ModuleState) throws {
        guard try epoch > self.epoch(of: vault, &state) else { return }
        var value = WireVaultEpoch()
        (value.vault, value.epoch) = (.init(vault.bytes), epoch)
        state.set(StateKey.vaultEpoch(vault), value)
    }

    // MARK: Destroyed shares

    /// A holder's word; it cannot be taken back.
    package static func attest(_ message: WireAttestShareDestruction, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let vault = Hash32(message.vault), message.epoch > 0 else { throw Refusal.recoveryMalformed }
        guard try state.value(StateKey.recoveryHolder(context.sender)) != nil else { throw Refusal.recoveryNotHolder }
        guard let enclave: WireEnclave = try state.message(StateKey.enclave(vault)), KeysModule.vault(of: enclave) == vault else {
            throw Refusal.keysUnknownEnclave
        }
        // Nobody can have destroyed shares that do not exist yet.
        guard try message.epoch <= firstEpoch(of: message.vault, &state) else { throw Refusal.recoveryFuture }
        guard try destroyed(vault, by: context.sender, &state) < message.epoch else { throw Refusal.recoveryAttested }
        var destruction = WireShareDestruction()
        (destruction.vault, destruction.account) = (message.vault, .init(context.sender.bytes))
        (destruction.epoch, destruction.height) = (message.epoch, context.block.height)
        state.set(StateKey.shareDestruction(vault, account: context.sender), destruction)
        state.emit("recovery.sharesDestroyed", id: vault.bytes, account: context.sender, amount: message.epoch)
    }
}

extension Refusal {
    package static let recoveryMalformed = Refusal(
        430, "recovery.malformed", "the threshold, the holders or their order, a key or an epoch is not well formed")
    package static let recoveryNotHolder = Refusal(431, "recovery.notHolder", "the sender never kept shares")
    package static let recoveryAttested = Refusal(432, "recovery.attested", "the sender has attested this or more already")
    package static let recoveryFuture = Refusal(433, "recovery.future", "the vault may still make packages of older recovery epochs")
    package static let recoveryNone = Refusal(434, "recovery.none", "the genesis names no recovery holders: the chain has no recovery")
    package static let recoveryOtherVersion = Refusal(
        435, "recovery.otherVersion", "a change has the version after the present plan's, and there are at most 64 plans")
    package static let recoveryUnapproved = Refusal(
        436, "recovery.unapproved", "too few of the present holders approve, an approval does not hold, or it is not a holder's")

    package static let allRecovery: [Refusal] = [
        recoveryMalformed, recoveryNotHolder, recoveryAttested, recoveryFuture, recoveryNone, recoveryOtherVersion, recoveryUnapproved,
    ]
}
