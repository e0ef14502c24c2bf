import Primitives

/// A proof that a state root gives a key a certain value, or none. Verified without the store.
///
/// It lists the internal nodes on the key's path from the root, each without the child that lies on the path (it is computed), and
/// what is found at the end. docs/spec/state-tree.md names the attacks considered.
package struct StateProof: Sendable, Equatable {
    /// An internal node on the path.
    package struct Level: Sendable, Equatable {
        /// Which of the 16 children exist.
        package var bitmap: UInt16
        /// The hashes of the existing children in order, without the one on the path.
        package var siblings: [Hash32]

        package init(bitmap: UInt16, siblings: [Hash32]) {
            self.bitmap = bitmap
            self.siblings = siblings
        }
    }

    /// What is found at the end of the path.
    package enum Terminal: Sendable, Equatable {
        /// The key's own leaf.
        case leaf
        /// The leaf of another key.
        case otherLeaf(path: Hash32, valueHash: Hash32)
        /// Nothing: the last level has no child there, or the tree is empty.
        case empty
    }

    /// The most levels a proof can have: one per nibble.
    package static let maximumLevels = 64
    /// The most bytes that are looked at. 64 full levels need 30,914.
    package static let maximumBytes = 40 << 10

    package var levels: [Level]
    package var terminal: Terminal

    package init(levels: [Level], terminal: Terminal) {
        self.levels = levels
        self.terminal = terminal
    }

    /// Returns if `root` is the root of a state that gives `key` the `value`, or has no such key when `value` is `nil`.
    package func verify(root: Hash32, key: [UInt8], value: [UInt8]?) throws(ProofError) {
        guard levels.count <= Self.maximumLevels else { throw .tooLarge }
        let path = StateHashing.path(ofKey: key)
        guard levels.isEmpty, terminal == .empty else {
            let end = try endHash(path: path, value: value)
            guard try rootHash(path: path, end: end) == root else { throw .rootMismatch }
            return
        }
        guard value == nil else { throw .wrongClaim }
        guard root == .zero else { throw .rootMismatch }
    }

    /// The hash of the leaf at the end; `nil` for an empty slot.
    private func endHash(path: Hash32, value: [UInt8]?) throws(ProofError) -> Hash32? {
        switch (terminal, value) {
        case (.leaf, let value?):
            return StateHashing.leaf(path: path, valueHash: StateHashing.value(value))
        case (.otherLeaf(let other, let valueHash), nil):
            // A leaf from elsewhere in the tree would not share the path; the key's own leaf would prove nothing absent.
            guard other != path, other.commonNibbles(with: path) >= levels.count else { throw .foreignLeaf }
            return StateHashing.leaf(path: other, valueHash: valueHash)
        case (.empty, nil):
            return nil
        default:
            throw .wrongClaim
        }
    }

    /// Folds the levels from the end to the root.
    private func rootHash(path: Hash32, end: Hash32?) throws(ProofError) -> Hash32 {
        var below = end
        for (depth, level) in levels.enumerated().reversed() {
            let bit: UInt16 = 1 << UInt16(path.nibble(depth))
            let count = level.bitmap.nonzeroBitCount
            guard let child = below else {
                // The empty slot of the last level.
                guard level.bitmap & bit == 0, count >= 1, level.siblings.count == count else { throw .notCanonical }
                below = StateHashing.node(bitmap: level.bitmap, count: count) { level.siblings[$0] }
                continue
            }
            guard level.bitmap & bit != 0, level.siblings.count == count - 1 else { throw .notCanonical }
            // An internal node has at least two leaves below it, so none has a lone leaf as its only child.
            guard count > 1 || depth + 1 < levels.count else { throw .notCanonical }
            let position = level.bitmap.position(ofSlot: path.nibble(depth))
            below = StateHashing.node(bitmap: level.bitmap, count: count) { index in
                if index == position { return child }
                return level.siblings[index < position ? index : index - 1]
            }
        }
        guard let root = below else { throw .notCanonical }
        return root
    }
}
