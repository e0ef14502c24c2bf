import Primitives

/// The paths from `first` to `last`, both included: a stretch of the state in the order of its leaves.
package struct PathRange: Sendable, Hashable {
    package let first: Hash32
    package let last: Hash32

    /// How a subtree lies to the range.
    enum Relation { case inside, outside, straddling }

    /// `nil` for a range without a path.
    package init?(first: Hash32, last: Hash32) {
        guard first <= last else { return nil }
        (self.first, self.last) = (first, last)
    }

    private init(unchecked first: Hash32, _ last: Hash32) { (self.first, self.last) = (first, last) }

    /// All paths.
    package static let all = PathRange(unchecked: .zero, Hash32(.max, .max, .max, .max))

    /// The 16^`nibbles` ranges of equal width, in order; at most 4,096 of them.
    package static func parts(nibbles: Int) -> [PathRange] {
        precondition((0...3).contains(nibbles), "a few thousand parts are enough")
        return (0..<1 << (nibbles * 4) as Range<UInt64>).map { number in
            let first = Hash32(nibbles == 0 ? 0 : number << UInt64(64 - nibbles * 4), 0, 0, 0)
            return subtree(first, depth: nibbles)
        }
    }

    /// The paths that begin with the first `depth` nibbles of `path`.
    static func subtree(_ path: Hash32, depth: Int) -> PathRange {
        let first = path.keepingNibbles(depth)
        let mask = Hash32(.max, .max, .max, .max).keepingNibbles(depth)
        return PathRange(unchecked: first, Hash32(first.w0 | ~mask.w0, first.w1 | ~mask.w1, first.w2 | ~mask.w2, first.w3 | ~mask.w3))
    }

    package func contains(_ path: Hash32) -> Bool { first <= path && path <= last }

    package func contains(_ other: PathRange) -> Bool { first <= other.first && other.last <= last }

    /// How the subtree at the first `depth` nibbles of `path` lies to the range.
    func relation(_ path: Hash32, depth: Int) -> Relation {
        let subtree = Self.subtree(path, depth: depth)
        if contains(subtree) { return .inside }
        return subtree.last < first || last < subtree.first ? .outside : .straddling
    }

    /// The paths after `path`; `nil` when there are none.
    package func after(_ path: Hash32) -> PathRange? {
        path.successor.flatMap { PathRange(first: $0, last: last) }
    }
}

extension Hash32 {
    /// The next value in order; `nil` after the last.
    var successor: Hash32? {
        if w3 != .max { return Hash32(w0, w1, w2, w3 + 1) }
        if w2 != .max { return Hash32(w0, w1, w2 + 1, 0) }
        if w1 != .max { return Hash32(w0, w1 + 1, 0, 0) }
        return w0 != .max ? Hash32(w0 + 1, 0, 0, 0) : nil
    }
}
