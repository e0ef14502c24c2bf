import AuthenticatedState
import Primitives
import StateModel
import TestVectors
import Testing

/// A state with its entries in the order of their paths.
private struct SortedState {
    let tree: StateTree
    let store: MemoryNodeStore
    let version: UInt64
    let root: Hash32
    let entries: [(path: Hash32, entry: StateChunk.Entry)]

    /// After a random history over `pool`.
    init(_ pool: [[UInt8]], seed: UInt64, updates: Int = 6) throws {
        var generator = SeededGenerator(seed: seed)
        var tracked = TrackedTree()
        for _ in 0..<updates { try tracked.apply(TrackedTree.randomChanges(pool, most: pool.count, generator: &generator)) }
        (tree, store, version, root) = (tracked.tree, tracked.store, tracked.version, try tracked.tree.root())
        entries = tracked.model.values.map { (StateHashing.path(ofKey: $0), StateChunk.Entry(key: $0, value: $1)) }
            .sorted { $0.path < $1.path }
    }

    var reader: StateReader { StateReader(store: store) }

    func entries(in range: PathRange) -> [StateChunk.Entry] { entries.filter { range.contains($0.path) }.map(\.entry) }

    /// Bounds that tell mistakes: around leaves, around subtrees, anywhere.
    func range(_ generator: inout SeededGenerator) -> PathRange {
        func bound() -> Hash32 {
            let near = entries.isEmpty ? generator.hash() : entries[Int(generator.next() % UInt64(entries.count))].path
            switch generator.next() % 6 {
            case 0: return generator.hash()
            case 1: return near
            case 2: return Hash32(near.w0, near.w1, near.w2, near.w3 &+ 1)
            case 3: return Hash32(near.w0, near.w1, near.w2, near.w3 &- 1)
            case 4: return near.keepingNibbles(Int(generator.next() % 9))
            default: return generator.next() % 2 == 0 ? .zero : PathRange.all.last
            }
        }
        let (a, b) = (bound(), bound())
        return PathRange(first: min(a, b), last: max(a, b)) ?? .all
    }
}

@Suite struct `Chunks of the state` {
    private static func state(_ seed: UInt64) throws -> SortedState {
        switch seed {
        case 1: try SortedState([], seed: seed)
        case 2: try SortedState([[7]], seed: seed, updates: 3)
        case 3: try SortedState(KeyPool.random(300, seed: seed), seed: seed)
        default: try SortedState(KeyPool.neighbours(60, seed: seed) + KeyPool.random(20, seed: seed), seed: seed)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `every range is proven with exactly its entries`(seed: UInt64) throws {
        let state = try Self.state(seed)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let range = state.range(&generator)
            let chunk = try state.reader.chunk(range, version: state.version)
            #expect(chunk.range == range && chunk.entries == state.entries(in: range), "seed \(seed)")
            try chunk.verify(root: state.root)
            #expect(try StateChunk.decode(chunk.encode()) == chunk)
            #expect(throws: SnapshotError.self) { try chunk.verify(root: Hash32(1, 2, 3, 4)) }
        }
    }

    @Test(arguments: [3, 4, 5, 6] as [UInt64])
    func `whatever verifies is true`(seed: UInt64) throws {
        let state = try Self.state(seed)
        var generator = SeededGenerator(seed: seed)
        var (refused, accepted) = (0, 0)
        for round in 0..<1_500 {
            var chunk = try state.reader.chunk(state.range(&generator), version: state.version)
            let other = try state.reader.chunk(state.range(&generator), version: state.version)
            for _ in 0...generator.next() % 2 { Self.falsify(&chunk, other, state, &generator) }
            guard (try? chunk.verify(root: state.root)) != nil else {
                refused += 1
                continue
            }
            accepted += 1
            #expect(chunk.entries == state.entries(in: chunk.range), "seed \(seed) round \(round)")
        }
        #expect(refused > 700, "\(refused)")
        #expect(accepted > 10, "some changes leave a true claim: \(accepted)")
    }

    /// One lie of an adversary who owns all chunks of the state.
    private static func falsify(
        _ chunk: inout StateChunk, _ other: StateChunk, _ state: SortedState, _ generator: inout SeededGenerator
    ) {
        func below(_ count: Int) -> Int { Int(generator.next() % UInt64(max(count, 1))) }
        switch generator.next() % 8 {
        case 0 where !chunk.entries.isEmpty: chunk.entries.remove(at: below(chunk.entries.count))
        case 1 where !chunk.entries.isEmpty: chunk.entries[below(chunk.entries.count)].value.append(1)
        case 2 where !chunk.entries.isEmpty: chunk.entries.insert(chunk.entries[below(chunk.entries.count)], at: 0)
        case 3:
            let foreign = StateChunk.Entry(key: generator.bytes(5), value: [1])
            let path = StateHashing.path(ofKey: foreign.key)
            let place = chunk.entries.firstIndex { StateHashing.path(ofKey: $0.key) > path } ?? chunk.entries.count
            chunk.entries.insert(foreign, at: place)
        case 4: chunk = StateChunk(range: state.range(&generator), entries: chunk.entries, steps: chunk.steps)
        case 5: chunk = StateChunk(range: chunk.range, entries: chunk.entries, steps: other.steps)
        case 6 where !chunk.steps.isEmpty:
            // A subtree of the range shown as one outside it, the classic omission.
            let step = other.steps.isEmpty ? .hash(state.root) : other.steps[below(other.steps.count)]
            chunk.steps[below(chunk.steps.count)] = step
        default:
            let range = chunk.range.after(chunk.range.first) ?? .all
            chunk = StateChunk(range: range, entries: state.entries(in: range), steps: chunk.steps)
        }
    }

    @Test func `a subtree cannot be passed off as outside the range`() throws {
        let state = try Self.state(3)
        let whole = try state.reader.chunk(.all, version: state.version)
        #expect(whole.steps.isEmpty && whole.entries.count == state.entries.count)
        let half = PathRange.parts(nibbles: 1)[3]
        let chunk = try state.reader.chunk(half, version: state.version)
        for (number, part) in PathRange.parts(nibbles: 1).enumerated() where number != 3 {
            // Claims the range of the other part with nothing in it and the hashes of this one's proof.
            let lie = StateChunk(range: part, entries: [], steps: chunk.steps)
            #expect(throws: SnapshotError.self) { try lie.verify(root: state.root) }
        }
        #expect(throws: SnapshotError.self) { try StateChunk(range: .all, entries: [], steps: []).verify(root: state.root) }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `cut chunks follow each other to the end of each part`(seed: UInt64) throws {
        let state = try Self.state(seed)
        for nibbles in 0...2 {
            var entries: [StateChunk.Entry] = []
            for part in PathRange.parts(nibbles: nibbles) {
                var rest: PathRange? = part
                while let range = rest {
                    let chunk = try state.reader.chunk(range, version: state.version, targetBytes: 120)
                    try chunk.verify(root: state.root)
                    #expect(chunk.range.first == range.first && range.contains(chunk.range))
                    entries += chunk.entries
                    rest = range.after(chunk.range.last)
                }
            }
            #expect(entries == state.entries.map(\.entry), "seed \(seed)")
        }
    }

    @Test func `the parts share out all paths`() {
        for nibbles in 0...3 {
            let parts = PathRange.parts(nibbles: nibbles)
            #expect(parts.count == 1 << (nibbles * 4))
            #expect(parts.first?.first == .zero && parts.last?.last == PathRange.all.last)
            for (part, next) in zip(parts, parts.dropFirst()) { #expect(PathRange.all.after(part.last)?.first == next.first) }
            #expect(PathRange.all.after(PathRange.all.last) == nil)
        }
        #expect(PathRange(first: Hash32(0, 0, 0, 1), last: .zero) == nil)
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `a tree built from its entries has the nodes of one update`(seed: UInt64) throws {
        let state = try Self.state(seed)
        var built: [NodeKey: [UInt8]] = [:]
        var builder = TreeBuilder(version: 9) { key, bytes in built[key] = bytes }
        for entry in state.entries { try builder.add(key: entry.entry.key, value: entry.entry.value) }
        #expect(try builder.finish() == state.root)
        let store = MemoryNodeStore()
        let changes = state.entries.map { (key: $0.entry.key, value: Optional($0.entry.value)) }
        store.commit(try StateTree(store: store, version: nil).apply(changes, version: 9))
        #expect(built == store.nodes, "seed \(seed)")
    }

    @Test func `entries out of order are not built`() throws {
        var builder = TreeBuilder(version: 1) { _, _ in }
        let keys = KeyPool.random(2, seed: 1).sorted { StateHashing.path(ofKey: $0) < StateHashing.path(ofKey: $1) }
        try builder.add(key: keys[1], value: [])
        #expect(throws: SnapshotError.notCanonical) { try builder.add(key: keys[0], value: []) }
        #expect(throws: SnapshotError.notCanonical) { try builder.add(key: keys[1], value: []) }
    }

    @Test func `the number of entries is estimated well enough`() throws {
        let state = try SortedState(KeyPool.random(3_000, seed: 9), seed: 9, updates: 3)
        let estimate = Double(try state.reader.estimatedEntries(version: state.version))
        #expect((0.6...1.6).contains(estimate / Double(state.entries.count)))
        let empty = try Self.state(1)
        #expect(try empty.reader.estimatedEntries(version: empty.version) == 0)
    }

    @Test func `encodings are pinned`() throws {
        var tracked = TrackedTree()
        try tracked.apply((0..<100).map { (key: [UInt8($0)], value: [UInt8($0), 1]) })
        let chunks = try PathRange.parts(nibbles: 1).map {
            try tracked.tree.reader(of: tracked.tree.written).chunk($0, version: 1).encode()
        }
        #expect(chunks.map(\.count).reduce(0, +) == 10_004)
        #expect(
            StateHashing.value(chunks.flatMap(\.self)).description == "79d4acc5bfed394bcf69dcc73ce7b5090b4f6d387c679da741315e8adcfc1106")
        let manifest = SnapshotManifest(
            height: 7, blockHash: Hash32(1, 2, 3, 4), stateRoot: Hash32(5, 6, 7, 8), estimatedEntries: 9_000, partNibbles: 1)
        #expect(
            Hex.encode(manifest.encode())
                == "0107000000000000000000000000000001000000000000000200000000000000030000000000000004"
                + "0000000000000005000000000000000600000000000000070000000000000008282300000000000001")
        #expect(try SnapshotManifest.decode(manifest.encode()) == manifest)
        #expect(manifest.parts.count == 16)
    }

    @Test func `fuzz: decoders accept only canonical bytes`() throws {
        let state = try Self.state(4)
        let chunks = try PathRange.parts(nibbles: 1).map { try state.reader.chunk($0, version: state.version).encode() }
        HostileBytes.each(chunks) { bytes in
            guard let chunk = try? StateChunk.decode(bytes) else { return }
            #expect(chunk.encode() == bytes, "seed \(HostileBytes.seed)")
            guard (try? chunk.verify(root: state.root)) != nil else { return }
            #expect(chunk.entries == state.entries(in: chunk.range), "seed \(HostileBytes.seed)")
        }
        let manifest = SnapshotManifest(height: 7, blockHash: .zero, stateRoot: .zero, estimatedEntries: 3, partNibbles: 2)
        HostileBytes.each([manifest.encode()]) { bytes in
            if let decoded = try? SnapshotManifest.decode(bytes) { #expect(decoded.encode() == bytes, "seed \(HostileBytes.seed)") }
        }
        #expect(throws: SnapshotError.unknownFormat) { try SnapshotManifest.decode([2]) }
        #expect(throws: SnapshotError.unknownFormat) { try StateChunk.decode([2]) }
        #expect(throws: SnapshotError.tooLarge) { try StateChunk.decode([UInt8](repeating: 1, count: StateChunk.maximumBytes + 1)) }
    }
}
