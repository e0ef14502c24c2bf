import Cryptography

/// A random key that protects many wallet files of one program.
package struct WalletKey: Sendable {
    /// 32 bytes, for a file that only the program reads.
    package let bytes: [UInt8]
    package let protection: WalletFile.Protection

    /// - Throws: `cryptography.malformedKey` unless there are 32 bytes.
    package init(_ bytes: [UInt8]) throws(CryptographyError) {
        self.bytes = bytes
        protection = .key(try AuthenticatedEncryption.key(bytes))
    }

    package static func random() throws(CryptographyError) -> WalletKey { try WalletKey(SecureRandom.bytes(32)) }
}
