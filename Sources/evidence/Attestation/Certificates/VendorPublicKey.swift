import Crypto
import CryptoExtras
import FoundationEssentials
import SwiftASN1

/// A public key of a vendor's or a platform's, and what it can verify.
enum VendorPublicKey: Sendable {
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case rsa(_RSA.Signing.PublicKey)
    /// Of a kind that signs nothing here, such as a TPM's key for RSAES-OAEP: it verifies nothing.
    case other

    /// Reads a SubjectPublicKeyInfo: uncompressed points on P-256 and P-384, RSA of 2048 to 4096 bits.
    init(_ node: ASN1Node) throws {
        let parts = try DERReading.sequence(node)
        guard parts.count == 2 else { throw AttestationError.malformed }
        let algorithm = try DERReading.sequence(parts[0])
        guard let first = algorithm.first else { throw AttestationError.malformed }
        let kind = try ASN1ObjectIdentifier(derEncoded: first)
        switch kind {
        case .ecPublicKey:
            guard algorithm.count == 2 else { throw AttestationError.malformed }
            let curve = try ASN1ObjectIdentifier(derEncoded: algorithm[1])
            self = try Self.point(Array(DERReading.wholeBits(parts[1])), curve)
        case .rsaEncryption:
            guard algorithm.count == 2, try DERReading.primitive(algorithm[1], .null).isEmpty, node.encodedBytes.count <= 600 else {
                throw AttestationError.malformed
            }
            self = .rsa(try _RSA.Signing.PublicKey(derRepresentation: Data(node.encodedBytes)))
        default: self = .other
        }
    }

    private static func point(_ bytes: [UInt8], _ curve: ASN1ObjectIdentifier) throws -> VendorPublicKey {
        switch curve {
        case .p256: .p256(try P256.Signing.PublicKey(x963Representation: bytes))
        case .p384: .p384(try P384.Signing.PublicKey(x963Representation: bytes))
        default: .other
        }
    }

    /// Whether `signature` (as in a certificate) is this key's of `bytes`. A key of another kind than the algorithm's never verifies.
    func verifies(_ signature: ArraySlice<UInt8>, of bytes: ArraySlice<UInt8>, _ algorithm: SignatureAlgorithm) -> Bool {
        switch (algorithm, self) {
        case (.ecdsaSha256, .p256(let key)):
            guard let raw = Self.raw(signature, size: 32), let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: raw) else {
                return false
            }
            return key.isValidSignature(parsed, for: SHA256.hash(data: Data(bytes)))
        case (.ecdsaSha384, .p384(let key)):
            guard let raw = Self.raw(signature, size: 48), let parsed = try? P384.Signing.ECDSASignature(rawRepresentation: raw) else {
                return false
            }
            return key.isValidSignature(parsed, for: SHA384.hash(data: Data(bytes)))
        case (.rsaSha256, .rsa(let key)):
            return key.isValidSignature(
                .init(rawRepresentation: Data(signature)), for: SHA256.hash(data: Data(bytes)), padding: .insecurePKCS1v1_5)
        case (.rsaSha384, .rsa(let key)):
            return key.isValidSignature(
                .init(rawRepresentation: Data(signature)), for: SHA384.hash(data: Data(bytes)), padding: .insecurePKCS1v1_5)
        case (.rsaSha512, .rsa(let key)):
            return key.isValidSignature(
                .init(rawRepresentation: Data(signature)), for: SHA512.hash(data: Data(bytes)), padding: .insecurePKCS1v1_5)
        case (.rsaPssSha384, .rsa(let key)):
            return key.isValidSignature(.init(rawRepresentation: Data(signature)), for: SHA384.hash(data: Data(bytes)), padding: .PSS)
        default: return false
        }
    }

    /// Whether r ‖ s (`signature`, big-endian, as in quotes and COSE) is this key's of `bytes`, under the curve's own hash.
    func verifies(raw signature: some Collection<UInt8>, of bytes: ArraySlice<UInt8>) -> Bool {
        switch self {
        case .p256(let key):
            guard signature.count == 64, let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: Data(signature)) else {
                return false
            }
            return key.isValidSignature(parsed, for: SHA256.hash(data: Data(bytes)))
        case .p384(let key):
            guard signature.count == 96, let parsed = try? P384.Signing.ECDSASignature(rawRepresentation: Data(signature)) else {
                return false
            }
            return key.isValidSignature(parsed, for: SHA384.hash(data: Data(bytes)))
        case .rsa, .other: return false
        }
    }

    /// r ‖ s of a DER ECDSA-Sig-Value, each padded to `size`; `nil` unless it is strict DER.
    private static func raw(_ signature: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
        guard signature.count <= 2 * size + 9, let node = try? DER.parse(signature), let parts = try? DERReading.sequence(node),
            parts.count == 2
        else { return nil }
        var raw: [UInt8] = []
        for part in parts {
            guard let value = try? DERReading.unsigned(part), value.count <= size else { return nil }
            raw += [UInt8](repeating: 0, count: size - value.count) + value
        }
        return raw
    }
}
