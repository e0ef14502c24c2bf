import ABCI
import AuthenticatedState
import ChainTypes
import FoundationEssentials
import Ledger
import LightClient
import Primitives
import SwiftProtobuf
import WireTypes

/// Chunk 0 of a snapshot: its block with receipts, and the certified ends of the epochs before it, by which the node that begins here
/// shows others the way from the genesis.
package struct SnapshotStart: Sendable, Equatable {
    package let block: SnapshotBlock
    /// Encoded certified headers, from epoch 0 on; as many as the giver has, or none when they do not fit.
    package let ends: [[UInt8]]

    package init(block: SnapshotBlock, ends: [[UInt8]]) { (self.block, self.ends) = (block, ends) }

    /// What `ledger` has for the block at `height`; header `height` + 1 is there.
    init(_ ledger: LedgerApplication, height: UInt64) throws {
        let block = try ledger.snapshotBlock(height)
        guard let next = try ledger.header(height + 1) else { throw SnapshotError.notServed }
        var ends: [[UInt8]] = []
        var room = CometSnapshot.chunkBytes - block.encode().count - 4
        for epoch in 0..<next.epoch {
            guard let end = try ledger.epochEnd(epoch)?.encoded() else { break }
            room -= end.count + 4
            guard room >= 0 else {
                // A way with a gap leads nowhere.
                ends = []
                break
            }
            ends.append(end)
        }
        self.init(block: block, ends: ends)
    }

    package func encode() -> [UInt8] { ChunkPieces.join([block.encode()] + ends) }

    package static func decode(_ bytes: [UInt8]) throws(SnapshotError) -> SnapshotStart {
        let pieces = try ChunkPieces.split(bytes)
        guard let first = pieces.first else { throw .malformed }
        return SnapshotStart(block: try SnapshotBlock.decode(first), ends: Array(pieces.dropFirst()))
    }

    /// Follows the ends from the genesis on, as any light client does.
    /// - Throws: `wrongBlock` when one of them does not hold.
    package func verify(_ genesis: Genesis) throws(SnapshotError) {
        var verifier = LightVerifier(genesis: genesis)
        for bytes in ends {
            guard let end = try? WireCertifiedHeader(strictly: bytes, limit: CometSnapshot.chunkBytes),
                let header = try? verifier.accept(end), header.lastOfEpoch
            else { throw .wrongBlock }
        }
    }

    /// What the store of the new chain keeps under names.
    var names: [(name: String, value: [UInt8])] { ends.enumerated().map { (LedgerApplication.name(ofEpoch: UInt64($0)), $1) } }
}
