import Cryptography
import Primitives

/// One durable step of a write-ahead log: everything that was synced together, or nothing of it.
///
/// magic `JWAL` ‖ payload size (u32) ‖ sequence (u64) ‖ checksum (first 8 bytes of SHA-256 over sequence ‖ payload) ‖ payload.
/// Entries inside: kind (u8) ‖ size (u32) ‖ bytes. Integers are little-endian.
enum LogFrame {
    static let magic: [UInt8] = Array("JWAL".utf8)
    static let headerBytes = 24
    /// A frame holds at most the payloads of a few blocks.
    static let maximumBytes = 256 << 20

    static func encode(_ payload: [UInt8], sequence: UInt64) -> [UInt8] {
        var bytes = magic
        bytes.reserveCapacity(headerBytes + payload.count)
        bytes.append(littleEndian: UInt32(payload.count))
        bytes.append(littleEndian: sequence)
        bytes.append(littleEndian: checksum(payload[...], sequence: sequence))
        return bytes + payload
    }

    private static func checksum(_ payload: ArraySlice<UInt8>, sequence: UInt64) -> UInt64 {
        var digest = Digest(.logFrame)
        digest.update(bigEndian: sequence)
        digest.update(payload)
        return digest.finalize().w0
    }

    /// The frame at `offset`, when a whole valid one stands there.
    static func read(_ bytes: [UInt8], at offset: Int) -> (payload: ArraySlice<UInt8>, sequence: UInt64, end: Int)? {
        guard offset + headerBytes <= bytes.count, bytes[offset..<(offset + 4)].elementsEqual(magic) else { return nil }
        var reader = ByteReader(Array(bytes[(offset + 4)..<(offset + headerBytes)]))
        guard let size = try? reader.integer(UInt32.self), let sequence = try? reader.integer(UInt64.self),
            let expected = try? reader.integer(UInt64.self)
        else { return nil }
        let start = offset + headerBytes
        guard Int(size) <= maximumBytes, start + Int(size) <= bytes.count else { return nil }
        let payload = bytes[start..<(start + Int(size))]
        guard checksum(payload, sequence: sequence) == expected else { return nil }
        return (payload, sequence, start + Int(size))
    }

    /// Whether any valid frame stands at or after `offset`: then what is before it was durable once.
    static func exists(in bytes: [UInt8], from offset: Int) -> Bool {
        var next = offset
        while next + headerBytes <= bytes.count {
            guard let found = bytes[next...].firstIndex(of: magic[0]) else { return false }
            if read(bytes, at: found) != nil { return true }
            next = found + 1
        }
        return false
    }
}
