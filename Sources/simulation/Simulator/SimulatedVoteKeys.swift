import Primitives
import Simplex

/// Stands in for Ed25519 in virtual time: a keyed 128-bit mix of the statement, padded to 64 bytes.
///
/// Worthless outside a simulation, because the secret follows from the public key. Inside it is unforgeable: an actor is given
/// `SimulatedVoteKeys` of its own key only, and there is no other way to sign.
package struct SimulatedVoteKeys: VoteKeys {
    private let secret: UInt64

    package init(_ key: Hash32) { secret = Self.secret(of: key) }

    package func sign(_ statement: [UInt8]) -> [UInt8] {
        let (high, low) = Self.tag(statement, secret)
        return [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            raw.storeBytes(of: high, toByteOffset: 0, as: UInt64.self)
            raw.storeBytes(of: low, toByteOffset: 8, as: UInt64.self)
            for word in 2..<8 { raw.storeBytes(of: 0, toByteOffset: word * 8, as: UInt64.self) }
            count = 64
        }
    }

    package func isValid(_ signature: [UInt8], of statement: [UInt8], by key: Hash32) -> Bool {
        guard signature.count == 64 else { return false }
        let (high, low) = Self.tag(statement, Self.secret(of: key))
        return signature.withUnsafeBytes { raw in
            raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self) == high && raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == low
        }
    }

    private static func secret(of key: Hash32) -> UInt64 { mix(key.w0 ^ mix(key.w1 ^ mix(key.w2 ^ mix(key.w3)))) }

    private static func tag(_ statement: [UInt8], _ secret: UInt64) -> (UInt64, UInt64) {
        statement.withUnsafeBytes { raw in
            var (high, low) = (secret, mix(secret &+ UInt64(raw.count)))
            var offset = 0
            while offset + 8 <= raw.count {
                let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                high = (high ^ word) &* 0x9E37_79B9_7F4A_7C15
                high ^= high >> 29
                low = (low &+ word) &* 0xC2B2_AE3D_27D4_EB4F
                low ^= low >> 31
                offset += 8
            }
            while offset < raw.count {
                high = (high ^ UInt64(raw[offset])) &* 0x0000_0100_0000_01B3
                low = (low &+ UInt64(raw[offset])) &* 0xC2B2_AE3D_27D4_EB4F
                offset += 1
            }
            return (mix(high ^ secret), mix(low &+ secret))
        }
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
