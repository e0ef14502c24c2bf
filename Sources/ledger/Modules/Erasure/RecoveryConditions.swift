import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// When the shares of older recovery epochs are no way back: so many holders destroyed theirs that fewer than the threshold are left.
enum RecoveryConditions {
    /// Whether that holds for each vault of `erasure`; without a plan there are no shares.
    static func areMet(
        _ erasure: WireErasure, _ words: [WireErasureAcknowledgement], _ state: inout ModuleState
    ) throws -> Bool {
        guard let plan: WireRecoveryPlan = try state.message(StateKey.recoveryPlan), !erasure.vaults.isEmpty else { return true }
        let needed = plan.holders.count - Int(plan.threshold) + 1
        for (vault, epoch) in try epochs(erasure, words, &state) {
            guard try attesting(plan, vault, epoch, &state).count >= needed else { return false }
        }
        return true
    }

    /// Whose attestations hold for all vaults, sorted.
    static func holders(
        _ erasure: WireErasure, _ words: [WireErasureAcknowledgement], _ state: inout ModuleState
    ) throws -> [Data] {
        guard let plan: WireRecoveryPlan = try state.message(StateKey.recoveryPlan), !erasure.vaults.isEmpty else { return [] }
        var holders = Set(plan.holders.map(\.account))
        for (vault, epoch) in try epochs(erasure, words, &state) { holders.formIntersection(try attesting(plan, vault, epoch, &state)) }
        return holders.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func attesting(
        _ plan: WireRecoveryPlan, _ vault: Hash32, _ epoch: UInt64, _ state: inout ModuleState
    ) throws -> Set<Data> {
        var accounts: Set<Data> = []
        for holder in plan.holders {
            guard let account = Address(holder.account),
                let word: WireShareDestruction = try state.message(StateKey.shareDestruction(vault, account: account)),
                word.epoch >= epoch
            else { continue }
            accounts.insert(holder.account)
        }
        return accounts
    }

    /// For each vault the first recovery epoch whose packages do not hold what is erased: what its enclaves signed, or, when all are
    /// silent, that of the erasure's own entry.
    private static func epochs(
        _ erasure: WireErasure, _ words: [WireErasureAcknowledgement], _ state: inout ModuleState
    ) throws -> [(vault: Hash32, epoch: UInt64)] {
        var epochs: [(vault: Hash32, epoch: UInt64)] = []
        for bytes in erasure.vaults {
            guard let vault = Hash32(bytes) else { continue }
            let members = try VaultMembers.of(bytes, &state).map { Data($0.bytes) }
            if let signed = words.filter({ members.contains($0.enclave) }).map(\.recoveryEpoch).max() {
                epochs.append((vault, signed))
            } else {
                epochs.append((vault, erasure.sequence))
            }
        }
        return epochs
    }
}
