import CSodium
import Crypto
import Foundation
import Primitives

/// A private key that signs transactions, votes or an enclave's statements.
package struct SigningKey: Sendable {
    private enum Material: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    private let material: Material

    /// What others verify with.
    package let verificationKey: VerificationKey

    private init(_ material: Material) {
        self.material = material
        switch material {
        case .ed25519(let key): verificationKey = .ed25519(Hash32(key.publicKey.rawRepresentation) ?? .zero)
        case .p256(let key): verificationKey = .p256([UInt8](key.publicKey.compressedRepresentation))
        }
    }

    /// A new Ed25519 key from the system's randomness.
    package static func ed25519() -> SigningKey { SigningKey(.ed25519(Curve25519.Signing.PrivateKey())) }

    /// A new P-256 key from the system's randomness.
    package static func p256() -> SigningKey { SigningKey(.p256(P256.Signing.PrivateKey())) }

    /// The Ed25519 key of a 32-byte seed.
    package static func ed25519(seed: [UInt8]) throws(CryptographyError) -> SigningKey {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { throw .malformedKey }
        return SigningKey(.ed25519(key))
    }

    /// The P-256 key of a 32-byte scalar.
    package static func p256(scalar: [UInt8]) throws(CryptographyError) -> SigningKey {
        guard let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar) else { throw .malformedKey }
        return SigningKey(.p256(key))
    }

    /// The private bytes (32), for an encrypted key file only.
    package var secretBytes: [UInt8] {
        switch material {
        case .ed25519(let key): [UInt8](key.rawRepresentation)
        case .p256(let key): [UInt8](key.rawRepresentation)
        }
    }

    /// The account the key controls.
    package var address: Address { verificationKey.address }

    /// A 64-byte signature of `message` in `context`.
    package func sign(_ message: [UInt8], context: Context) throws(CryptographyError) -> [UInt8] {
        let bound = context.bind(message)
        do {
            switch material {
            case .ed25519(let key): return [UInt8](try key.signature(for: bound))
            case .p256(let key): return [UInt8](try key.signature(for: bound).rawRepresentation)
            }
        } catch { throw .malformedKey }
    }
}
