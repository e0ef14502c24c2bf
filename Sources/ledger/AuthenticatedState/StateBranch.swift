import Primitives

/// A written version and the versions made on top of it that are in memory only: where the next block executes.
///
/// Versions are heights, so two branches may hold different nodes under one key; a branch looks only into its own updates. A value:
/// reading one never waits for the tree.
package struct StateBranch: Sendable {
    /// The newest version in the store; `nil` when nothing was ever written.
    package let base: UInt64?
    /// The updates on top of it, oldest first.
    package let updates: [TreeUpdate]

    /// The written version alone.
    package init(base: UInt64?) { self.init(base: base, updates: []) }

    private init(base: UInt64?, updates: [TreeUpdate]) {
        self.base = base
        self.updates = updates
    }

    /// The version at its tip.
    package var version: UInt64? { updates.last?.version ?? base }

    /// The branch with one more version at its tip.
    package func appending(_ update: TreeUpdate) -> StateBranch {
        precondition(version.map { $0 < update.version } ?? true, "versions rise")
        return StateBranch(base: base, updates: updates + [update])
    }

    /// The branch after its oldest update was written.
    package func settlingFirst() -> StateBranch {
        precondition(!updates.isEmpty, "there is an update to write")
        return StateBranch(base: updates[0].version, updates: Array(updates.dropFirst()))
    }

    /// Whether both have the same tip (of one tree).
    func isSame(as other: StateBranch) -> Bool {
        base == other.base && updates.count == other.updates.count && updates.last?.serial == other.updates.last?.serial
    }

    /// The newest version that both hold.
    func ancestor(with other: StateBranch) -> UInt64? {
        guard base == other.base else {
            guard let base, let otherBase = other.base else { return nil }
            return min(base, otherBase)
        }
        let shared = zip(updates, other.updates).prefix { $0.serial == $1.serial }
        return shared.reversed().first?.0.version ?? base
    }

    /// What reads its versions: from memory those of the branch, from `store` the older ones.
    package func nodes(over store: any StateNodeStore) -> any StateNodeStore {
        updates.isEmpty ? store : BranchNodes(store: store, updates: updates)
    }
}

/// The nodes of a branch over those in the store.
private struct BranchNodes: StateNodeStore {
    let store: any StateNodeStore
    let updates: [TreeUpdate]

    func node(_ key: NodeKey) throws -> [UInt8]? {
        guard let update = updates.last(where: { $0.version == key.version }) else { return try store.node(key) }
        return update.newNodes.value(key)
    }
}
