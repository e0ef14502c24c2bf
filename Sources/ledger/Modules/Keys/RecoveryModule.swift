import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Who keeps the shares that bring a lost vault back, and what they attest to have destroyed.
package enum RecoveryModule {
    /// The most holders: an X-Wing key each has to fit into one value of the state.
    package static let mostHolders = 32

    /// Whether the change is a possible plan.
    static func check(_ change: WireSetRecoveryHolders) throws {
        let accounts = change.holders.compactMap { Address($0.account) }
        guard accounts.count == change.holders.count, (1...mostHolders).contains(accounts.count),
            zip(accounts, accounts.dropFirst()).allSatisfy({ $0 < $1 }),
            (1...UInt32(accounts.count)).contains(change.threshold),
            change.holders.allSatisfy({ (try? SealingPublicKey($0.key)) != nil })
        else { throw Refusal.recoveryMalformed }
    }

    /// The plan holds from the next package on; whoever was a holder stays one who may attest.
    static func apply(_ change: WireSetRecoveryHolders, at height: UInt64, _ state: inout ModuleState) throws {
        try check(change)
        var plan = WireRecoveryPlan()
        (plan.threshold, plan.holders, plan.height) = (change.threshold, change.holders, height)
        state.set(StateKey.recoveryPlan, plan)
        for holder in change.holders {
            guard let account = Address(holder.account) else { throw Refusal.recoveryMalformed }
            state.set(StateKey.recoveryHolder(account), bytes: [1])
        }
        state.emit("recovery.holdersSet", amount: UInt64(change.threshold))
    }

    /// The plan in force; `nil` when there never was one.
    package static func plan(_ state: inout ModuleState) throws -> WireRecoveryPlan? { try state.message(StateKey.recoveryPlan) }

    /// Below which epoch `account` attested to have destroyed its shares of `vault`; 0 for none.
    package static func destroyed(_ vault: Hash32, by account: Address, _ state: inout ModuleState) throws -> UInt64 {
        let destruction: WireShareDestruction? = try state.message(StateKey.shareDestruction(vault, account: account))
        return destruction?.epoch ?? 0
    }

    /// The recovery epoch that the vault's packages are of now: the greatest that one of its enclaves has signed. A vault that is out of
    /// service makes no packages and signs nothing; an erasure that it is silent about waits for the epoch of its own entry.
    private static func epoch(of vault: Data, _ state: inout ModuleState) throws -> UInt64 {
        var greatest: UInt64 = 0
        var isActive = false
        for member in try VaultMembers.of(vault, &state) {
            guard let enclave: WireEnclave = try state.message(StateKey.enclave(member)) else { continue }
            greatest = max(greatest, enclave.recoveryEpoch)
            isActive = isActive || enclave.status == .active
        }
        guard !isActive, let log = PunctureChain(try state.message(StateKey.punctureLog)) else { return greatest }
        return max(greatest, log.count)
    }

    /// A holder's word; it cannot be taken back.
    package static func attest(_ message: WireAttestShareDestruction, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let vault = Hash32(message.vault), message.epoch > 0 else { throw Refusal.recoveryMalformed }
        guard try state.value(StateKey.recoveryHolder(context.sender)) != nil else { throw Refusal.recoveryNotHolder }
        guard let enclave: WireEnclave = try state.message(StateKey.enclave(vault)), KeysModule.vault(of: enclave) == vault else {
            throw Refusal.keysUnknownEnclave
        }
        // Nobody can have destroyed shares that do not exist yet.
        guard try message.epoch <= epoch(of: message.vault, &state) else { throw Refusal.recoveryFuture }
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
    package static let recoveryFuture = Refusal(433, "recovery.future", "the vault has not begun this recovery epoch yet")

    package static let allRecovery: [Refusal] = [recoveryMalformed, recoveryNotHolder, recoveryAttested, recoveryFuture]
}
