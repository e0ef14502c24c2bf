import Primitives

/// All entries of a stretch of one state version, with a proof that under the state's root there are these and no others.
///
/// The proof holds what the root's computation needs beside the entries: the nodes whose subtrees reach over the ends of the range
/// (at most two a level) and the hashes of the subtrees outside it. Verified without the store (docs/spec/sync.md).
package struct StateChunk: Sendable, Equatable {
    /// A key with its value.
    package struct Entry: Sendable, Equatable {
        package var key: [UInt8]
        package var value: [UInt8]

        package init(key: [UInt8], value: [UInt8]) { (self.key, self.value) = (key, value) }
    }

    /// One step of the walk from the root, slots in order, that goes down only where a subtree reaches over an end of the range.
    package enum Step: Sendable, Equatable {
        /// The tree is empty.
        case empty
        /// The subtree is one of the entries.
        case entry
        /// The subtree is one leaf outside the range.
        case otherLeaf(path: Hash32, valueHash: Hash32)
        /// An internal node with these children.
        case node(bitmap: UInt16)
        /// A subtree outside the range.
        case hash(Hash32)
    }

    /// How many bytes of keys and values a chunk holds before it is cut; the last entry may go beyond.
    package static let targetBytes = 1 << 20
    /// The most bytes that are looked at.
    package static let maximumBytes = targetBytes + StateLimits.maximumKeyBytes + StateLimits.maximumValueBytes + (256 << 10)
    /// At each end of the range there are at most 64 nodes with 16 children.
    package static let maximumSteps = 2 * 64 * 17

    package let range: PathRange
    /// In the order of their paths.
    package var entries: [Entry]
    package var steps: [Step]

    package init(range: PathRange, entries: [Entry], steps: [Step]) {
        (self.range, self.entries, self.steps) = (range, entries, steps)
    }

    /// Returns the entries' paths if `root` is the root of a state that has in the range exactly these entries.
    @discardableResult
    package func verify(root: Hash32) throws(SnapshotError) -> [Hash32] {
        guard steps.count <= Self.maximumSteps else { throw .tooLarge }
        var paths: [Hash32] = []
        var hashes: [Hash32] = []
        paths.reserveCapacity(entries.count)
        hashes.reserveCapacity(entries.count)
        for entry in entries {
            guard (1...StateLimits.maximumKeyBytes).contains(entry.key.count), entry.value.count <= StateLimits.maximumValueBytes else {
                throw .tooLarge
            }
            let path = StateHashing.path(ofKey: entry.key)
            guard range.contains(path), paths.last.map({ $0 < path }) ?? true else { throw .notCanonical }
            paths.append(path)
            hashes.append(StateHashing.leaf(path: path, valueHash: StateHashing.value(entry.value)))
        }
        var fold = ChunkFold(range: range, paths: paths, hashes: hashes, steps: steps)
        let computed = try fold.root()
        guard computed == root else { throw .rootMismatch }
        return paths
    }
}

/// Computes the root from a chunk: subtrees inside the range from the entries alone, the others from the steps.
private struct ChunkFold {
    let range: PathRange
    let paths: [Hash32]
    let hashes: [Hash32]
    let steps: [StateChunk.Step]
    var position = 0

    init(range: PathRange, paths: [Hash32], hashes: [Hash32], steps: [StateChunk.Step]) {
        (self.range, self.paths, self.hashes, self.steps) = (range, paths, hashes, steps)
    }

    mutating func root() throws(SnapshotError) -> Hash32 {
        let hash = try fold(.zero, depth: 0, paths.indices)
        guard position == steps.count else { throw .notCanonical }
        return hash ?? .zero
    }

    /// The hash of the subtree at the first `depth` nibbles of `path`, to which the entries of `slice` belong; `nil` when it is empty.
    private mutating func fold(_ path: Hash32, depth: Int, _ slice: Range<Int>) throws(SnapshotError) -> Hash32? {
        let relation = range.relation(path, depth: depth)
        if relation == .inside { return whole(slice, depth: depth) }
        guard position < steps.count else { throw .notCanonical }
        let step = steps[position]
        position += 1
        switch (relation, step) {
        case (.outside, .hash(let hash)):
            return hash
        case (.straddling, .empty):
            guard depth == 0, slice.isEmpty else { throw .notCanonical }
            return nil
        case (.straddling, .entry):
            guard slice.count == 1 else { throw .notCanonical }
            return hashes[slice.lowerBound]
        case (.straddling, .otherLeaf(let other, let valueHash)):
            guard slice.isEmpty, !range.contains(other), other.commonNibbles(with: path) >= depth else { throw .notCanonical }
            return StateHashing.leaf(path: other, valueHash: valueHash)
        case (.straddling, .node(let bitmap)):
            return try node(bitmap, path, depth: depth, slice)
        default:
            throw .notCanonical
        }
    }

    private mutating func node(_ bitmap: UInt16, _ path: Hash32, depth: Int, _ slice: Range<Int>) throws(SnapshotError) -> Hash32 {
        guard bitmap != 0, depth < 64 else { throw .notCanonical }
        var children: ContiguousArray<Hash32> = []
        var start = slice.lowerBound
        for slot in 0..<16 {
            let end = end(of: slot, depth: depth, start, slice.upperBound)
            defer { start = end }
            guard bitmap & (1 << UInt16(slot)) != 0 else {
                guard start == end else { throw .notCanonical }
                continue
            }
            guard let child = try fold(path.settingNibble(depth, to: slot), depth: depth + 1, start..<end) else { throw .notCanonical }
            children.append(child)
        }
        return StateHashing.node(bitmap: bitmap, children: children)
    }

    /// The hash of a subtree that has the entries of `slice` and no others.
    private func whole(_ slice: Range<Int>, depth: Int) -> Hash32? {
        if slice.isEmpty { return nil }
        if slice.count == 1 { return hashes[slice.lowerBound] }
        var bitmap: UInt16 = 0
        var children: ContiguousArray<Hash32> = []
        var start = slice.lowerBound
        while start < slice.upperBound {
            let slot = paths[start].nibble(depth)
            let end = end(of: slot, depth: depth, start, slice.upperBound)
            if let child = whole(start..<end, depth: depth + 1) { children.append(child) }
            bitmap |= 1 << UInt16(slot)
            start = end
        }
        return StateHashing.node(bitmap: bitmap, children: children)
    }

    /// Where the entries of `slot` that begin at `start` end.
    private func end(of slot: Int, depth: Int, _ start: Int, _ limit: Int) -> Int {
        var end = start
        while end < limit, paths[end].nibble(depth) == slot { end += 1 }
        return end
    }
}
