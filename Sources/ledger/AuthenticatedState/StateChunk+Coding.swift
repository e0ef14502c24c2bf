import Primitives

/// The canonical encoding: format 1 ‖ first path ‖ last path ‖ number of steps (u16) ‖ steps: tag (0 empty, 1 entry, 2 other leaf, 3
/// node, 4 hash), then for 2 path and value hash, for 3 the bitmap (u16), for 4 the hash ‖ number of entries (u32) ‖ per entry: size of
/// its key (u16) and of its value (u32), key, value. Numbers are little-endian.
extension StateChunk {
    private static let format: UInt8 = 1

    package func encode() -> [UInt8] {
        precondition(steps.count <= Self.maximumSteps, "a path has 64 nibbles")
        var bytes: [UInt8] = [Self.format]
        bytes.reserveCapacity(128 + steps.count * 33 + entries.reduce(0) { $0 + $1.key.count + $1.value.count + 6 })
        bytes.append(range.first)
        bytes.append(range.last)
        bytes.append(littleEndian: UInt16(steps.count))
        for step in steps {
            switch step {
            case .empty: bytes.append(0)
            case .entry: bytes.append(1)
            case .otherLeaf(let path, let valueHash):
                bytes.append(2)
                bytes.append(path)
                bytes.append(valueHash)
            case .node(let bitmap):
                bytes.append(3)
                bytes.append(littleEndian: bitmap)
            case .hash(let hash):
                bytes.append(4)
                bytes.append(hash)
            }
        }
        bytes.append(littleEndian: UInt32(entries.count))
        for entry in entries {
            bytes.append(littleEndian: UInt16(entry.key.count))
            bytes.append(littleEndian: UInt32(entry.value.count))
            bytes += entry.key
            bytes += entry.value
        }
        return bytes
    }

    /// The chunk with this encoding. Whether it proves anything, `verify` tells.
    package static func decode(_ bytes: [UInt8]) throws(SnapshotError) -> StateChunk {
        guard bytes.count <= maximumBytes else { throw .tooLarge }
        guard let first = bytes.first else { throw .malformed }
        guard first == format else { throw .unknownFormat }
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            _ = try reader.take(1)
            guard let range = PathRange(first: try reader.hash(), last: try reader.hash()) else { throw .truncated }
            let stepCount = Int(try reader.integer(UInt16.self))
            guard stepCount <= maximumSteps else { throw .truncated }
            var steps: [Step] = []
            for _ in 0..<stepCount { steps.append(try step(&reader)) }
            let entryCount = Int(try reader.integer(UInt32.self))
            var entries: [Entry] = []
            // An entry has at least six bytes of sizes and one of key.
            entries.reserveCapacity(min(entryCount, reader.remaining / 7))
            for _ in 0..<entryCount {
                let (keySize, valueSize) = (Int(try reader.integer(UInt16.self)), Int(try reader.integer(UInt32.self)))
                guard (1...StateLimits.maximumKeyBytes).contains(keySize), valueSize <= StateLimits.maximumValueBytes else {
                    throw .truncated
                }
                entries.append(Entry(key: Array(try reader.take(keySize)), value: Array(try reader.take(valueSize))))
            }
            try reader.finish()
            return StateChunk(range: range, entries: entries, steps: steps)
        } catch {
            throw .malformed
        }
    }

    private static func step(_ reader: inout ByteReader) throws(ByteReaderError) -> Step {
        switch try reader.integer(UInt8.self) {
        case 0: .empty
        case 1: .entry
        case 2: .otherLeaf(path: try reader.hash(), valueHash: try reader.hash())
        case 3: .node(bitmap: try reader.integer())
        case 4: .hash(try reader.hash())
        default: throw .truncated
        }
    }
}
