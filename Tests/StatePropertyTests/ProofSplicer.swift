import AuthenticatedState
import Primitives
import StateModel

/// An adversary that owns all proofs of a tree and recombines their parts into claims that are false.
struct ProofSplicer {
    /// Proofs near the target (same path prefix) and from anywhere.
    let proofs: [StateProof]
    /// Leaves of the tree, to be shown in others' places.
    let leaves: [(path: Hash32, valueHash: Hash32)]
    /// All internal hashes seen in proofs.
    let hashes: [Hash32]
    var generator: SeededGenerator

    init(proofs: [StateProof], leaves: [(path: Hash32, valueHash: Hash32)], seed: UInt64) {
        self.proofs = proofs
        self.leaves = leaves
        hashes = proofs.flatMap { $0.levels.flatMap(\.siblings) }
        generator = SeededGenerator(seed: seed)
    }

    /// A forged proof, made from the honest proof of `path` by one to four splices. Ends in a claim of absence when asked.
    mutating func forge(_ honest: StateProof, path: Hash32, leafHash: Hash32, absence: Bool) -> StateProof {
        var forged = honest
        for _ in 0...(generator.next() % 4) { splice(&forged, honest, path: path, leafHash: leafHash) }
        if absence, forged.terminal == .leaf { endInAbsence(&forged, path: path, leafHash: leafHash) }
        return forged
    }

    private mutating func splice(_ forged: inout StateProof, _ honest: StateProof, path: Hash32, leafHash: Hash32) {
        let other = pick(proofs)
        switch generator.next() % 10 {
        case 0: forged.levels = Array(forged.levels.dropLast())
        case 1: forged.levels += other.levels.suffix(1)
        case 2: forged.terminal = other.terminal
        case 3:
            let cut = Int(generator.next() % UInt64(max(forged.levels.count, 1)))
            forged.levels = Array(forged.levels.prefix(cut) + other.levels.dropFirst(cut))
            forged.terminal = other.terminal
        case 4: forged.levels = other.levels
        case 5:
            guard !forged.levels.isEmpty, !other.levels.isEmpty else { return }
            forged.levels[Int(generator.next() % UInt64(forged.levels.count))] = pick(other.levels)
        case 6: changeSiblings(&forged)
        case 7: hideChild(&forged, path: path, leafHash: leafHash)
        case 8: endInAbsence(&forged, path: path, leafHash: leafHash)
        default: if !forged.levels.isEmpty { forged.levels.remove(at: Int(generator.next() % UInt64(forged.levels.count))) }
        }
    }

    /// Swaps, drops, doubles or replaces a sibling, with or without its bit.
    private mutating func changeSiblings(_ forged: inout StateProof) {
        guard !forged.levels.isEmpty else { return }
        let depth = Int(generator.next() % UInt64(forged.levels.count))
        guard !forged.levels[depth].siblings.isEmpty else { return }
        let index = Int(generator.next() % UInt64(forged.levels[depth].siblings.count))
        switch generator.next() % 4 {
        case 0: forged.levels[depth].siblings.remove(at: index)
        case 1: forged.levels[depth].siblings.insert(pick(hashes), at: index)
        case 2: forged.levels[depth].siblings[index] = pick(hashes)
        default: forged.levels[depth].siblings.swapAt(0, index)
        }
        if generator.next() % 2 == 0 { forged.levels[depth].bitmap ^= 1 << UInt16(generator.next() % 16) }
    }

    /// Says that the slot on the path is empty at some level, moving the true child's hash elsewhere or dropping it.
    private mutating func hideChild(_ forged: inout StateProof, path: Hash32, leafHash: Hash32) {
        guard !forged.levels.isEmpty else { return }
        let depth = Int(generator.next() % UInt64(forged.levels.count))
        forged.levels = Array(forged.levels.prefix(depth + 1))
        let bit: UInt16 = 1 << UInt16(path.nibble(depth))
        if generator.next() % 2 == 0 { forged.levels[depth].bitmap &= ~bit }
        if generator.next() % 2 == 0 {
            let position = (forged.levels[depth].bitmap & (bit &- 1)).nonzeroBitCount
            let place = min(position, forged.levels[depth].siblings.count)
            forged.levels[depth].siblings.insert(generator.next() % 2 == 0 ? leafHash : pick(hashes), at: place)
        }
        forged.terminal = .empty
    }

    private mutating func endInAbsence(_ forged: inout StateProof, path: Hash32, leafHash: Hash32) {
        switch generator.next() % 4 {
        case 0: forged.terminal = .empty
        case 1:
            // The path that differs as late as possible, with a true leaf's value hash.
            forged.terminal = .otherLeaf(path: Hash32(path.w0, path.w1, path.w2, path.w3 ^ 1), valueHash: pick(leaves).valueHash)
        case 2:
            forged.terminal = .otherLeaf(path: path, valueHash: pick(leaves).valueHash)
        default:
            let leaf = pick(leaves)
            forged.terminal = .otherLeaf(path: leaf.path, valueHash: leaf.valueHash)
        }
    }

    private mutating func pick<T>(_ items: [T]) -> T { items[Int(generator.next() % UInt64(items.count))] }
}
