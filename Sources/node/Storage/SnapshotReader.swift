import AuthenticatedState
import Primitives

/// Serves the state after one committed block, part by part from the live store; while it exists that version is not pruned.
package final class SnapshotReader: Sendable {
    package let manifest: SnapshotManifest
    private let store: ChainStore

    /// - Throws: `SnapshotError.notServed` when the state of `height` is not here.
    init(store: ChainStore, height: UInt64) throws {
        guard try height >= 1 && store.pin(height) else { throw SnapshotError.notServed }
        do {
            let reader = StateReader(store: store)
            guard let hash = try store.blockHash(height) else { throw SnapshotError.notServed }
            let entries = try reader.estimatedEntries(version: height)
            manifest = SnapshotManifest(
                height: height, blockHash: hash, stateRoot: try reader.root(version: height), estimatedEntries: entries,
                partNibbles: SnapshotManifest.partNibbles(forEntries: entries))
        } catch {
            store.unpin(height)
            throw error
        }
        self.store = store
    }

    deinit { store.unpin(manifest.height) }

    /// The entries of `range` with their proof, or the first of them (`StateReader.chunk`).
    package func chunk(_ range: PathRange, targetBytes: Int = StateChunk.targetBytes) throws -> StateChunk {
        try StateReader(store: store).chunk(range, version: manifest.height, targetBytes: min(targetBytes, StateChunk.targetBytes))
    }
}

extension ChainStore {
    /// What serves the state after block `height`.
    package func makeSnapshotReader(_ height: UInt64) throws -> SnapshotReader { try SnapshotReader(store: self, height: height) }
}
