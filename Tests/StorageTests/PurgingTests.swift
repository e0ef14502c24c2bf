import Foundation
import Primitives
import Storage
import Testing

@Suite struct `Erased ciphertext` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Ciphertext like any: nothing in it repeats.
    private static func ciphertext(_ number: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: 1_000 + number)
        return generator.bytes(2_000)
    }

    /// The files below `path` that hold any 32 bytes in a row of `ciphertext`.
    private static func files(with ciphertext: [UInt8], below path: String) throws -> [String] {
        let pieces = stride(from: 0, through: ciphertext.count - 32, by: 32).map { Data(ciphertext[$0..<$0 + 32]) }
        return try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
            guard let bytes = FileManager.default.contents(atPath: path + "/" + name) else { return false }
            return pieces.contains { bytes.range(of: $0) != nil }
        }
    }

    private func fill(_ chain: TestChain, _ count: UInt64) throws {
        for number in 0..<count { try chain.store.putSidecar(TestChain.hash(6, number), Self.ciphertext(number)) }
    }

    @Test(arguments: [1, 60])
    func `leaves logs and sorted files, and nothing else does`(erased: UInt64) throws {
        let path = directory.file("chain")
        let chain = try TestChain(path)
        try chain.commit(1, [])
        try fill(chain, 100)
        // Half of it in sorted files already, half in the log.
        try chain.store.purgeErased()
        try chain.commit(2, [], erase: (0..<erased).map { TestChain.hash(6, $0) })
        #expect(try !Self.files(with: Self.ciphertext(0), below: path).isEmpty, "deleting alone takes no byte away")
        #expect(try chain.store.hasUnpurged())
        #expect(try chain.store.purgeErased())
        for number in 0..<erased { #expect(try Self.files(with: Self.ciphertext(number), below: path).isEmpty, "sidecar \(number)") }
        #expect(try !chain.store.hasUnpurged() && !chain.store.purgeErased())
        for number in erased..<100 { #expect(try chain.store.sidecar(TestChain.hash(6, number)) == Self.ciphertext(number)) }
        #expect(chain.store.head()?.height == 2)
    }

    @Test func `leaves the files after a crash too, and from the last level`() throws {
        let path = directory.file("chain")
        var chain = try TestChain(path)
        try chain.commit(1, [])
        try fill(chain, 50)
        // Into sorted files, then down to the last level.
        try chain.commit(2, [], erase: [TestChain.hash(6, 49)])
        try chain.store.purgeErased()
        try chain.commit(3, [], erase: [TestChain.hash(6, 7)])
        chain.store.close()
        #expect(try !Self.files(with: Self.ciphertext(7), below: path).isEmpty)
        chain = try TestChain(path)
        #expect(try chain.store.hasUnpurged(), "what is to be done is remembered")
        try chain.store.purgeErased()
        #expect(try Self.files(with: Self.ciphertext(7), below: path).isEmpty)
        #expect(try chain.store.sidecar(TestChain.hash(6, 8)) == Self.ciphertext(8))
    }

    @Test func `that came back is kept`() throws {
        let chain = try TestChain(directory.file("chain"))
        try chain.commit(1, [])
        try fill(chain, 3)
        try chain.commit(2, [], erase: [TestChain.hash(6, 1)])
        try chain.store.putSidecar(TestChain.hash(6, 1), Self.ciphertext(1))
        try chain.store.purgeErased()
        #expect(try chain.store.sidecar(TestChain.hash(6, 1)) == Self.ciphertext(1))
    }
}
