import ABCI
import AuthenticatedState
import ChainTypes
import Cryptography
import FoundationEssentials
import Ledger
import LightClient
import Primitives

/// A snapshot as ABCI names it: a function of the chain, so that all nodes offer the same one (docs/spec/abci.md §7).
///
/// Its metadata is the manifest and the receipts root of the block, which together open the application hash that CometBFT's light client
/// has verified. Chunk 0 is the block with its receipts and the ends of the epochs before it, chunk `n` the entries of part `n` of the state.
package struct CometSnapshot: Sendable, Equatable {
    static let format: UInt32 = 1
    /// The most bytes of a chunk's content.
    static let chunkBytes = ABCILimits.chunk - (64 << 10)

    package let manifest: SnapshotManifest
    package let receiptsRoot: Hash32

    package init(manifest: SnapshotManifest, receiptsRoot: Hash32) { (self.manifest, self.receiptsRoot) = (manifest, receiptsRoot) }

    /// How many chunks there are.
    var chunks: UInt32 { UInt32(manifest.parts.count) + 1 }

    var metadata: [UInt8] { manifest.encode() + receiptsRoot.bytes }

    package var wire: ABCISnapshot {
        var wire = ABCISnapshot()
        (wire.height, wire.format, wire.chunks) = (manifest.height, Self.format, chunks)
        wire.metadata = Data(metadata)
        wire.hash = Data(Digest.plain(metadata).bytes)
        return wire
    }

    /// The snapshot that `wire` names; `nil` unless everything in it follows from its metadata.
    package init?(_ wire: ABCISnapshot) {
        guard wire.metadata.count == SnapshotManifest.encodedBytes + 32,
            let manifest = try? SnapshotManifest.decode([UInt8](wire.metadata.prefix(SnapshotManifest.encodedBytes))),
            let receiptsRoot = Hash32(wire.metadata.suffix(32))
        else { return nil }
        self.init(manifest: manifest, receiptsRoot: receiptsRoot)
        guard self.wire == wire else { return nil }
    }

    var target: SnapshotTarget {
        SnapshotTarget(blockHash: manifest.blockHash, stateRoot: manifest.stateRoot, receiptsRoot: receiptsRoot)
    }

    /// Whether `appHash`, which CometBFT has verified, is that of the snapshot's height.
    func isProven(by appHash: Data) -> Bool {
        let expected = CometCommitment.hash(
            header: manifest.blockHash, stateRoot: manifest.stateRoot, receiptsRoot: receiptsRoot)
        return expected.bytes.elementsEqual(appHash)
    }
}

/// Several pieces of a state as one chunk: each behind its size (u32, little-endian).
package enum ChunkPieces {
    package static func join(_ pieces: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for piece in pieces {
            bytes.append(littleEndian: UInt32(piece.count))
            bytes += piece
        }
        return bytes
    }

    package static func split(_ bytes: [UInt8]) throws(SnapshotError) -> [[UInt8]] {
        guard bytes.count <= ABCILimits.chunk else { throw .tooLarge }
        var reader = ByteReader(bytes)
        var pieces: [[UInt8]] = []
        do throws(ByteReaderError) {
            while reader.remaining > 0 {
                let size = Int(try reader.integer(UInt32.self))
                pieces.append(Array(try reader.take(size)))
            }
        } catch { throw .malformed }
        return pieces
    }
}
