import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What the chain's puncture log says of keys, whether they are here or not: one that comes later is punctured on its way in.
///
/// Bounded by the log: a leaf costs a number in a set, as long as its key is not here; a dataset or a subject one entry each.
struct Tombstones {
    private var subjects: Set<Address> = []
    /// Of each subject's dataset, under epoch 0, the greatest key epoch that is destroyed.
    private var datasets: [Vault.KeyName: UInt32] = [:]
    private var leaves: [Vault.KeyName: Set<UInt32>] = [:]

    init() {}

    init(_ punctures: [WirePuncture]) { for puncture in punctures { add(puncture) } }

    /// Takes in an entry of the log; one that names nobody concerns no key.
    mutating func add(_ puncture: WirePuncture) {
        guard let subject = Address(puncture.subject) else { return }
        switch puncture.kind {
        case .subject: subjects.insert(subject)
        case .dataset:
            let name = Vault.KeyName(subject: subject, dataset: puncture.dataset)
            datasets[name] = max(datasets[name] ?? 0, puncture.keyEpoch)
        case .record: leaves[Self.key(puncture, of: subject), default: []].insert(puncture.keyIndex)
        case .unspecified, .UNRECOGNIZED: return
        }
    }

    /// The key is here: from now on its tree says which leaves are gone.
    mutating func keyArrived(_ name: Vault.KeyName) { leaves[name] = nil }

    /// Whether no key of that name may ever be here.
    func isDestroyed(_ name: Vault.KeyName) -> Bool {
        guard !subjects.contains(name.subject) else { return true }
        return datasets[Vault.KeyName(subject: name.subject, dataset: name.dataset)].map { name.epoch <= $0 } ?? false
    }

    func isDestroyed(_ record: Vault.RecordKeyName) -> Bool {
        isDestroyed(record.key) || leaves[record.key]?.contains(record.leaf) == true
    }

    /// Whether anything of the key is gone.
    func concern(_ name: Vault.KeyName) -> Bool { isDestroyed(name) || leaves[name] != nil }

    /// What is left of the key's tree; `nil` for nothing.
    func remainder(of tree: RecordKeyTree, _ name: Vault.KeyName) -> RecordKeyTree? {
        guard !isDestroyed(name) else { return nil }
        var tree = tree
        // The chain takes no leaf outside of the tree.
        for leaf in leaves[name, default: []].sorted() { try? tree.puncture(leaf) }
        return tree
    }

    /// What is left of a key that arrives.
    func remainder(of key: WireVaultKey) -> WireVaultKey {
        guard let name = Vault.KeyName(key), concern(name), let stored = Vault.SubjectKey(key, version: 0), let tree = stored.tree else {
            return key
        }
        return key.reduced(to: remainder(of: tree, name), commitment: stored.commitment)
    }

    /// Whether later entries, or a key that is `here`, already say what `puncture` does.
    func supersede(_ puncture: WirePuncture, here: (Vault.KeyName) -> Bool) -> Bool {
        guard let subject = Address(puncture.subject) else { return true }
        switch puncture.kind {
        case .subject: return false
        case .dataset:
            let name = Vault.KeyName(subject: subject, dataset: puncture.dataset)
            return subjects.contains(subject) || datasets[name].map { puncture.keyEpoch < $0 } ?? false
        case .record:
            let name = Self.key(puncture, of: subject)
            return isDestroyed(name) || here(name)
        case .unspecified, .UNRECOGNIZED: return true
        }
    }

    private static func key(_ puncture: WirePuncture, of subject: Address) -> Vault.KeyName {
        Vault.KeyName(subject: subject, dataset: puncture.dataset, epoch: puncture.keyEpoch)
    }
}

extension Vault.KeyName {
    /// The name of an entry's key; `nil` when it has no subject.
    init?(_ key: WireVaultKey) {
        guard let subject = Address(key.subject) else { return nil }
        self.init(subject: subject, dataset: key.dataset, epoch: key.keyEpoch)
    }
}

extension WireVaultKey {
    /// The entry with only `tree` left of its key; `nil` for nothing but its commitment.
    func reduced(to tree: RecordKeyTree?, commitment: Hash32) -> WireVaultKey {
        var left = self
        (left.subjectKey, left.salt) = (.init(), .init())
        (left.nodes, left.commitment) = (tree?.wire ?? [], .init(commitment.bytes))
        return left
    }
}
