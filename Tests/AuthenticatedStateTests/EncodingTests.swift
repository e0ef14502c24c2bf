import AuthenticatedState
import Primitives
import StateModel
import Testing

/// The stored and sent bytes. A change here is a new format: say so in docs/spec/state-tree.md.
@Suite struct `State encodings` {
    private let path = StateHashing.path(ofKey: Array("key".utf8))

    @Test func `the four hashes are pinned`() {
        let valueHash = StateHashing.value(Array("value".utf8))
        let leaf = StateHashing.leaf(path: path, valueHash: valueHash)
        let node = StateHashing.node(bitmap: 0x8001, children: [leaf, valueHash])
        #expect(path.description == "d932839fd86cf1d2d8423a959459a572781423401c53a016b02882159939e898")
        #expect(valueHash.description == "77a5d163194708fad61b6c733067b4b9d3e445b753dbedacc929a64b6f432398")
        #expect(leaf.description == "228f845a7d682ae763afee98097a0cef9b727bbc2e5207d8030a90a84c589190")
        #expect(node.description == "8dfa9cc1e9801518bd0ce1e40be5916d27c5a09a20b87b3fdbe23709a611d76e")
    }

    @Test func `long contents hash like short ones`() {
        for count in [511, 512, 513, 5_000] {
            let value = [UInt8](repeating: 7, count: count)
            var naive = NaiveState()
            naive.values[value.prefix(1000) + []] = value
            let leaf = StateHashing.leaf(
                path: StateHashing.path(ofKey: value.prefix(1000) + []), valueHash: StateHashing.value(value))
            #expect(naive.root == leaf)
        }
    }

    @Test func `node keys are pinned and round trip`() {
        let odd = NodeKey(version: 0x0102, path: path, length: 5)
        #expect(Hex.encode(odd.encoded) == "00000000000001020d09030208")
        #expect(Hex.encode(NodeKey.root(3).encoded) == "0000000000000003")
        for length in 0...64 {
            let key = NodeKey(version: UInt64(length) << 40, path: path, length: length)
            #expect(key.encoded.count == 8 + length)
            #expect(NodeKey(encoded: key.encoded) == key)
        }
        #expect(NodeKey(encoded: odd.encoded.dropLast() + [16]) == nil)
        #expect(NodeKey(encoded: [UInt8](repeating: 0, count: 7)) == nil)
        #expect(NodeKey(encoded: [UInt8](repeating: 0, count: 73)) == nil)
    }

    @Test func `an update lists its nodes in the order of their keys`() throws {
        var tracked = TrackedTree()
        try tracked.apply(KeyPool.neighbours(200, seed: 8).map { (key: $0, value: [1]) })
        let update = try tracked.apply(KeyPool.neighbours(100, seed: 8).map { (key: $0, value: $0[0] < 80 ? nil : [2]) })
        var keys: [[UInt8]] = []
        update.newNodes.forEach { key, _ in keys.append(Array(key)) }
        #expect(keys == keys.sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test func `node records are pinned and round trip`() throws {
        let key = NodeKey(version: 300, path: path, length: 2)
        let children: ContiguousArray = [
            ChildReference(hash: path, version: 300, leafKeyLength: 3),
            ChildReference(hash: .zero, version: 0, leafKeyLength: nil),
        ]
        let record = InternalRecord(bitmap: 0x0810, children: children)
        let bytes = record.encoded(version: 300)
        #expect(
            Hex.encode(bytes)
                == "010210081000d932839fd86cf1d2d8423a959459a572781423401c53a016b02882159939e89800030000000000000000000000000000000000000000000000000000000000000000ac02"
        )
        #expect(try InternalRecord(bytes, key: key) == record)
        let leaf = LeafRecord(key: Array("key".utf8), value: Array("value".utf8))
        #expect(Hex.encode(leaf.encoded) == "010103006b657976616c7565")
        #expect(try LeafRecord(leaf.encoded, key: key) == leaf)
    }

    @Test func `an update is pinned`() throws {
        var tracked = TrackedTree()
        try tracked.apply((0..<100).map { (key: [UInt8($0)], value: [UInt8($0), 1]) })
        let update = try tracked.apply((0..<40).map { (key: [UInt8($0)], value: $0 % 4 == 0 ? nil : [2]) })
        var all: [UInt8] = []
        update.newNodes.forEach { key, value in all += Array(key) + Array(value) }
        #expect(update.root.description == "acaeca78a240573fcadb4010545f12b058a046e867f0d458cb59f33559b65f7a")
        #expect(StateHashing.value(all).description == "84bb6f8aa3f58266b1a81de693acd9c806c11d5f001383e41e0a4706cecf38c5")
        #expect(
            StateHashing.value(update.stale.flatMap(\.encoded)).description
                == "58d2d1bf38112b6d69516ff09461cbec8f03c082dc12f2d8151e44c98178fec2")
    }

    @Test func `proofs are pinned`() throws {
        var tracked = TrackedTree()
        try tracked.apply((0..<100).map { (key: [UInt8($0)], value: [UInt8($0), 1]) })
        let proofs = try [[5], [200], [201], [202], [203]].map { try tracked.tree.prove($0, version: 1).encode() }
        #expect(proofs.map(\.count) == [583, 647, 647, 777, 647])
        #expect(
            StateHashing.value(proofs.flatMap(\.self)).description == "b02f801577c049f2bcf16b7a51f3091723c57ec585a077712fb068d170cbe6af")
    }

    @Test func `unknown formats are named as such`() throws {
        let key = NodeKey(version: 1, path: path, length: 2)
        #expect(throws: StateError.unknownNodeFormat(2)) { try InternalRecord([2, 2], key: key) }
        #expect(throws: StateError.unknownNodeFormat(9)) { try LeafRecord([9, 1, 1, 0, 1], key: key) }
        #expect(throws: ProofError.unknownFormat(2)) { try StateProof.decode([2, 0, 0]) }
    }

    @Test func `impossible records are refused`() throws {
        let place = NodeKey(version: 10, path: path, length: 2)
        func refused(_ bitmap: UInt16, _ children: ContiguousArray<ChildReference>, at key: NodeKey) -> Bool {
            (try? InternalRecord(InternalRecord(bitmap: bitmap, children: children).encoded(version: key.version), key: key)) == nil
        }
        let leaf = ChildReference(hash: path, version: 10, leafKeyLength: 3)
        let node = ChildReference(hash: path, version: 10, leafKeyLength: nil)
        #expect(refused(0, [], at: place), "no child")
        #expect(refused(1, [leaf], at: place), "a lone leaf")
        #expect(!refused(1, [node], at: place), "a lone node is a chain")
        let top = ChildReference(hash: path, version: 10, leafKeyLength: 1)
        #expect(!refused(1, [top], at: .root(10)), "a lone leaf in the root record")
        #expect(!refused(0, [], at: .root(10)), "an empty root record")
        let deep = ChildReference(hash: path, version: 10, leafKeyLength: 4)
        #expect(refused(3, [leaf, deep], at: place), "a leaf key longer than its place")
        let last = NodeKey(version: 10, path: path, length: 63)
        #expect(refused(3, [leaf, node], at: last), "nothing fits below 64 nibbles")
        let good = InternalRecord(bitmap: 3, children: [leaf, node]).encoded(version: 10)
        #expect(throws: StateError.malformedNode(version: 10, depth: 2)) { try InternalRecord(good + [0], key: place) }
        var older = good
        older[38] = 11
        #expect(throws: StateError.self, "a child before version 0") { try InternalRecord(older, key: place) }
        let overlong = Array(good[..<38]) + [0x80, 0x00] + Array(good[39...])
        #expect(throws: StateError.self, "a number in a longer form") { try InternalRecord(overlong, key: place) }
    }

    @Test func `decoders survive random and mutated bytes and accept only canonical ones`() throws {
        let seed: UInt64 = 0xF0_22
        var generator = SeededGenerator(seed: seed)
        var tracked = TrackedTree()
        let pool = KeyPool.neighbours(80, seed: 3)
        try tracked.apply(pool.map { (key: $0, value: [1, 2]) })
        let samples =
            Array(tracked.store.nodes.values).sorted { $0.lexicographicallyPrecedes($1) }
            + (try pool.prefix(10).map { try tracked.tree.prove($0, version: 1).encode() })
        for round in 0..<20_000 {
            var bytes =
                round % 3 == 0 ? generator.bytes(Int(generator.next() % 200)) : samples[Int(generator.next() % UInt64(samples.count))]
            if !bytes.isEmpty, round % 3 != 0 {
                for _ in 0...(generator.next() % 3) { bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(generator.next() & 255) }
                if round % 5 == 0 { bytes.removeLast(Int(generator.next() % UInt64(bytes.count))) }
            }
            let key = NodeKey(version: generator.next() % 3, path: path, length: Int(generator.next() % 65))
            if let record = try? InternalRecord(bytes, key: key) {
                #expect(record.encoded(version: key.version) == bytes, "seed \(seed) round \(round)")
            }
            if let record = try? LeafRecord(bytes, key: key) { #expect(record.encoded == bytes, "seed \(seed) round \(round)") }
            if let proof = try? StateProof.decode(bytes) { #expect(proof.encode() == bytes, "seed \(seed) round \(round)") }
            if let key = NodeKey(encoded: bytes) { #expect(key.encoded == bytes, "seed \(seed) round \(round)") }
        }
    }
}
