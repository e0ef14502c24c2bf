import ArgumentParser
import Cryptography
import Foundation
import JupiterClient

/// `jupiter wallet …`
struct WalletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet", abstract: "Make, show, back up and restore a wallet.",
        discussion: """
            A wallet is one pseudonymous account with its keys, in one encrypted file. What to do when it is lost: docs/wallet.md.

            EXAMPLE
              jupiter wallet new --wallet anna
              jupiter wallet backup --wallet anna --recovery-code
            """,
        subcommands: [WalletNew.self, WalletShow.self, WalletBackup.self, WalletRestore.self, WalletRotateKey.self])

    static func answer(_ wallet: Wallet, path: String, extra: [String: JSONValue] = [:]) -> Answer {
        let json: [String: JSONValue] = [
            "name": .text(wallet.name), "address": .text(wallet.address.description), "keyType": .text(wallet.keyType.rawValue),
            "sealing": .text(wallet.sealing.rawValue), "sealingKey": .text(SealingKeyText.text(wallet.sealingKey.publicKey)),
            "file": .text(path),
            "publicKey": .text(wallet.signingKey.verificationKey.bytes.map { String(format: "%02x", $0) }.joined()),
        ].merging(extra) { $1 }
        let shown = json.merging(["sealingKey": .text(SealingKeyText.brief(wallet.sealingKey.publicKey))]) { $1 }
        return Answer(.object(json), text: Generic.lines(.object(shown)))
    }
}

struct WalletNew: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a wallet.",
        discussion: """
            The file is encrypted with your passphrase (Argon2id, AES-256-GCM). Write its recovery code down afterwards.

            EXAMPLE
              jupiter wallet new --wallet anna --key-type p256
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var wallet: WalletOptions

    @Option(help: "Signature of the account: ed25519 or p256.")
    var keyType: Wallet.KeyType = .ed25519

    @Option(help: "What results are sealed to: xwing (hybrid post-quantum) or x25519.")
    var sealing: Wallet.Sealing = .xwing

    func answer() async throws -> Answer {
        let path = OpenWallet.path(wallet.wallet, home: global.homePath)
        guard !FileManager.default.fileExists(atPath: path) else { throw ClientError.walletExists(path) }
        try PrivateFile.makeFolder((path as NSString).deletingLastPathComponent)
        let made = try Wallet(name: wallet.wallet, keyType: keyType, sealing: sealing)
        let passphrase = try wallet.passphrase.passphrase(new: true)
        try PrivateFile.write(WalletFile.seal(made, .passphrase(passphrase)), to: path, overwrite: false)
        return WalletCommand.answer(made, path: path)
    }
}

struct WalletShow: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a wallet's address and what it remembers; never its secrets.",
        discussion: """
            EXAMPLE
              jupiter wallet show --wallet anna
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var wallet: WalletOptions

    func answer() async throws -> Answer {
        let open = try OpenWallet(wallet, home: global.homePath)
        let datasets = open.wallet.datasets.map { JSONValue.text("\($0.chainID)/\($0.dataset)") }
        var counts: [String: JSONValue] = ["datasets": .array(datasets)]
        for kind in [Wallet.Entry.Kind.record, .grant, .assessment, .subscription] {
            counts[kind.rawValue + "s"] = .integer(Int64(open.wallet.entries.filter { $0.kind == kind }.count))
        }
        return WalletCommand.answer(open.wallet, path: open.path, extra: counts)
    }
}

struct WalletBackup: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write an encrypted copy, or print the recovery code for paper.",
        discussion: """
            The copy opens with the passphrase asked for second. The recovery code is the wallet: whoever reads it owns the account.

            EXAMPLE
              jupiter wallet backup --wallet anna --to anna.backup
              jupiter wallet backup --wallet anna --recovery-code
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var wallet: WalletOptions

    @Option(help: ArgumentHelp("Where the encrypted copy goes.", valueName: "file"))
    var to: String?

    @Flag(help: "Print the recovery code.")
    var recoveryCode = false

    func validate() throws {
        if to == nil, !recoveryCode { throw ValidationError("give --to FILE or --recovery-code") }
    }

    func answer() async throws -> Answer {
        let open = try OpenWallet(wallet, home: global.homePath)
        var json: [String: JSONValue] = ["address": .text(open.wallet.address.description)]
        if let to {
            let passphrase = try wallet.passphrase.passphrase(new: true, prompt: "Passphrase of the copy: ")
            try PrivateFile.write(WalletFile.seal(open.wallet, .passphrase(passphrase)), to: to, overwrite: false)
            json["file"] = .text(to)
        }
        if recoveryCode { json["recoveryCode"] = .text(RecoveryCode.text(open.wallet)) }
        return Answer(.object(json), text: Generic.lines(.object(json)))
    }
}

struct WalletRestore: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Bring a wallet back from a backup file or from its recovery code.",
        discussion: """
            After a recovery code the wallet knows its keys; its records, grants and results are read from the chain again.

            EXAMPLE
              jupiter wallet restore --wallet anna --from anna.backup
              jupiter wallet restore --wallet anna --recovery-code-file paper.txt
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var wallet: WalletOptions

    @Option(help: ArgumentHelp("A file that `wallet backup` wrote.", valueName: "file"))
    var from: String?

    @Option(help: ArgumentHelp("A file with the recovery code (- for standard input).", valueName: "file"))
    var recoveryCodeFile: String?

    func validate() throws {
        if (from == nil) == (recoveryCodeFile == nil) { throw ValidationError("give one of --from and --recovery-code-file") }
    }

    func answer() async throws -> Answer {
        let path = OpenWallet.path(wallet.wallet, home: global.homePath)
        guard !FileManager.default.fileExists(atPath: path) else { throw ClientError.walletExists(path) }
        let restored: Wallet
        let passphrase: String
        if let from {
            passphrase = try wallet.passphrase.passphrase(new: false, prompt: "Passphrase of the backup: ")
            restored = try WalletFile.open(WalletFile.read(from), .passphrase(passphrase))
        } else {
            let code = String(decoding: try PlainFile.read(recoveryCodeFile ?? "-", limit: 1024), as: UTF8.self)
            restored = try RecoveryCode.wallet(code, name: wallet.wallet)
            passphrase = try wallet.passphrase.passphrase(new: true)
        }
        try PrivateFile.makeFolder((path as NSString).deletingLastPathComponent)
        try PrivateFile.write(WalletFile.seal(restored, .passphrase(passphrase)), to: path, overwrite: false)
        return WalletCommand.answer(restored, path: path)
    }
}
