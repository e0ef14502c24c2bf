import AuthenticatedState
import Primitives
import StateModel
import Testing

@Suite struct `Spliced proofs` {
    static let attempts = 60_000

    @Test func `no absence of a present key, no presence of an absent one, no other value`() throws {
        let seed: UInt64 = 4
        let large = try LargeTree(seed: seed)
        var generator = SeededGenerator(seed: seed)
        // Keys with close neighbours first: their proofs share the most levels, so more splices fit.
        let byPath = (large.present + large.absent).map { (key: $0, path: StateHashing.path(ofKey: $0)) }.sorted { $0.path < $1.path }
        var (distinct, accepted) = (0, 0)
        for _ in 0..<300 {
            let center = Int(generator.next() % UInt64(byPath.count))
            let near = byPath[max(0, center - 8)..<min(byPath.count, center + 8)].map(\.key)
            let far = (0..<8).map { _ in byPath[Int(generator.next() % UInt64(byPath.count))].key }
            let proofs = try (near + far).map { try large.tree.prove($0, version: 2) }
            let leaves = (near + far).filter { large.values[$0] != nil }
                .map { (path: StateHashing.path(ofKey: $0), valueHash: StateHashing.value(large.values[$0] ?? [])) }
            guard !leaves.isEmpty else { continue }
            var splicer = ProofSplicer(proofs: proofs, leaves: leaves, seed: generator.next())
            for attempt in 0..<(Self.attempts / 300) {
                let key = (attempt % 4 == 0 ? near + far : near)[attempt % near.count]
                let path = StateHashing.path(ofKey: key)
                let value = large.values[key]
                let leafHash = StateHashing.leaf(path: path, valueHash: StateHashing.value(value ?? []))
                let honest = try large.tree.prove(key, version: 2)
                let forged = splicer.forge(honest, path: path, leafHash: leafHash, absence: value != nil)
                if forged != honest { distinct += 1 }
                // Every false claim about the key: absent though present, present though absent, or with another value.
                for claim in value == nil ? [[], [1]] : [nil, (value ?? []) + [0]] as [[UInt8]?]
                where Self.holds(forged, large.root, key, claim) {
                    accepted += 1
                    Issue.record("seed \(seed): \(forged) accepted for \(key) as \(String(describing: claim))")
                }
                // A spliced proof may still prove the truth only when it is the honest one: proofs are unique.
                if forged != honest, Self.holds(forged, large.root, key, value) { accepted += 1 }
            }
        }
        #expect(accepted == 0, "seed \(seed)")
        #expect(distinct > Self.attempts / 2, "the adversary must really try: \(distinct)")
    }

    @Test func `the honest proofs that the adversary starts from do verify`() throws {
        let large = try LargeTree(seed: 5)
        for key in large.present.prefix(200) {
            try large.tree.prove(key, version: 2).verify(root: large.root, key: key, value: large.values[key])
        }
    }

    private static func holds(_ proof: StateProof, _ root: Hash32, _ key: [UInt8], _ value: [UInt8]?) -> Bool {
        let bytes = proof.levels.count <= StateProof.maximumLevels ? proof.encode() : []
        let encoded = (try? StateProof.decode(bytes).verify(root: root, key: key, value: value)) != nil
        return encoded || (try? proof.verify(root: root, key: key, value: value)) != nil
    }
}
