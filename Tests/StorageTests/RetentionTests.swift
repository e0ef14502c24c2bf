import AuthenticatedState
import Foundation
import Primitives
import SmallDiskSupport
import Storage
import Testing

@Suite struct `Blocks that are not kept` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Blocks are [1, height]; every fourth certificate stays.
    private static func summary(_ height: UInt64, _ block: [UInt8]) -> PrunedBlock {
        #expect(block == [1, UInt8(height)])
        return PrunedBlock(transactions: [TestChain.hash(2, height)], header: [5, UInt8(height)], keepsCertificate: height % 4 == 0)
    }

    @Test func `they go one at a time and leave headers and chosen certificates`() throws {
        let chain = try TestChain(directory.file("chain"))
        for height in 0...12 as ClosedRange<UInt64> {
            try chain.commit(height, [(key: [1], value: [UInt8(height)])])
            try chain.store.putCertificate(height: height, [3])
            while try chain.store.pruneBlock(keeping: 5, summary: Self.summary) {}
        }
        let store = chain.store
        #expect(try store.oldestBlock() == 8)
        for height in 1...12 as ClosedRange<UInt64> {
            let kept = height >= 8
            #expect(try store.block(height) == (kept ? [1, UInt8(height)] : nil))
            #expect(try store.prunedHeader(height) == (kept ? nil : [5, UInt8(height)]))
            #expect(try (store.receipt(TestChain.hash(2, height)) != nil) == kept)
            #expect(try (store.certificate(height) != nil) == (kept || height % 4 == 0))
            #expect(try store.height(ofBlock: TestChain.hash(1, height)) == height)
            #expect(try store.sidecar(TestChain.hash(3, height)) != nil, "ciphertext goes by erasure alone")
        }
        #expect(try store.block(0) == [1, 0])
        store.close()
        #expect(try TestChain(directory.file("chain")).store.oldestBlock() == 8)
    }

    @Test func `the newest block always stays`() throws {
        let chain = try TestChain(directory.file("chain"))
        #expect(try chain.store.oldestBlock() == nil)
        for height in 0...3 as ClosedRange<UInt64> { try chain.commit(height, []) }
        #expect(try chain.store.oldestBlock() == 0)
        while try chain.store.pruneBlock(keeping: 1, summary: Self.summary) {}
        #expect(try chain.store.oldestBlock() == 3)
        #expect(try chain.store.block(3) == [1, 3])
        chain.store.close()
        #expect(try TestChain(directory.file("chain")).store.head()?.height == 3)
    }
}

@Suite struct `A full disk` {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `stops the store with its own error, loses nothing, and is over when there is space`(seed: UInt64) throws {
        guard let disk = try SmallDisk(megabytes: 64) else { return }
        var generator = SeededGenerator(seed: seed)
        var values: [[UInt8]: [UInt8]] = [:]
        var acknowledged: UInt64 = 0
        var unsure: [[UInt8]: [UInt8]] = [:]
        for round in 0..<3 {
            let chain = try TestChain(disk.path + "/chain", options: .init(blockCacheBytes: 1 << 20, reservedBytes: 100_000))
            let found = chain.store.head()?.height ?? 0
            #expect(found == acknowledged || found == acknowledged + 1, "seed \(seed) round \(round)")
            // The block whose commit failed may be there: nobody was told that it is, or that it is not.
            if found > acknowledged { values.merge(unsure) { $1 } }
            for (key, value) in values { #expect(try chain.tree.get(key) == value, "seed \(seed)") }
            acknowledged = found
            try disk.fill(leaving: 200_000 + Int(generator.next() % 400_000))
            var failure: StorageError?
            while failure == nil {
                let changes = (0..<40).map { _ in (key: generator.bytes(1), value: generator.bytes(800)) }
                let unique = Dictionary(changes.map { ($0.key, $0.value) }) { $1 }
                do {
                    try chain.commit(acknowledged + 1, unique.map { (key: $0, value: Optional($1)) })
                    values.merge(unique) { $1 }
                    acknowledged += 1
                } catch let error as StorageError {
                    failure = error
                    unsure = unique
                }
            }
            #expect(failure?.code == 1303, "seed \(seed): \(String(describing: failure))")
            // What was acknowledged can still be read, and nothing more is written, not even when there is space again.
            #expect(chain.store.head()?.height == acknowledged)
            let reader = StateReader(store: chain.store)
            for (key, value) in values { #expect(try reader.get(key, version: acknowledged) == value, "seed \(seed)") }
            disk.free()
            let again = #expect(throws: StorageError.self) { try chain.store.putMeta("x", [1]) }
            #expect(again?.code == 1303)
            chain.store.close()
        }
    }

    @Test func `is told at once by a store that is opened or made on it, and harms nothing`() throws {
        guard let disk = try SmallDisk(megabytes: 64) else { return }
        let options = Database.Options(blockCacheBytes: 1 << 20, reservedBytes: 100_000)
        let path = disk.path + "/chain"
        do {
            let chain = try TestChain(path, options: options)
            for height in 0...20 as ClosedRange<UInt64> { try chain.commit(height, [(key: [1], value: [UInt8(height)])]) }
            chain.store.close()
        }
        try disk.fill(leaving: 0)
        for place in [path, disk.path + "/another"] {
            let error = #expect(throws: StorageError.self) { _ = try TestChain(place, options: options) }
            #expect(error?.code == 1303, "\(place): \(String(describing: error))")
        }
        disk.free()
        let chain = try TestChain(path, options: options)
        #expect(chain.store.head()?.height == 20)
        #expect(try chain.tree.get([1]) == [20])
        chain.store.close()
    }
}
