import Cryptography
import Primitives

/// A wallet on paper: its seed and kinds of keys as one line of bech32m (BIP 350), which finds any four wrong characters.
package enum RecoveryCode {
    package static let prefix = "juprec"
    private static let version: UInt8 = 1

    /// Groups of four characters, for people.
    package static func text(_ wallet: Wallet) -> String {
        let kinds: UInt8 = (wallet.keyType == .p256 ? 1 : 0) | (wallet.sealing == .x25519 ? 2 : 0)
        let code = Bech32m.encode(prefix: prefix, [version, kinds] + wallet.seed)
        let characters = Array(code)
        return stride(from: 0, to: characters.count, by: 4)
            .map { String(characters[$0..<min($0 + 4, characters.count)]) }
            .joined(separator: " ")
    }

    /// The wallet of `text`; blanks do not count. It remembers nothing but its keys.
    package static func wallet(_ text: String, name: String) throws(ClientError) -> Wallet {
        guard text.utf8.count <= 256, let (found, bytes) = Bech32m.decode(text.filter { !$0.isWhitespace && $0 != "-" }),
            found == prefix, bytes.count == 34, bytes[0] == version, bytes[1] < 4
        else { throw .malformedRecoveryCode }
        let keyType: Wallet.KeyType = bytes[1] & 1 == 0 ? .ed25519 : .p256
        let sealing: Wallet.Sealing = bytes[1] & 2 == 0 ? .xwing : .x25519
        do { return try Wallet(name: name, keyType: keyType, sealing: sealing, seed: Array(bytes[2...])) } catch {
            throw .malformedRecoveryCode
        }
    }
}
