import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What each subject has on the chain, so that an erasure finds all of it: one value a subject, and records that name the one before.
package enum HoldingsState {
    /// The most datasets of one subject, and the most keys of one subject for one dataset.
    static let mostDatasets = 1_024
    static let mostKeys = 64

    package static func of(_ subject: Address, _ state: inout ModuleState) throws -> WireHoldings {
        try state.message(StateKey.holdings(subject)) ?? WireHoldings()
    }

    /// What `subject` has in `dataset`; `nil` for nothing ever.
    package static func of(_ subject: Address, in dataset: String, _ state: inout ModuleState) throws -> WireHolding? {
        try of(subject, &state).datasets.first { $0.dataset == dataset }
    }

    /// Enters a new record, which is to name `previous`, before any of it is written.
    ///
    /// - Throws: `erasureInProgress` while the dataset's records are being erased, `erasureKeyDestroyed` when the key is gone,
    ///   `recordsUnknownKey` for an epoch that none was enrolled of: an erasure would not mean it.
    static func add(_ record: Hash32, to dataset: String, keyEpoch: UInt32, of subject: Address, _ state: inout ModuleState) throws -> Data
    {
        try change(subject, dataset, &state) { holding in
            guard !holding.erasing else { throw Refusal.erasureInProgress }
            let keys = holding.keys.filter { $0.keyEpoch == keyEpoch }
            guard keys.isEmpty || !keys.allSatisfy(\.destroyed) else { throw Refusal.erasureKeyDestroyed }
            guard keyEpoch == 0 || !keys.isEmpty else { throw Refusal.recordsUnknownKey }
            let previous = holding.lastRecord
            holding.lastRecord = .init(record.bytes)
            holding.records += 1
            holding.live += 1
            return previous
        }
    }

    /// Enters a key that `vault` holds.
    ///
    /// - Throws: `erasureKeyDestroyed` when a key of this epoch or a later one was destroyed, whichever vault held it: no vault takes it.
    static func add(key epoch: UInt32, in vault: Hash32, for dataset: String, of subject: Address, _ state: inout ModuleState) throws {
        try change(subject, dataset, &state) { holding in
            guard !holding.keys.contains(where: { $0.destroyed && $0.keyEpoch >= epoch }) else { throw Refusal.erasureKeyDestroyed }
            guard !holding.keys.contains(where: { $0.vault.elementsEqual(vault.bytes) && $0.keyEpoch == epoch }) else { return }
            guard !holding.erasing else { throw Refusal.erasureInProgress }
            guard holding.keys.count < mostKeys else { throw Refusal.erasureTooManyHoldings }
            var key = WireHeldKey()
            (key.vault, key.keyEpoch) = (.init(vault.bytes), epoch)
            holding.keys.append(key)
        }
    }

    /// Marks all keys as destroyed; where none was ever enrolled, the first one, in no vault: it may be on its way to one.
    static func destroyKeys(_ holding: inout WireHolding) {
        if holding.keys.isEmpty { holding.keys.append(WireHeldKey()) }
        for key in holding.keys.indices { holding.keys[key].destroyed = true }
    }

    /// Notes that a record is erased.
    static func erased(_ count: UInt32 = 1, in dataset: String, of subject: Address, _ state: inout ModuleState) throws {
        try change(subject, dataset, &state) { $0.live -= min(count, $0.live) }
    }

    /// Whether everything that the subject ever had in the dataset is erased: nothing may be computed from it any more.
    static func isErased(_ subject: Address, in dataset: String, _ state: inout ModuleState) throws -> Bool {
        guard let holding = try of(subject, in: dataset, &state) else { return false }
        return holding.erasing || (holding.records > 0 && holding.live == 0)
    }

    private static func change<Value>(
        _ subject: Address, _ dataset: String, _ state: inout ModuleState, _ body: (inout WireHolding) throws -> Value
    ) throws -> Value {
        var holdings = try of(subject, &state)
        let position: Int
        if let known = holdings.datasets.firstIndex(where: { $0.dataset == dataset }) {
            position = known
        } else {
            guard holdings.datasets.count < mostDatasets else { throw Refusal.erasureTooManyHoldings }
            var holding = WireHolding()
            holding.dataset = dataset
            position = holdings.datasets.count
            holdings.datasets.append(holding)
        }
        let value = try body(&holdings.datasets[position])
        state.set(StateKey.holdings(subject), holdings)
        return value
    }
}
