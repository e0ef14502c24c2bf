import Primitives
import Synchronization

/// The authenticated state: a versioned 16-ary Merkle tree over keys and values (docs/spec/state-tree.md).
///
/// Versions may be made before the one below them is written: `apply(_:version:on:)` makes a version on top of a branch, and `commit`
/// says that the oldest update of a branch is in the store. One chain of versions is in memory, so a branch that follows the last one
/// costs nothing more, and turning to another costs reading what the two changed. A chain that writes each version before it makes the
/// next may use `apply(_:version:)` alone. Calls may come from any thread; those on the head wait for each other.
///
/// The memory of an update's nodes is used again for the next one when nobody holds the `TreeUpdate` by then.
package final class StateTree: Sendable {
    private let store: any StateNodeStore
    private let reader: StateReader
    private let head: Mutex<HeadTree>

    /// The tree whose newest version in `store` is `version` (`nil`: nothing was ever written), with an in-memory cache of about
    /// `cacheBytes` for the head's internal nodes. The results never depend on the cache.
    package init(store: any StateNodeStore, version: UInt64?, cacheBytes: Int = 256 << 20) {
        self.store = store
        reader = StateReader(store: store)
        head = Mutex(HeadTree(store: store, version: version, cacheBytes: cacheBytes))
    }

    /// The newest written version; `nil` before the first update.
    package var version: UInt64? { head.withLock { $0.base } }

    /// The newest written version as a branch.
    package var written: StateBranch { StateBranch(base: version) }

    /// The root of the newest written version; zero when the state is empty.
    package func root() throws(StateError) -> Hash32 {
        try head.withLock { head throws(StateError) in try head.rootHash() }
    }

    /// The value of `key` in the newest written version; `nil` when it has none. One store read when the path is in memory.
    package func get(_ key: [UInt8]) throws(StateError) -> [UInt8]? {
        try head.withLock { head throws(StateError) in try head.get(key, on: StateBranch(base: head.base)) }
    }

    /// The value of `key` at the tip of `branch`, for the block about to be made there; others read through `reader(of:)`.
    package func get(_ key: [UInt8], on branch: StateBranch) throws(StateError) -> [UInt8]? {
        try head.withLock { head throws(StateError) in try head.get(key, on: branch) }
    }

    /// The value of `key` in the written `version`; `nil` when it has none.
    package func get(_ key: [UInt8], version: UInt64) throws(StateError) -> [UInt8]? {
        try reader.get(key, version: version)
    }

    /// A proof of what the written `version` says of `key`: its value, or that it has none.
    package func prove(_ key: [UInt8], version: UInt64) throws(StateError) -> StateProof {
        try reader.prove(key, version: version)
    }

    /// Reads the versions of `branch`, and older ones, without the tree.
    package func reader(of branch: StateBranch) -> StateReader { StateReader(store: branch.nodes(over: store)) }

    /// Makes `version` from the newest written one, and takes it for written: what it returns must be in the store before the next
    /// call. When it is not (the disk failed), call `reset(to:)`.
    ///
    /// Sets the keys with a value and removes those without one (in any order, each key once). Deterministic: a function of the state
    /// and the set of updates. When it throws, the head is as before.
    package func apply(_ updates: [(key: [UInt8], value: [UInt8]?)], version: UInt64) throws(StateError) -> TreeUpdate {
        try head.withLock { head throws(StateError) in
            let update = try head.apply(updates, version: version, on: StateBranch(base: head.base))
            head.commit(update)
            return update
        }
    }

    /// Makes `version` at the tip of `branch`, whose base is the newest written version. Nothing is written or taken for written;
    /// the same updates on the same branch give the same update.
    package func apply(
        _ updates: [(key: [UInt8], value: [UInt8]?)], version: UInt64, on branch: StateBranch
    ) throws(StateError) -> TreeUpdate {
        try head.withLock { head throws(StateError) in try head.apply(updates, version: version, on: branch) }
    }

    /// The update, made on the newest written version, is in the store now. Other updates on that version can be forgotten.
    package func commit(_ update: TreeUpdate) { head.withLock { $0.commit(update) } }

    /// Goes back to the stored `version`, after an update that was not written.
    package func reset(to version: UInt64?) {
        head.withLock { $0.reset(to: version) }
    }
}
