import Crypto
import Cryptography
import Primitives
import TestVectors
import Testing

@Suite struct `Record key tree` {
    let subjectKey = SymmetricKey(data: (0..<32).map(UInt8.init))

    @Test func `Leaves are those of the specification`() throws {
        let tree = RecordKeyTree(subjectKey: subjectKey)
        let pinned = try NamedValue.load("cryptography")
        for leaf in [0, 1, 15, 16, 0xabcdef, 0xffffff] as [UInt32] {
            #expect(Hex.encode(try tree.recordKey(leaf).testBytes) == pinned["record key \(leaf)"], "leaf \(leaf)")
        }
    }

    @Test func `Leaves end at two to the twenty-fourth`() {
        var tree = RecordKeyTree(subjectKey: subjectKey)
        #expect(RecordKeyTree.leaves == 16_777_216)
        #expect(throws: CryptographyError.indexOutOfRange) { try tree.recordKey(RecordKeyTree.leaves) }
        #expect(throws: CryptographyError.indexOutOfRange) { try tree.recordKey(.max) }
        #expect(throws: CryptographyError.indexOutOfRange) { try tree.puncture(RecordKeyTree.leaves) }
    }

    @Test func `A punctured leaf is gone and every other leaf keeps its key`() throws {
        let whole = RecordKeyTree(subjectKey: subjectKey)
        var tree = whole
        let gone: [UInt32] = [0, 1, 0x123456, 0x123457, 0x123456 ^ 0xf00000, RecordKeyTree.leaves - 1]
        var probes = SeededGenerator(seed: 24)
        for (count, leaf) in gone.enumerated() {
            try tree.puncture(leaf)
            for other in gone[...count] { #expect(throws: CryptographyError.punctured) { try tree.recordKey(other) } }
            // Neighbours on every level of the path, and leaves anywhere.
            let neighbours = (0..<24).map { leaf ^ (1 << UInt32($0)) }
            let anywhere = (0..<8).map { _ in UInt32.random(in: 0..<RecordKeyTree.leaves, using: &probes) }
            for other in neighbours + anywhere where !gone[...count].contains(other) {
                #expect(try tree.recordKey(other) == whole.recordKey(other), "leaf \(other) after \(leaf)")
            }
        }
    }

    @Test func `Puncturing twice changes nothing`() throws {
        var tree = RecordKeyTree(subjectKey: subjectKey)
        try tree.puncture(7)
        let key = try tree.recordKey(8)
        try tree.puncture(7)
        #expect(throws: CryptographyError.punctured) { try tree.recordKey(7) }
        #expect(try tree.recordKey(8) == key)
    }

    @Test func `Leaves and subjects have different keys`() throws {
        let tree = RecordKeyTree(subjectKey: subjectKey)
        let keys = try (0..<40).map { try tree.recordKey($0 * 0x10101).testBytes }
        #expect(Set(keys).count == 40)
        #expect(try RecordKeyTree(subjectKey: SymmetricKey(size: .bits256)).recordKey(0) != tree.recordKey(0))
    }
}
