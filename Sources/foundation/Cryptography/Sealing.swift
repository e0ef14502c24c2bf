import Crypto
import Foundation
import Primitives

/// HPKE suites (RFC 9180, base mode). The identifier travels with every sealed message.
package enum SealingSuiteID: UInt8, Sendable, CaseIterable {
    /// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
    case x25519 = 1
    /// X-Wing (ML-KEM-768 with X25519: hybrid post-quantum), HKDF-SHA256, AES-256-GCM.
    case xwing = 2

    var ciphersuite: HPKE.Ciphersuite {
        switch self {
        case .x25519: HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_256)
        case .xwing: .XWingMLKEM768X25519_SHA256_AES_GCM_256
        }
    }

    /// Bytes of a public key.
    package var publicKeyBytes: Int { self == .x25519 ? 32 : 1216 }
    /// Bytes of an encapsulated key.
    package var encapsulatedKeyBytes: Int { self == .x25519 ? 32 : 1120 }
}

/// A sealed message: only the holder of the recipient's key opens it, and only in the same context.
package struct SealedBox: Sendable, Equatable {
    package var suite: SealingSuiteID
    package var encapsulatedKey: [UInt8]
    package var ciphertext: [UInt8]

    package init(suite: SealingSuiteID, encapsulatedKey: [UInt8], ciphertext: [UInt8]) {
        (self.suite, self.encapsulatedKey, self.ciphertext) = (suite, encapsulatedKey, ciphertext)
    }
}

/// Whom to seal to.
package struct SealingPublicKey: Sendable, Hashable {
    package let suite: SealingSuiteID
    package let bytes: [UInt8]

    /// - Throws: `malformedKey` when the length is not that of the suite or an agreement with the key would be all zero.
    ///   Whether an X-Wing key is well formed shows in `seal` alone: to know takes as long as to seal.
    package init(suite: SealingSuiteID, bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count == suite.publicKeyBytes else { throw .malformedKey }
        guard suite != .x25519 || !SmallOrder.contains(bytes) else { throw .malformedKey }
        self.suite = suite
        self.bytes = bytes
    }

    /// Seals `message` so that it opens only in `context` and together with `associated`.
    /// - Throws: `malformedKey` when the key is not a valid key of its suite.
    package func seal(_ message: [UInt8], context: Context, associated: [UInt8]) throws(CryptographyError) -> SealedBox {
        do {
            let info = Data(context.prefix)
            var sender: HPKE.Sender
            switch suite {
            case .x25519:
                let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
                sender = try HPKE.Sender(recipientKey: key, ciphersuite: suite.ciphersuite, info: info)
            case .xwing:
                let key = try XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes)
                sender = try HPKE.Sender(recipientKey: key, ciphersuite: suite.ciphersuite, info: info)
            }
            let ciphertext = try sender.seal(message, authenticating: associated)
            return SealedBox(suite: suite, encapsulatedKey: [UInt8](sender.encapsulatedKey), ciphertext: [UInt8](ciphertext))
        } catch { throw .malformedKey }
    }
}

/// The private half: opens what was sealed to `publicKey`.
package struct SealingPrivateKey: Sendable {
    private enum Material: Sendable {
        case x25519(Curve25519.KeyAgreement.PrivateKey)
        case xwing(XWingMLKEM768X25519.PrivateKey)
    }

    private let material: Material
    package let publicKey: SealingPublicKey

    /// A new key from the system's randomness.
    package init(suite: SealingSuiteID) throws(CryptographyError) {
        do {
            switch suite {
            case .x25519: try self.init(.x25519(Curve25519.KeyAgreement.PrivateKey()))
            case .xwing: try self.init(.xwing(XWingMLKEM768X25519.PrivateKey()))
            }
        } catch { throw .malformedKey }
    }

    /// The key of `secretBytes`.
    package init(suite: SealingSuiteID, secretBytes: [UInt8]) throws(CryptographyError) {
        do {
            switch suite {
            case .x25519: try self.init(.x25519(Curve25519.KeyAgreement.PrivateKey(rawRepresentation: secretBytes)))
            case .xwing: try self.init(.xwing(XWingMLKEM768X25519.PrivateKey(seedRepresentation: secretBytes, publicKey: nil)))
            }
        } catch { throw .malformedKey }
    }

    private init(_ material: Material) throws {
        self.material = material
        switch material {
        case .x25519(let key): publicKey = try SealingPublicKey(suite: .x25519, bytes: [UInt8](key.publicKey.rawRepresentation))
        case .xwing(let key): publicKey = try SealingPublicKey(suite: .xwing, bytes: [UInt8](key.publicKey.rawRepresentation))
        }
    }

    /// The private bytes (32), for an encrypted file only.
    package var secretBytes: [UInt8] {
        switch material {
        case .x25519(let key): [UInt8](key.rawRepresentation)
        case .xwing(let key): [UInt8](key.seedRepresentation)
        }
    }

    /// The message inside `box`.
    /// - Throws: `unknownSuite` for another suite than this key's, `cannotOpen` for another key, context or altered bytes.
    package func open(_ box: SealedBox, context: Context, associated: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try open(box, info: context.prefix, associated: associated)
    }

    /// The message inside a box that was sealed with RFC 9180's application info `info`.
    ///
    /// Apart from `open` in a context only the vectors of the standards are opened so.
    package func open(_ box: SealedBox, info: [UInt8], associated: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard box.suite == publicKey.suite else { throw .unknownSuite }
        guard box.encapsulatedKey.count == box.suite.encapsulatedKeyBytes else { throw .malformedBox }
        guard box.suite != .x25519 || !SmallOrder.contains(box.encapsulatedKey) else { throw .cannotOpen }
        do {
            let info = Data(info)
            let encapsulated = Data(box.encapsulatedKey)
            var recipient: HPKE.Recipient
            switch material {
            case .x25519(let key):
                recipient = try HPKE.Recipient(
                    privateKey: key, ciphersuite: box.suite.ciphersuite, info: info, encapsulatedKey: encapsulated)
            case .xwing(let key):
                recipient = try HPKE.Recipient(
                    privateKey: key, ciphersuite: box.suite.ciphersuite, info: info, encapsulatedKey: encapsulated)
            }
            return [UInt8](try recipient.open(box.ciphertext, authenticating: associated))
        } catch { throw .cannotOpen }
    }
}
