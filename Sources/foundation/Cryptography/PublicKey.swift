import CSodium
import Crypto
import Primitives

/// A public key that can sign transactions: Ed25519 (RFC 8032) or P-256 (FIPS 186-5).
package enum VerificationKey: Sendable, Hashable {
    /// 32 bytes.
    case ed25519(Hash32)
    /// 33 bytes, compressed.
    case p256([UInt8])

    /// The key's bytes as they travel.
    package var bytes: [UInt8] {
        switch self {
        case .ed25519(let key): key.bytes
        case .p256(let key): key
        }
    }

    private var tag: UInt8 {
        switch self {
        case .ed25519: 1
        case .p256: 2
        }
    }

    /// The account that the key controls: the hash of type and key.
    package var address: Address {
        var digest = Digest(.address)
        digest.update([tag])
        digest.update(bytes)
        return Address(digest.finalize())
    }

    /// Checks `signature` of `message` in `context`.
    ///
    /// Ed25519 goes through libsodium everywhere: it refuses small-order and non-canonical keys and malleable signatures,
    /// on which libraries disagree; all validators must decide alike.
    /// - Throws: `malformedKey`, `malformedSignature` or `badSignature`.
    package func verify(_ signature: [UInt8], of message: [UInt8], context: Context) throws(CryptographyError) {
        try verifyBare(signature, of: context.bind(message))
    }

    /// Checks `signature` of exactly `message`, without a context: the decision that `verify` makes once it has bound one.
    ///
    /// Apart from `verify` only the votes of CometBFT, which have a form of their own, and the vectors of RFC 8032 and FIPS 186-5 are
    /// checked so; nothing of ours is signed without a context.
    package func verifyBare(_ signature: [UInt8], of message: [UInt8]) throws(CryptographyError) {
        guard signature.count == 64 else { throw .malformedSignature }
        switch self {
        case .ed25519(let key):
            let valid = crypto_sign_verify_detached(signature, message, UInt64(message.count), key.bytes) == 0
            guard valid else { throw .badSignature }
        case .p256(let bytes):
            guard let key = try? P256.Signing.PublicKey(compressedRepresentation: bytes) else { throw .malformedKey }
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { throw .malformedSignature }
            guard key.isValidSignature(signature, for: message) else { throw .badSignature }
        }
    }
}

extension VerificationKey {
    /// Whether a signature of the key can be accepted at all: libsodium refuses Ed25519 keys that are not canonical, not on the curve
    /// or outside its main subgroup.
    package var isUsable: Bool {
        switch self {
        case .ed25519(let key): crypto_core_ed25519_is_valid_point(key.bytes) == 1
        case .p256(let bytes): (try? P256.Signing.PublicKey(compressedRepresentation: bytes)) != nil
        }
    }
}
