import Crypto
import Foundation
import Primitives

/// AES-256-GCM (NIST SP 800-38D): version byte, 12-byte random nonce, ciphertext, 16-byte tag.
package enum AuthenticatedEncryption {
    private static let version: UInt8 = 1
    /// What a box is longer than its message by.
    package static let overhead = 1 + 12 + 16

    /// Encrypts `message`; the box opens only with `key`, in `context`, together with `associated`.
    package static func seal(
        _ message: [UInt8], key: SymmetricKey, context: Context, associated: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        do {
            let sealed = try AES.GCM.seal(message, using: key, authenticating: context.bind(associated))
            var box = [UInt8]()
            box.reserveCapacity(message.count + overhead)
            box.append(version)
            box.append(contentsOf: sealed.nonce)
            box.append(contentsOf: sealed.ciphertext)
            box.append(contentsOf: sealed.tag)
            return box
        } catch { throw .malformedKey }
    }

    /// The message inside `box`.
    package static func open(
        _ box: some Collection<UInt8>, key: SymmetricKey, context: Context, associated: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        let box = Array(box)
        guard box.count >= overhead else { throw .malformedBox }
        guard box[0] == version else { throw .unknownVersion }
        do {
            let sealed = try AES.GCM.SealedBox(combined: box[1...])
            return [UInt8](try AES.GCM.open(sealed, using: key, authenticating: context.bind(associated)))
        } catch { throw .cannotOpen }
    }

    /// The key of exactly 32 bytes.
    package static func key(_ bytes: some Collection<UInt8>) throws(CryptographyError) -> SymmetricKey {
        guard bytes.count == 32 else { throw .malformedKey }
        return SymmetricKey(data: Array(bytes))
    }

    /// A new key from the system's randomness.
    package static func randomKey() -> SymmetricKey { SymmetricKey(size: .bits256) }
}

/// HKDF-SHA-256 (RFC 5869) in a context.
package enum KeyDerivation {
    /// 32 bytes derived from `secret` for `context` and `identifier`.
    package static func derive(_ secret: SymmetricKey, context: Context, identifier: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: context.bind(identifier), outputByteCount: 32)
    }
}

/// The system's randomness.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    package static func hash() -> Hash32 {
        var generator = SystemRandomNumberGenerator()
        return Hash32(generator.next(), generator.next(), generator.next(), generator.next())
    }
}
