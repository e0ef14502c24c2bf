import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// When the shares of older recovery epochs are no way back: of each plan that there was, so many holders destroyed theirs that fewer
/// than its threshold are left.
///
/// A package is of the epoch up to which its vault had applied the puncture log. So those that may hold what entry n erased are the
/// epochs below n, whoever made them: enclaves that are lost or suspended too.
enum RecoveryConditions {
    /// Whether that holds for each vault of `erasure`; without a plan there are no shares.
    static func areMet(_ erasure: WireErasure, _ state: inout ModuleState) throws -> Bool {
        guard !erasure.vaults.isEmpty else { return true }
        for term in try RecoveryModule.terms(&state) {
            let needed = term.plan.holders.count - Int(term.plan.threshold) + 1
            for vault in erasure.vaults.compactMap({ Hash32($0) }) {
                guard try attesting(term, vault, erasure, &state).count >= needed else { return false }
            }
        }
        return true
    }

    /// Whose attestations hold for all vaults, sorted.
    static func holders(_ erasure: WireErasure, _ state: inout ModuleState) throws -> [Data] {
        guard !erasure.vaults.isEmpty else { return [] }
        var holders: Set<Data> = []
        for term in try RecoveryModule.terms(&state) {
            var attesting = Set(term.plan.holders.map(\.account))
            for vault in erasure.vaults.compactMap({ Hash32($0) }) {
                attesting.formIntersection(try self.attesting(term, vault, erasure, &state))
            }
            holders.formUnion(attesting)
        }
        return holders.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func attesting(
        _ term: RecoveryModule.Term, _ vault: Hash32, _ erasure: WireErasure, _ state: inout ModuleState
    ) throws -> Set<Data> {
        // Holders of a plan that has ended were given nothing after its end: once their older shares are gone, nothing is asked of them.
        let epoch = term.lastEpoch.map { min(erasure.sequence, $0 + 1) } ?? erasure.sequence
        var accounts: Set<Data> = []
        for account in term.plan.holders.compactMap({ Address($0.account) }) {
            if try RecoveryModule.destroyed(vault, by: account, &state) >= epoch { accounts.insert(.init(account.bytes)) }
        }
        return accounts
    }
}
