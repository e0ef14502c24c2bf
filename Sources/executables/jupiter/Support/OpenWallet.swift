import Crypto
import Cryptography
import Foundation
import JupiterClient

/// A wallet with its file: changed in memory, saved when the command is done.
struct OpenWallet {
    let path: String
    var wallet: Wallet
    private let protection: WalletFile.Protection

    init(_ options: WalletOptions, home: String) throws {
        path = Self.path(options.wallet, home: home)
        let bytes = try WalletFile.read(path)
        protection = try Self.protection(options.passphrase, asksPassphrase: try WalletFile.needsPassphrase(bytes))
        wallet = try WalletFile.open(bytes, protection)
    }

    /// A name lives in the home; anything with a slash is a path of its own.
    static func path(_ name: String, home: String) -> String {
        name.contains("/") ? name : "\(home)/wallets/\(name).wallet"
    }

    static func protection(_ options: PassphraseOptions, asksPassphrase: Bool) throws -> WalletFile.Protection {
        if asksPassphrase { return .passphrase(try options.passphrase(new: false)) }
        guard let file = options.walletKeyFile else { throw CommandError.badArgument("this wallet opens with --wallet-key-file") }
        return .key(try AuthenticatedEncryption.key(PrivateFile.read(file, limit: 32)))
    }

    /// Replaces the file.
    func save() throws { try PrivateFile.write(WalletFile.seal(wallet, protection), to: path, overwrite: true) }
}
