import Primitives

/// Where a node is stored: the version that wrote it and its place, as the nibbles from the root.
///
/// Encoded as version (8 bytes, big-endian) ‖ one byte per nibble. So the nodes of one version lie together, each before those below
/// it and in slot order: the order in which an update lists them, which an ordered store takes fastest.
package struct NodeKey: Sendable, Hashable {
    /// The version whose update wrote the node.
    package let version: UInt64
    /// The nibbles from the root; those from `length` on are zero.
    package let path: Hash32
    /// How many nibbles count (0…64).
    package let length: Int

    /// The largest encoding, in bytes.
    package static let maximumEncodedBytes = 72

    /// The place of the node of `version` at the first `length` nibbles of `path`.
    package init(version: UInt64, path: Hash32, length: Int) {
        precondition((0...64).contains(length), "a path has 64 nibbles")
        self.version = version
        self.path = path.keepingNibbles(length)
        self.length = length
    }

    /// The place of the root of `version`.
    package static func root(_ version: UInt64) -> NodeKey { NodeKey(version: version, path: .zero, length: 0) }

    /// The encoded key.
    package var encoded: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.maximumEncodedBytes) { buffer, count in
            count = write(to: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Writes the encoding to the start of `target`, which holds `maximumEncodedBytes`, and returns its size.
    package func write(to target: UnsafeMutableRawBufferPointer) -> Int {
        precondition(target.count >= Self.maximumEncodedBytes, "a key may need 72 bytes")
        target.storeBytes(of: version.bigEndian, as: UInt64.self)
        for index in 0..<length { target[8 + index] = UInt8(truncatingIfNeeded: path.nibble(index)) }
        return 8 + length
    }

    /// The key with this encoding; `nil` for other bytes.
    package init?(encoded bytes: some Collection<UInt8>) {
        guard (8...Self.maximumEncodedBytes).contains(bytes.count) else { return nil }
        var path = Hash32.zero
        for (index, nibble) in bytes.dropFirst(8).enumerated() {
            guard nibble < 16 else { return nil }
            path = path.settingNibble(index, to: Int(nibble))
        }
        let version = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        self.init(version: version, path: path, length: bytes.count - 8)
    }
}

extension Hash32 {
    /// The value with all nibbles from `count` on set to zero.
    package func keepingNibbles(_ count: Int) -> Hash32 {
        func mask(_ word: UInt64, _ first: Int) -> UInt64 {
            let kept = min(max(count - first, 0), 16)
            // Swift's smart shift gives 0 for a shift by all 64 bits.
            return word & ~(UInt64.max >> UInt64(kept * 4))
        }
        return Hash32(mask(w0, 0), mask(w1, 16), mask(w2, 32), mask(w3, 48))
    }

    /// The value with nibble `index` set to `nibble` (its nibble there must be zero).
    package func settingNibble(_ index: Int, to nibble: Int) -> Hash32 {
        let bits = UInt64(nibble) << UInt64(60 - (index & 15) * 4)
        return switch index >> 4 {
        case 0: Hash32(w0 | bits, w1, w2, w3)
        case 1: Hash32(w0, w1 | bits, w2, w3)
        case 2: Hash32(w0, w1, w2 | bits, w3)
        default: Hash32(w0, w1, w2, w3 | bits)
        }
    }
}
