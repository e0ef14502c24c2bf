import AuthenticatedState
import Primitives

/// Keys for random histories: many with close neighbours, so that small trees become deep, merge and split.
package enum KeyPool {
    /// `count` keys of which each shares at least about five leading nibbles with another (found among many by sorting).
    package static func neighbours(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var generator = SeededGenerator(seed: seed)
        var candidates = (0..<8_000).map { _ in generator.bytes(8) }.map { (key: $0, path: StateHashing.path(ofKey: $0)) }
        candidates.sort { $0.path < $1.path }
        let ranked = (1..<candidates.count)
            .map { (index: $0, common: candidates[$0].path.commonNibbles(with: candidates[$0 - 1].path)) }
            .sorted { ($0.common, $1.index) > ($1.common, $0.index) }
        var keys: [[UInt8]] = []
        var seen = Set<[UInt8]>()
        for pair in ranked where keys.count < count {
            for key in [candidates[pair.index].key, candidates[pair.index - 1].key] where seen.insert(key).inserted { keys.append(key) }
        }
        return Array(keys.prefix(count))
    }

    /// `count` keys of 4 to 40 bytes.
    package static func random(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var generator = SeededGenerator(seed: seed)
        var seen = Set<[UInt8]>()
        while seen.count < count { seen.insert(generator.bytes(4 + Int(generator.next() % 37))) }
        return seen.sorted { $0.lexicographicallyPrecedes($1) }
    }
}

/// A tree with its store, its naive twin and its past.
package struct TrackedTree {
    package let store = MemoryNodeStore()
    package let tree: StateTree
    package var model = NaiveState()
    package var version: UInt64 = 0
    package var updates: [TreeUpdate] = []
    package var history: [UInt64: NaiveState] = [:]

    package init(cacheBytes: Int = 1 << 30) { tree = StateTree(store: store, version: nil, cacheBytes: cacheBytes) }

    /// Applies and writes one version.
    @discardableResult
    package mutating func apply(_ changes: [(key: [UInt8], value: [UInt8]?)]) throws -> TreeUpdate {
        version += 1
        let update = try tree.apply(changes, version: version)
        store.commit(update)
        for change in changes { model.values[change.key] = change.value }
        updates.append(update)
        history[version] = model
        return update
    }

    /// Random changes: inserts, overwrites, same values, removals of present and of absent keys; sometimes none.
    package static func randomChanges(
        _ pool: [[UInt8]], most: Int, generator: inout SeededGenerator
    ) -> [(key: [UInt8], value: [UInt8]?)] {
        let removals = generator.next() % 3
        return pool.shuffled(using: &generator).prefix(Int(generator.next() % UInt64(most + 1))).map { key in
            if generator.next() % 4 < removals { return (key, nil) }
            return (key, [UInt8](repeating: UInt8(generator.next() % 4), count: Int(generator.next() % 5)))
        }
    }
}
