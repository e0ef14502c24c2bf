import Primitives

extension StateReader {
    /// The entries of `version` in `range` with their proof, or as many from the beginning of the range as fit into `targetBytes` of
    /// keys and values (one at least); then the chunk's range ends with its last entry.
    package func chunk(
        _ range: PathRange, version: UInt64, targetBytes: Int = StateChunk.targetBytes
    ) throws(StateError) -> StateChunk {
        let root = try rootRecord(version)
        var collector = ChunkCollector(reader: self, range: range, targetBytes: targetBytes)
        try collector.collect(root, depth: 0, path: .zero)
        let covered = collector.cut.flatMap { PathRange(first: range.first, last: $0) } ?? range
        var prover = ChunkProver(reader: self, range: covered)
        try prover.prove(root: root)
        return StateChunk(range: covered, entries: collector.entries, steps: prover.steps)
    }

    /// About how many entries `version` has: the mean over paths drawn at random of what the nodes on the way promise (Knuth 1975).
    package func estimatedEntries(version: UInt64, samples: Int = 64) throws(StateError) -> UInt64 {
        precondition(samples >= 1, "an estimate has a sample")
        let root = try rootRecord(version)
        var generator = SeededGenerator(seed: version)
        var sum = 0.0
        for _ in 0..<samples {
            var (record, path, depth, promise) = (root, Hash32.zero, 0, 1.0)
            while !record.children.isEmpty {
                promise *= Double(record.children.count)
                var slots = record.bitmap
                let position = Int(generator.next() % UInt64(record.children.count))
                for _ in 0..<position { slots &= slots &- 1 }
                path = path.settingNibble(depth, to: slots.trailingZeroBitCount)
                depth += 1
                let child = record.children[position]
                if child.leafKeyLength != nil { break }
                record = try internalNode(child, path: path, depth: depth)
            }
            sum += depth == 0 ? 0 : promise
        }
        return UInt64((sum / Double(samples)).rounded())
    }
}

/// Gathers entries in the order of their paths until there are enough bytes.
private struct ChunkCollector {
    let reader: StateReader
    let range: PathRange
    let targetBytes: Int
    var entries: [StateChunk.Entry] = []
    var bytes = 0
    /// The path of the last entry, when there may be more after it.
    var cut: Hash32?

    init(reader: StateReader, range: PathRange, targetBytes: Int) {
        (self.reader, self.range, self.targetBytes) = (reader, range, targetBytes)
    }

    mutating func collect(_ record: InternalRecord, depth: Int, path: Hash32) throws(StateError) {
        var slots = record.bitmap
        for child in record.children {
            let place = path.settingNibble(depth, to: slots.trailingZeroBitCount)
            slots &= slots &- 1
            if cut != nil { return }
            if range.relation(place, depth: depth + 1) == .outside { continue }
            guard child.leafKeyLength != nil else {
                try collect(try reader.internalNode(child, path: place, depth: depth + 1), depth: depth + 1, path: place)
                continue
            }
            let leaf = try reader.leaf(child, path: place)
            guard range.contains(leaf.path) else { continue }
            entries.append(StateChunk.Entry(key: leaf.record.key, value: leaf.record.value))
            bytes += leaf.record.key.count + leaf.record.value.count + 6
            if bytes >= targetBytes, leaf.path < range.last { cut = leaf.path }
        }
    }
}

/// Lists the steps of a chunk's proof.
private struct ChunkProver {
    let reader: StateReader
    let range: PathRange
    var steps: [StateChunk.Step] = []

    init(reader: StateReader, range: PathRange) { (self.reader, self.range) = (reader, range) }

    mutating func prove(root: InternalRecord) throws(StateError) {
        guard range.relation(.zero, depth: 0) == .straddling else { return }
        if root.children.isEmpty {
            steps.append(.empty)
        } else if root.children.count == 1, root.children[0].leafKeyLength != nil {
            try prove(leaf: root.children[0], place: Hash32.zero.settingNibble(0, to: root.bitmap.trailingZeroBitCount))
        } else {
            try prove(root, depth: 0, path: .zero)
        }
    }

    private mutating func prove(_ record: InternalRecord, depth: Int, path: Hash32) throws(StateError) {
        steps.append(.node(bitmap: record.bitmap))
        var slots = record.bitmap
        for child in record.children {
            let place = path.settingNibble(depth, to: slots.trailingZeroBitCount)
            slots &= slots &- 1
            switch range.relation(place, depth: depth + 1) {
            case .inside: continue
            case .outside: steps.append(.hash(child.hash))
            case .straddling where child.leafKeyLength != nil: try prove(leaf: child, place: place)
            case .straddling: try prove(try reader.internalNode(child, path: place, depth: depth + 1), depth: depth + 1, path: place)
            }
        }
    }

    private mutating func prove(leaf child: ChildReference, place: Hash32) throws(StateError) {
        let leaf = try reader.leaf(child, path: place)
        steps.append(
            range.contains(leaf.path) ? .entry : .otherLeaf(path: leaf.path, valueHash: StateHashing.value(leaf.record.value)))
    }
}
