import Crypto
import CryptoExtras
import FoundationEssentials

/// A TPMT_SIGNATURE (TPM 2.0 part 2, §11.3.4) of a quote.
package struct TpmSignature: Sendable {
    private enum Value: Sendable {
        case ecdsa(r: ArraySlice<UInt8>, s: ArraySlice<UInt8>)
        case rsassa(ArraySlice<UInt8>)
        case rsapss(ArraySlice<UInt8>)
    }

    let hash: TpmHash
    private let algorithm: UInt16
    private let value: Value

    package init(_ bytes: [UInt8]) throws(AttestationError) {
        var cursor = ByteCursor(bytes)
        algorithm = try cursor.bigEndian()
        guard let hash = TpmHash(rawValue: try cursor.bigEndian()) else { throw .malformed }
        self.hash = hash
        switch algorithm {
        case 0x0018:
            let r = try cursor.sized(limit: 48)
            value = .ecdsa(r: r, s: try cursor.sized(limit: 48))
        case 0x0014: value = .rsassa(try cursor.sized(limit: 512))
        case 0x0016: value = .rsapss(try cursor.sized(limit: 512))
        default: throw .malformed
        }
        try cursor.finish()
    }

    /// RSASSA with SHA-256 without the TPM's framing: how Azure's virtual TPM hands it out.
    init(rsassa bytes: [UInt8]) { (algorithm, hash, value) = (0x0014, .sha256, .rsassa(bytes[...])) }

    /// Whether this is `key`'s signature of `message`, under the key's own scheme where it has one.
    func verifies(_ message: [UInt8], by area: TpmPublicArea) -> Bool {
        if let scheme = area.scheme, scheme != (algorithm, hash.rawValue) { return false }
        return verifies(message, by: area.key)
    }

    func verifies(_ message: [UInt8], by key: TpmPublicArea.Key) -> Bool {
        switch hash {
        case .sha256: verifies(SHA256.hash(data: message), by: key)
        case .sha384: verifies(SHA384.hash(data: message), by: key)
        case .sha512: verifies(SHA512.hash(data: message), by: key)
        }
    }

    private func verifies(_ digest: some Crypto.Digest, by key: TpmPublicArea.Key) -> Bool {
        switch (value, key) {
        case (.ecdsa(let r, let s), .p256(let key)):
            guard let raw = Self.raw(r, s, 32), let signature = try? P256.Signing.ECDSASignature(rawRepresentation: raw) else {
                return false
            }
            return key.isValidSignature(signature, for: digest)
        case (.ecdsa(let r, let s), .p384(let key)):
            guard let raw = Self.raw(r, s, 48), let signature = try? P384.Signing.ECDSASignature(rawRepresentation: raw) else {
                return false
            }
            return key.isValidSignature(signature, for: digest)
        case (.rsassa(let bytes), .rsa(let key)):
            return key.isValidSignature(.init(rawRepresentation: Data(bytes)), for: digest, padding: .insecurePKCS1v1_5)
        case (.rsapss(let bytes), .rsa(let key)):
            return key.isValidSignature(.init(rawRepresentation: Data(bytes)), for: digest, padding: .PSS)
        default: return false
        }
    }

    /// r ‖ s, padded; leading zeros may be cut or kept.
    private static func raw(_ r: ArraySlice<UInt8>, _ s: ArraySlice<UInt8>, _ size: Int) -> [UInt8]? {
        guard r.count <= size, s.count <= size else { return nil }
        return [UInt8](repeating: 0, count: size - r.count) + r + [UInt8](repeating: 0, count: size - s.count) + s
    }
}
