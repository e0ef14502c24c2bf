import AuthenticatedState
import ChainTypes
import Cryptography
import Primitives
import Storage

/// A block with its receipts, as a peer sends it to one who imports the state after it.
package struct SnapshotBlock: Sendable, Equatable {
    /// Receipts are small: their events are what a block's transactions can cause.
    package static let maximumBytes = Limits.block * 3

    /// The encoded block.
    package var block: [UInt8]
    /// The encoded receipts, in the order of the transactions.
    package var receipts: [[UInt8]]

    package init(block: [UInt8], receipts: [[UInt8]]) { (self.block, self.receipts) = (block, receipts) }

    /// Format 1 ‖ size of the block (u32) ‖ block ‖ number of receipts (u32) ‖ per receipt its size (u32) and bytes; little-endian.
    package func encode() -> [UInt8] {
        var bytes: [UInt8] = [1]
        bytes.append(littleEndian: UInt32(block.count))
        bytes += block
        bytes.append(littleEndian: UInt32(receipts.count))
        for receipt in receipts {
            bytes.append(littleEndian: UInt32(receipt.count))
            bytes += receipt
        }
        return bytes
    }

    package static func decode(_ bytes: [UInt8]) throws(SnapshotError) -> SnapshotBlock {
        guard bytes.count <= maximumBytes else { throw .tooLarge }
        guard let first = bytes.first else { throw .malformed }
        guard first == 1 else { throw .unknownFormat }
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            _ = try reader.take(1)
            let block = Array(try reader.take(Int(try reader.integer(UInt32.self))))
            let count = Int(try reader.integer(UInt32.self))
            // Each has at least its size.
            guard count <= reader.remaining / 4 else { throw .truncated }
            var receipts: [[UInt8]] = []
            receipts.reserveCapacity(count)
            for _ in 0..<count { receipts.append(Array(try reader.take(Int(try reader.integer(UInt32.self))))) }
            try reader.finish()
            return SnapshotBlock(block: block, receipts: receipts)
        } catch {
            throw .malformed
        }
    }
}

extension LedgerApplication {
    /// Serves the state after block `height`, which header `height + 1` proves.
    /// - Throws: `SnapshotError.notServed` when that state is not kept, or no block follows it that could prove it.
    package func makeSnapshotReader(_ height: UInt64) throws -> SnapshotReader {
        guard height < head.height else { throw SnapshotError.notServed }
        return try store.makeSnapshotReader(height)
    }

    /// The block at `height` with its receipts.
    /// - Throws: `SnapshotError.notServed` when it is not kept.
    package func snapshotBlock(_ height: UInt64) throws -> SnapshotBlock {
        guard height >= 1, let bytes = try store.block(height) else { throw SnapshotError.notServed }
        let receipts = try Block(decoding: bytes).transactions.map { transaction in
            guard let receipt = try store.receipt(transaction.id), receipt.height == height else { throw SnapshotError.notServed }
            return receipt.bytes
        }
        return SnapshotBlock(block: bytes, receipts: receipts)
    }
}

/// What the caller knows to be final of the block whose state is imported.
package struct SnapshotTarget: Sendable, Equatable {
    package var blockHash: Hash32
    /// Of the state after the block.
    package var stateRoot: Hash32
    package var receiptsRoot: Hash32

    package init(blockHash: Hash32, stateRoot: Hash32, receiptsRoot: Hash32) {
        (self.blockHash, self.stateRoot, self.receiptsRoot) = (blockHash, stateRoot, receiptsRoot)
    }
}

/// The import of a snapshot of a final block; then `LedgerApplication` opens the store as any other.
package final class LedgerImport: Sendable {
    private let importer: SnapshotImporter
    private let genesis: Genesis
    private let target: SnapshotTarget

    /// Starts or goes on with an import to `path` (`SnapshotImporter`).
    ///
    /// - Parameter next: header `manifest.height + 1`, whose certificate the caller has verified.
    package convenience init(path: String, genesis: Genesis, manifest: SnapshotManifest, next: BlockHeader) throws {
        guard next.chainID == genesis.chainID, next.height == manifest.height + 1 else { throw SnapshotError.wrongBlock }
        try self.init(
            path: path, genesis: genesis, manifest: manifest,
            target: SnapshotTarget(blockHash: next.parent, stateRoot: next.stateRoot, receiptsRoot: next.receiptsRoot))
    }

    /// - Parameter target: what is final at `manifest.height`, by the caller's own verification.
    package init(path: String, genesis: Genesis, manifest: SnapshotManifest, target: SnapshotTarget) throws {
        guard target.blockHash == manifest.blockHash, target.stateRoot == manifest.stateRoot else { throw SnapshotError.wrongBlock }
        (self.genesis, self.target) = (genesis, target)
        importer = try SnapshotImporter(path: path, manifest: manifest)
    }

    package var manifest: SnapshotManifest { importer.manifest }

    /// What can be asked for, from any peer; the chunks of different ranges may come in any order.
    package var missing: [PathRange] { importer.missing }

    /// How many entries have been received, of about `manifest.estimatedEntries`.
    package var entries: UInt64 { importer.entries }

    /// Takes an encoded chunk; an error is the fault of the peer that sent it, unless it is a `StorageError`.
    package func add(_ bytes: [UInt8]) throws { try importer.add(StateChunk.decode(bytes)) }

    /// Makes the store of everything received and the snapshot's block, in the place of the chain at the path if `replacing`.
    ///
    /// - Parameters:
    ///   - certificate: what makes the block final; whoever has it has judged it.
    ///   - names: further values of the new store.
    package func finish(
        _ base: SnapshotBlock, certificate: [UInt8]?, names: NamedValues = { _ in }, replacing: Bool = false
    ) throws {
        let block = try check(base)
        let receipts = zip(block.transactions, base.receipts).enumerated().map { ($1.0.id, UInt32($0), $1.1) }
        try importer.finish(
            SnapshotBase(
                block: base.block, certificate: certificate, receipts: receipts,
                names: [(LedgerApplication.genesisMeta, genesis.bytes)]), names: names, replacing: replacing)
    }

    /// The block of `base`.
    /// - Throws: `wrongBlock` unless it and its receipts are those of the snapshot.
    @discardableResult
    package func check(_ base: SnapshotBlock) throws(SnapshotError) -> Block {
        guard let block = try? Block(decoding: base.block), block.header.hash == target.blockHash,
            block.header.height == manifest.height, block.header.chainID == genesis.chainID,
            base.receipts.count == block.transactions.count,
            MerkleList.root(base.receipts.map(MerkleList.leaf)) == target.receiptsRoot
        else { throw .wrongBlock }
        return block
    }

    /// Lets go of the files; the import can be gone on with.
    package func close() { importer.close() }
}
