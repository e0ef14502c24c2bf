import Primitives

/// The canonical encoding: format 1 ‖ number of levels (1 byte) ‖ terminal (0 empty, 1 leaf, 2 other leaf) ‖ per level: bitmap (u16,
/// little-endian) ‖ siblings (32 bytes each, as many as the bitmap has bits, less the path's own child) ‖ for another leaf its path and
/// value hash. A proof has one encoding and every byte of it is hashed or decides a check.
extension StateProof {
    private static let format: UInt8 = 1

    /// The encoded proof.
    package func encode() -> [UInt8] {
        precondition(levels.count <= Self.maximumLevels, "a path has 64 nibbles")
        var bytes: [UInt8] = [Self.format, UInt8(levels.count)]
        switch terminal {
        case .empty: bytes.append(0)
        case .leaf: bytes.append(1)
        case .otherLeaf: bytes.append(2)
        }
        for level in levels {
            bytes.append(littleEndian: level.bitmap)
            for sibling in level.siblings { bytes.append(sibling) }
        }
        if case .otherLeaf(let path, let valueHash) = terminal {
            bytes.append(path)
            bytes.append(valueHash)
        }
        return bytes
    }

    /// The proof with this encoding. Whether it proves anything, `verify` tells.
    package static func decode(_ bytes: [UInt8]) throws(ProofError) -> StateProof {
        guard bytes.count <= maximumBytes else { throw .tooLarge }
        guard let first = bytes.first else { throw .malformed }
        guard first == format else { throw .unknownFormat(first) }
        guard bytes.count >= 3, bytes[2] <= 2 else { throw .malformed }
        let (count, tag) = (Int(bytes[1]), bytes[2])
        guard count <= maximumLevels else { throw .tooLarge }
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            _ = try reader.take(3)
            var levels: [Level] = []
            for index in 0..<count {
                let bitmap = try reader.integer(UInt16.self)
                // Only the last level may lack a child on the path, and it does exactly when the terminal is empty.
                let missing = index == count - 1 && tag == 0
                guard bitmap != 0 else { throw .truncated }
                var siblings: [Hash32] = []
                for _ in 0..<(missing ? bitmap.nonzeroBitCount : bitmap.nonzeroBitCount - 1) { siblings.append(try reader.hash()) }
                levels.append(Level(bitmap: bitmap, siblings: siblings))
            }
            let terminal: Terminal =
                switch tag {
                case 0: .empty
                case 1: .leaf
                default: .otherLeaf(path: try reader.hash(), valueHash: try reader.hash())
                }
            try reader.finish()
            return StateProof(levels: levels, terminal: terminal)
        } catch {
            throw .malformed
        }
    }
}
