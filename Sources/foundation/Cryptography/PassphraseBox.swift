import CSodium
import Crypto
import Primitives

/// Bytes at rest under a passphrase: Argon2id (RFC 9106, by libsodium), then AES-256-GCM.
///
/// Layout: version (1), operations limit (8, little-endian), memory limit in bytes (8), salt (16), box.
package enum PassphraseBox {
    private static let version: UInt8 = 1
    private static let headerBytes = 1 + 8 + 8 + 16

    /// How hard guessing is made.
    package enum Effort: Sendable {
        /// libsodium's "interactive": about 0.1 s and 64 MiB.
        case interactive
        /// libsodium's "moderate": about 0.7 s and 256 MiB.
        case moderate

        var limits: (operations: UInt64, memory: UInt64) { self == .interactive ? (2, 64 << 20) : (3, 256 << 20) }
    }

    package static func seal(
        _ secret: [UInt8], passphrase: String, effort: Effort = .interactive
    ) throws(CryptographyError) -> [UInt8] {
        let (operations, memory) = effort.limits
        var header: [UInt8] = [version]
        header.append(littleEndian: operations)
        header.append(littleEndian: memory)
        header.append(contentsOf: SecureRandom.bytes(16))
        let key = try stretch(passphrase, salt: Array(header[17...]), operations: operations, memory: memory)
        return header + (try AuthenticatedEncryption.seal(secret, key: key, context: .keyFile, associated: header))
    }

    /// - Throws: `unknownVersion`, `malformedBox`, or `wrongPassphrase`.
    package static func open(_ box: [UInt8], passphrase: String) throws(CryptographyError) -> [UInt8] {
        guard box.count > headerBytes else { throw .malformedBox }
        guard box[0] == version else { throw .unknownVersion }
        let header = Array(box[..<headerBytes])
        let operations = littleEndian(header[1..<9])
        let memory = littleEndian(header[9..<17])
        // Bounds on outside numbers: a file must not make this process work for hours or take all memory.
        guard (1...16).contains(operations), (8192...(1 << 30)).contains(memory) else { throw .malformedBox }
        let key = try stretch(passphrase, salt: Array(header[17...]), operations: operations, memory: memory)
        do {
            return try AuthenticatedEncryption.open(box[headerBytes...], key: key, context: .keyFile, associated: header)
        } catch { throw .wrongPassphrase }
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }

    private static func stretch(
        _ passphrase: String, salt: [UInt8], operations: UInt64, memory: UInt64
    ) throws(CryptographyError) -> SymmetricKey {
        var output = [UInt8](repeating: 0, count: 32)
        let text = Array(passphrase.utf8CString)
        let status = crypto_pwhash(
            &output, 32, text, UInt64(text.count - 1), salt, operations, Int(memory), crypto_pwhash_ALG_ARGON2ID13)
        guard status == 0 else { throw .entropy }
        defer { sodium_memzero(&output, 32) }
        return SymmetricKey(data: output)
    }
}
