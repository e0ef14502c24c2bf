import Cryptography
import Primitives
import WireTypes

/// The few Protocol Buffers forms that CometBFT hashes and signs, as its own encoder writes them (field numbers below 16 only).
struct CometEncoder {
    private(set) var bytes: [UInt8] = []

    /// A number; left out when zero.
    mutating func number(_ field: UInt8, _ value: UInt64) {
        guard value != 0 else { return }
        bytes.append(field << 3)
        Self.append(value, to: &bytes)
    }

    /// Eight bytes, little-endian; left out when zero.
    mutating func fixed(_ field: UInt8, _ value: UInt64) {
        guard value != 0 else { return }
        bytes.append(field << 3 | 1)
        bytes.append(littleEndian: value)
    }

    /// Bytes or text; left out when empty.
    mutating func content(_ field: UInt8, _ content: [UInt8]) {
        if !content.isEmpty { message(field, content) }
    }

    /// A message, also an empty one.
    mutating func message(_ field: UInt8, _ encoded: [UInt8]) {
        bytes.append(field << 3 | 2)
        Self.append(UInt64(encoded.count), to: &bytes)
        bytes += encoded
    }

    /// `message` after its length.
    static func delimited(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        append(UInt64(message.count), to: &bytes)
        return bytes + message
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension WireCometTime {
    /// Whether it is a time at all: Protocol Buffers bound a timestamp to the years 1 to 9999.
    var isWellFormed: Bool { (-62_135_596_800...253_402_300_799).contains(seconds) && (0..<1_000_000_000).contains(nanos) }

    /// As CometBFT encodes a timestamp.
    var cometBytes: [UInt8] {
        var encoder = CometEncoder()
        encoder.number(1, UInt64(bitPattern: seconds))
        encoder.number(2, UInt64(bitPattern: Int64(nanos)))
        return encoder.bytes
    }
}

/// CometBFT's Merkle tree: that of RFC 6962 §2.1 over bare SHA-256.
enum CometTree {
    /// The root of `leaves`; of none, the hash of nothing.
    static func root(_ leaves: [[UInt8]]) -> Hash32 {
        guard !leaves.isEmpty else { return Digest.plain([]) }
        var level = leaves.map { Digest.plain([0] + $0) }
        // An odd last node rises unchanged, which the split at the largest power of two amounts to.
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { index in
                index + 1 < level.count ? Digest.plain([1] + level[index].bytes + level[index + 1].bytes) : level[index]
            }
        }
        return level[0]
    }
}
