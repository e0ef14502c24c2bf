import Primitives

/// What a peer says of the snapshot that it serves. Nothing in it is trusted: the height's certified header names the root, each chunk
/// is proven under it, and the parts only say how the work may be shared out.
package struct SnapshotManifest: Sendable, Equatable {
    package static let encodedBytes = 1 + 8 + 32 + 32 + 8 + 1

    /// The block whose state it is.
    package var height: UInt64
    package var blockHash: Hash32
    /// The root after that block, which header `height + 1` certifies.
    package var stateRoot: Hash32
    /// About how many entries there are.
    package var estimatedEntries: UInt64
    /// The state is served in 16^`partNibbles` parts of equal width (0…3); a part may take several chunks.
    package var partNibbles: UInt8

    package init(height: UInt64, blockHash: Hash32, stateRoot: Hash32, estimatedEntries: UInt64, partNibbles: UInt8) {
        precondition(partNibbles <= 3, "a few thousand parts are enough")
        (self.height, self.blockHash, self.stateRoot) = (height, blockHash, stateRoot)
        (self.estimatedEntries, self.partNibbles) = (estimatedEntries, partNibbles)
    }

    /// So many parts that each has about 2,000 entries.
    package static func partNibbles(forEntries entries: UInt64) -> UInt8 {
        switch entries {
        case ...2_000: 0
        case ...32_000: 1
        case ...512_000: 2
        default: 3
        }
    }

    package var parts: [PathRange] { PathRange.parts(nibbles: Int(partNibbles)) }

    /// Format 1 ‖ height (u64) ‖ block hash ‖ state root ‖ estimated entries (u64) ‖ part nibbles (1); little-endian.
    package func encode() -> [UInt8] {
        var bytes: [UInt8] = [1]
        bytes.append(littleEndian: height)
        bytes.append(blockHash)
        bytes.append(stateRoot)
        bytes.append(littleEndian: estimatedEntries)
        bytes.append(partNibbles)
        return bytes
    }

    package static func decode(_ bytes: [UInt8]) throws(SnapshotError) -> SnapshotManifest {
        guard let first = bytes.first else { throw .malformed }
        guard first == 1 else { throw .unknownFormat }
        guard bytes.count == encodedBytes else { throw .malformed }
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            _ = try reader.take(1)
            let (height, blockHash, root) = (try reader.integer(UInt64.self), try reader.hash(), try reader.hash())
            let entries = try reader.integer(UInt64.self)
            let nibbles = try reader.integer(UInt8.self)
            guard height >= 1, nibbles <= 3 else { throw .truncated }
            return SnapshotManifest(
                height: height, blockHash: blockHash, stateRoot: root, estimatedEntries: entries, partNibbles: nibbles)
        } catch {
            throw .malformed
        }
    }
}
