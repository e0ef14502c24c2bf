import AuthenticatedState
import Crypto
import Foundation
import Glibc
import Primitives
import Storage

/// The cost of committing 10,000 updates to a state of `keys` keys. Times are medians, in milliseconds.
package struct StateCommitRow: Sendable, Codable {
    /// Keys in the state.
    package var keys: Int
    /// Updates per commit: overwrites of distinct random keys.
    package var updates: Int
    /// Tree update and synced block commit.
    package var commit: Double
    /// The part of `commit` that is the tree update.
    package var tree: Double
    /// SHA-256 over the inputs of the touched nodes, values included, from flat memory.
    package var hashing: Double
    /// One synced RocksDB batch of the same entries into a second store of the same past.
    package var batch: Double
    /// Processor time of the committing thread: what `commit` takes on an idle machine, without waiting for the disk.
    package var processor: Double
    /// Nodes written per commit.
    package var nodes: Int
    /// Bytes of the batch (what goes to the log) per byte of updated keys and values.
    package var writtenPerUpdatedByte: Double

    /// The commit over the sum of its unavoidable parts: at most 1.5 wanted.
    package var ratio: Double { commit / (hashing + batch) }
}

/// Measures commits at each of `sizes`, `rounds` times, with stores in new directories under `directory`.
package func stateCommitBenchmark(
    sizes: [Int] = [10_000, 100_000, 1_000_000], updates: Int = 10_000, rounds: Int = 9,
    directory: String = FileManager.default.temporaryDirectory.path
) throws -> [StateCommitRow] {
    let path = directory + "/jupiter-state-bench-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let runs = try sizes.map { size in
        try FileManager.default.createDirectory(atPath: "\(path)/\(size)", withIntermediateDirectories: true)
        return try StateCommitRun(keys: size, updates: updates, path: "\(path)/\(size)")
    }
    // The sizes take turns, so that what else the machine does falls on all of them.
    for _ in 0..<rounds { for index in runs.indices { try runs[index].measure() } }
    return runs.map(\.row)
}

/// Two stores with the same past: one commits through the tree, one gets the same entries ready-made.
private final class StateCommitRun {
    let store: ChainStore
    let baseline: Database
    let tree: StateTree
    let keys: [[UInt8]]
    let updates: Int
    var generator = SeededGenerator(seed: 1)
    var height: UInt64 = 0
    var measured: [Measured] = []
    /// Used again and again, like the chain store's own.
    var batch: WriteBatch

    typealias Times = (tree: Double, store: Double, batch: Double, processor: Double, update: TreeUpdate, bytes: Int)
    typealias Measured = (times: Times, hashing: Double)

    init(keys count: Int, updates: Int, path: String) throws {
        store = try ChainStore(path: path + "/chain")
        baseline = try Database(path: path + "/baseline", columns: ChainStore.columns)
        tree = StateTree(store: store, version: nil)
        batch = try baseline.makeBatch()
        var generator = SeededGenerator(seed: 2)
        keys = (0..<count).map { _ in generator.hash().bytes }
        self.updates = updates
        for start in stride(from: 0, to: count, by: 10_000) {
            let end = min(start + 10_000, count)
            _ = try commit(keys[start..<end].map { (key: $0, value: generator.bytes(100)) })
        }
    }

    func measure() throws {
        let times = try commit(distinctKeys().map { (key: $0, value: Optional(generator.bytes(100))) })
        measured.append((times, HashInputs(times.update).time()))
    }

    var row: StateCommitRow {
        func median(_ value: (Measured) -> Double) -> Double { measured.map(value).sorted()[measured.count / 2] }
        let bytes = measured.last.map { Double($0.times.bytes) } ?? 0
        return StateCommitRow(
            keys: keys.count, updates: updates, commit: median { $0.times.tree + $0.times.store }, tree: median { $0.times.tree },
            hashing: median { $0.hashing }, batch: median { $0.times.batch }, processor: median { $0.times.processor },
            nodes: measured.last?.times.update.newNodes.count ?? 0, writtenPerUpdatedByte: bytes / Double(updates * 132))
    }

    private func distinctKeys() -> [[UInt8]] {
        var chosen = Set<Int>()
        while chosen.count < min(updates, keys.count) { chosen.insert(Int(generator.next() % UInt64(keys.count))) }
        return chosen.map { keys[$0] }
    }

    private func commit(_ changes: [(key: [UInt8], value: [UInt8]?)]) throws -> Times {
        height += 1
        let clock = ContinuousClock()
        let processor = processorTime()
        let start = clock.now
        let update = try tree.apply(changes, version: height)
        let applied = clock.now
        let block = BlockCommit(height: height, blockHash: Hash32(height, 0, 0, 1), block: [1], treeUpdate: update)
        try store.commit(block)
        let stored = clock.now
        let used = processorTime() - processor
        batch.clear()
        _ = ChainStore.append(block, first: height == 1, to: &batch)
        try baseline.write(batch, sync: true)
        let written = clock.now
        return (
            milliseconds(applied - start), milliseconds(stored - applied), milliseconds(written - stored), used, update, batch.bytes
        )
    }
}

/// What is hashed for the nodes of an update, laid out flat: the floor for any implementation.
private struct HashInputs {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    init(_ update: TreeUpdate) {
        let domain = [UInt8](repeating: 1, count: 21)
        update.newNodes.forEach { key, value in
            guard value[1] == 2, let nodeKey = NodeKey(encoded: Array(key)), let node = try? InternalRecord(Array(value), key: nodeKey)
            else {
                add(domain + value.dropFirst(4 + 32))
                add(domain + [UInt8](repeating: 2, count: 64))
                return
            }
            add(domain + [0, 0] + node.children.flatMap(\.hash.bytes))
        }
    }

    private mutating func add(_ input: [UInt8]) {
        bytes += input
        ends.append(bytes.count)
    }

    func time() -> Double {
        let clock = ContinuousClock()
        var check: UInt8 = 0
        let start = clock.now
        bytes.withUnsafeBytes { all in
            var offset = 0
            for end in ends {
                var hasher = SHA256()
                hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: all[offset..<end]))
                hasher.finalize().withUnsafeBytes { check ^= $0[0] }
                offset = end
            }
        }
        let elapsed = milliseconds(clock.now - start)
        return check == 255 ? elapsed.nextUp : elapsed
    }
}

/// Of this thread, in milliseconds.
private func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
}

private func milliseconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) * 1e-15
}
