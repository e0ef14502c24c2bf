import Crypto
import CryptoExtras
import FoundationEssentials

/// Hash algorithms of TPM structures (TCG algorithm registry).
enum TpmHash: UInt16, Sendable {
    case sha256 = 0x000b
    case sha384 = 0x000c
    case sha512 = 0x000d

    func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let data = Data(bytes)
        return switch self {
        case .sha256: Array(SHA256.hash(data: data))
        case .sha384: Array(SHA384.hash(data: data))
        case .sha512: Array(SHA512.hash(data: data))
        }
    }
}

/// A TPM2B_PUBLIC of a signing key (TPM 2.0 part 2, §12.2): what kind of key it is, and its name.
package struct TpmPublicArea: Sendable {
    enum Key: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case rsa(_RSA.Signing.PublicKey)
    }

    /// Algorithm and hash of the public area: what names the key for ever.
    package let name: [UInt8]
    let attributes: UInt32
    /// Of the key's own scheme: signature algorithm and hash; `nil` when each signature chooses.
    let scheme: (algorithm: UInt16, hash: UInt16)?
    let key: Key

    package init(_ bytes: [UInt8]) throws(AttestationError) {
        var outer = ByteCursor(bytes)
        let area = try outer.sized(limit: 1024)
        try outer.finish()
        var cursor = ByteCursor(area)
        let type = try cursor.bigEndian(UInt16.self)
        let nameAlgorithm = try cursor.bigEndian(UInt16.self)
        guard let hash = TpmHash(rawValue: nameAlgorithm) else { throw .malformed }
        attributes = try cursor.bigEndian()
        _ = try cursor.sized(limit: 64)
        // A signing key has no symmetric algorithm: TPM_ALG_NULL. A storage key has, and is refused by its attributes.
        if try cursor.bigEndian(UInt16.self) != Self.none { _ = try cursor.take(4) }
        switch type {
        case 0x0023: (scheme, key) = try Self.elliptic(&cursor)
        case 0x0001: (scheme, key) = try Self.rsa(&cursor)
        default: throw .malformed
        }
        try cursor.finish()
        name = withUnsafeBytes(of: nameAlgorithm.bigEndian) { Array($0) } + hash.hash(area)
    }

    private static let none: UInt16 = 0x0010

    private static func scheme(_ cursor: inout ByteCursor) throws(AttestationError) -> (algorithm: UInt16, hash: UInt16)? {
        let algorithm = try cursor.bigEndian(UInt16.self)
        return algorithm == none ? nil : (algorithm, try cursor.bigEndian())
    }

    private static func elliptic(
        _ cursor: inout ByteCursor
    ) throws(AttestationError) -> (scheme: (algorithm: UInt16, hash: UInt16)?, key: Key) {
        let scheme = try scheme(&cursor)
        let curve = try cursor.bigEndian(UInt16.self)
        _ = try Self.scheme(&cursor)
        let size = curve == 3 ? 32 : 48
        let x = try padded(&cursor, size)
        let point = try x + padded(&cursor, size)
        switch curve {
        case 3:
            guard let key = try? P256.Signing.PublicKey(rawRepresentation: point) else { throw .malformed }
            return (scheme, .p256(key))
        case 4:
            guard let key = try? P384.Signing.PublicKey(rawRepresentation: point) else { throw .malformed }
            return (scheme, .p384(key))
        default: throw .malformed
        }
    }

    /// A number of at most `size` bytes, whose leading zeros may be cut or kept.
    private static func padded(_ cursor: inout ByteCursor, _ size: Int) throws(AttestationError) -> [UInt8] {
        let bytes = try cursor.sized(limit: size)
        return [UInt8](repeating: 0, count: size - bytes.count) + bytes
    }

    private static func rsa(
        _ cursor: inout ByteCursor
    ) throws(AttestationError) -> (scheme: (algorithm: UInt16, hash: UInt16)?, key: Key) {
        let scheme = try scheme(&cursor)
        let bits = Int(try cursor.bigEndian(UInt16.self))
        let exponent = try cursor.bigEndian(UInt32.self)
        let modulus = try cursor.sized(limit: 512)
        guard modulus.count * 8 == bits, exponent == 0 || exponent == 65537,
            let key = try? _RSA.Signing.PublicKey(n: Data(modulus), e: Data([1, 0, 1]))
        else { throw .malformed }
        return (scheme, .rsa(key))
    }

    /// Whether the TPM itself made the key, never gives it away, and signs with it only what it made itself (part 1, §23).
    package var isRestrictedSigningKey: Bool {
        func bit(_ number: UInt32) -> Bool { attributes >> number & 1 == 1 }
        // fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign; not decrypt.
        return bit(1) && bit(4) && bit(5) && bit(16) && bit(18) && !bit(17)
    }
}
