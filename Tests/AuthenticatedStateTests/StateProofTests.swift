import AuthenticatedState
import Primitives
import StateModel
import Testing

@Suite struct `State proofs` {
    private let present = KeyPool.neighbours(60, seed: 41)
    private let absent = KeyPool.random(60, seed: 42)

    private func tracked() throws -> TrackedTree {
        var tracked = TrackedTree()
        try tracked.apply(present.map { (key: $0, value: [$0[0], 1]) })
        return tracked
    }

    @Test func `presence and absence verify, and survive encoding`() throws {
        let tracked = try tracked()
        let root = try tracked.tree.root()
        for key in present + absent {
            let proof = try tracked.tree.prove(key, version: 1)
            let bytes = proof.encode()
            #expect(bytes.count <= StateProof.maximumBytes)
            #expect(try StateProof.decode(bytes) == proof)
            try proof.verify(root: root, key: key, value: tracked.model.values[key])
        }
    }

    @Test func `claims that are not true are refused`() throws {
        let tracked = try tracked()
        let root = try tracked.tree.root()
        for key in present {
            let proof = try tracked.tree.prove(key, version: 1)
            #expect(throws: ProofError.wrongClaim) { try proof.verify(root: root, key: key, value: nil) }
            #expect(throws: ProofError.rootMismatch) { try proof.verify(root: root, key: key, value: [0]) }
            #expect(throws: ProofError.self) { try proof.verify(root: root, key: key + [0], value: [key[0], 1]) }
            #expect(throws: ProofError.rootMismatch) { try proof.verify(root: .zero, key: key, value: [key[0], 1]) }
        }
        for key in absent {
            let proof = try tracked.tree.prove(key, version: 1)
            #expect(throws: ProofError.wrongClaim) { try proof.verify(root: root, key: key, value: []) }
        }
    }

    @Test func `the empty tree proves absence under the zero root only`() throws {
        var tracked = TrackedTree()
        try tracked.apply([])
        let proof = try tracked.tree.prove([1], version: 1)
        try proof.verify(root: .zero, key: [1], value: nil)
        #expect(throws: ProofError.rootMismatch) { try proof.verify(root: Hash32(1, 0, 0, 0), key: [1], value: nil) }
        #expect(throws: ProofError.wrongClaim) { try proof.verify(root: .zero, key: [1], value: [1]) }
    }

    @Test func `a lone leaf proves itself and the absence of all others`() throws {
        var tracked = TrackedTree()
        let root = try tracked.apply([(key: [1], value: [2])]).root
        let own = try tracked.tree.prove([1], version: 1)
        #expect(own == StateProof(levels: [], terminal: .leaf))
        try own.verify(root: root, key: [1], value: [2])
        for key in absent {
            let other = try tracked.tree.prove(key, version: 1)
            try other.verify(root: root, key: key, value: nil)
            #expect(throws: ProofError.foreignLeaf) { try other.verify(root: root, key: [1], value: nil) }
        }
    }

    @Test func `proofs of older versions verify under their roots only`() throws {
        var tracked = try tracked()
        let old = try tracked.tree.root()
        try tracked.apply([(key: present[0], value: nil)])
        let new = try tracked.tree.root()
        let before = try tracked.tree.prove(present[0], version: 1)
        try before.verify(root: old, key: present[0], value: [present[0][0], 1])
        #expect(throws: ProofError.rootMismatch) { try before.verify(root: new, key: present[0], value: [present[0][0], 1]) }
        try tracked.tree.prove(present[0], version: 2).verify(root: new, key: present[0], value: nil)
    }

    @Test func `shapes that no tree has are refused`() throws {
        let path = StateHashing.path(ofKey: [1])
        let bit: UInt16 = 1 << UInt16(path.nibble(0))
        let other: UInt16 = bit == 1 ? 2 : 1
        func refusal(_ proof: StateProof, _ value: [UInt8]?) -> ProofError? {
            do throws(ProofError) {
                try proof.verify(root: Hash32(1, 2, 3, 4), key: [1], value: value)
                return nil
            } catch {
                return error
            }
        }
        typealias Level = StateProof.Level
        #expect(refusal(StateProof(levels: [Level(bitmap: bit, siblings: [])], terminal: .leaf), [1]) == .notCanonical)
        #expect(refusal(StateProof(levels: [Level(bitmap: other, siblings: [.zero])], terminal: .leaf), [1]) == .notCanonical)
        #expect(refusal(StateProof(levels: [Level(bitmap: bit, siblings: [.zero])], terminal: .empty), nil) == .notCanonical)
        #expect(refusal(StateProof(levels: [Level(bitmap: 0, siblings: [])], terminal: .empty), nil) == .notCanonical)
        let many = [Level](repeating: Level(bitmap: 0xFFFF, siblings: [Hash32](repeating: .zero, count: 15)), count: 65)
        #expect(refusal(StateProof(levels: many, terminal: .leaf), [1]) == .tooLarge)
        let deepest = Array(many.prefix(64))
        #expect(refusal(StateProof(levels: deepest, terminal: .leaf), [1]) == .rootMismatch)
        #expect(StateProof(levels: deepest, terminal: .leaf).encode().count <= StateProof.maximumBytes)
        #expect(throws: ProofError.tooLarge) { try StateProof.decode([UInt8](repeating: 1, count: StateProof.maximumBytes + 1)) }
        #expect(throws: ProofError.tooLarge) { try StateProof.decode([1, 65, 0]) }
    }
}
