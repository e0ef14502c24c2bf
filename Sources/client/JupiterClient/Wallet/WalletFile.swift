import Crypto
import Cryptography
import Foundation
import Primitives

/// The file of a wallet: magic, version, how it is protected, then an encrypted box of JSON. Never readable by others (0600),
/// replaced atomically.
package enum WalletFile {
    static let magic = Array("JUPWALLT".utf8)
    static let version: UInt8 = 1
    /// The most bytes that are read.
    static let maximumBytes = 64 << 20
    private static let headerBytes = magic.count + 2

    /// What opens a wallet.
    package enum Protection: Sendable {
        /// Argon2id under a passphrase: for people.
        case passphrase(String)
        /// A random key kept elsewhere: for programs that hold many wallets.
        case key(SymmetricKey)

        var tag: UInt8 {
            switch self {
            case .passphrase: 1
            case .key: 2
            }
        }
    }

    private struct Content: Codable {
        var version: Int
        var name: String
        var keyType: Wallet.KeyType
        var sealing: Wallet.Sealing
        var seed: Data
        var datasets: [Wallet.DatasetKey]
        var entries: [Wallet.Entry]
    }

    /// Whether the file asks for a passphrase (`true`) or a key (`false`).
    package static func needsPassphrase(_ bytes: [UInt8]) throws(ClientError) -> Bool { try protection(of: bytes) == 1 }

    private static func protection(of bytes: [UInt8]) throws(ClientError) -> UInt8 {
        guard bytes.count > headerBytes, bytes.starts(with: magic) else { throw .malformedWallet }
        guard bytes[magic.count] == version else { throw .unknownWalletVersion }
        let tag = bytes[magic.count + 1]
        guard tag == 1 || tag == 2 else { throw .malformedWallet }
        return tag
    }

    package static func seal(_ wallet: Wallet, _ protection: Protection) throws -> [UInt8] {
        let content = Content(
            version: 1, name: wallet.name, keyType: wallet.keyType, sealing: wallet.sealing, seed: Data(wallet.seed),
            datasets: wallet.datasets, entries: wallet.entries)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let plain = [UInt8](try encoder.encode(content))
        let header = magic + [version, protection.tag]
        switch protection {
        case .passphrase(let passphrase): return header + (try PassphraseBox.seal(plain, passphrase: passphrase))
        case .key(let key):
            return header + (try AuthenticatedEncryption.seal(plain, key: key, context: .walletFile, associated: header))
        }
    }

    /// - Throws: `malformedWallet`, `unknownWalletVersion`, or `cryptography.wrongPassphrase`.
    package static func open(_ bytes: [UInt8], _ protection: Protection) throws -> Wallet {
        guard try Self.protection(of: bytes) == protection.tag else { throw CryptographyError.wrongPassphrase }
        let plain: [UInt8]
        switch protection {
        case .passphrase(let passphrase):
            do { plain = try PassphraseBox.open(Array(bytes[headerBytes...]), passphrase: passphrase) } catch .unknownVersion {
                throw ClientError.unknownWalletVersion
            }
        case .key(let key):
            let header = Array(bytes[..<headerBytes])
            do {
                plain = try AuthenticatedEncryption.open(bytes[headerBytes...], key: key, context: .walletFile, associated: header)
            } catch { throw error == .unknownVersion ? ClientError.unknownWalletVersion : CryptographyError.wrongPassphrase }
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(plain)) else { throw ClientError.malformedWallet }
        guard content.version == 1 else { throw ClientError.unknownWalletVersion }
        guard content.entries.count <= Wallet.maximumEntries else { throw ClientError.malformedWallet }
        return try Wallet(
            name: content.name, keyType: content.keyType, sealing: content.sealing, seed: [UInt8](content.seed),
            datasets: content.datasets, entries: content.entries)
    }

    /// The bytes of the file at `path`.
    package static func read(_ path: String) throws(ClientError) -> [UInt8] {
        guard FileManager.default.fileExists(atPath: path) else { throw .walletMissing(path) }
        return try PrivateFile.read(path, limit: maximumBytes)
    }
}
