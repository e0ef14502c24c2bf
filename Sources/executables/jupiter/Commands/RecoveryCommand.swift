import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter enclave recovery …`
struct RecoveryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery", abstract: "Bring back a vault whose enclaves are all lost.",
        discussion: """
            The enclave makes a package: its vault under a fresh key, the key in shares sealed to the holders that the genesis has named, \
            or whom these have put in their place. When every enclave of the vault is lost, as many holders as the threshold says open \
            their share and seal it to a new enclave, which then serves in the old one's place. What was erased before stays erased \
            (docs/operations/recovery.md).

            EXAMPLE
              jupiter node init jupiter-sg --recovery-threshold 2 \\
                --recovery-holder jup1…=xwing:… --recovery-holder …
              jupiter enclave recovery export --out jupiter-sg.recovery
              jupiter enclave recovery share jupiter-sg.recovery --enclave 5f0c… \\
                --wallet anna --out anna.share
              jupiter enclave recovery import jupiter-sg.recovery anna.share ben.share \\
                --enclave 5f0c…
            """,
        subcommands: [
            RecoveryExport.self, RecoveryShare.self, RecoveryImport.self, RecoveryDestroyed.self, RecoveryPlan.self, RecoveryApprove.self,
            RecoveryHolders.self,
        ])

    /// Bytes of a package that are read.
    static let maximumBytes = 64 << 20

    static func package(_ path: String) throws -> WireRecoveryPackage {
        let bytes = try PrivateFile.read(path, limit: maximumBytes)
        guard let package = try? WireRecoveryPackage(strictly: bytes, limit: maximumBytes) else {
            throw CommandError.badArgument("\(path) is not a recovery package")
        }
        return package
    }
}

struct RecoveryExport: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Have the node's enclave make a package of the present recovery epoch.",
        discussion: """
            Make one after every erasure and every now and then, and delete those before: the chain refuses packages of older epochs.

            EXAMPLE
              jupiter enclave recovery export --out jupiter-sg.recovery
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Option(help: "The enclave that makes it; without, the one that serves first.")
    var enclave: Hash32?
    @Option(help: ArgumentHelp("Where it goes.", valueName: "file"))
    var out: String

    func answer() async throws -> Answer {
        let client = try node.client()
        let id = try await client.servingEnclave(enclave)
        let package = try await client.recoveryPackage(of: id)
        try PrivateFile.write(package.encoded(), to: out, overwrite: true)
        let json: JSONValue = [
            "vault": .text(Hex.encode(package.vault)), "enclave": .text(Hex.encode(package.enclave)),
            "epoch": .integer(Int64(clamping: package.epoch)), "threshold": .integer(Int64(package.threshold)),
            "holders": .array(package.shares.map { .text((Address($0.account)?.description) ?? "") }), "file": .text(out),
        ]
        return Answer(json, text: Generic.lines(json))
    }
}

struct RecoveryShare: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "share", abstract: "Open your share and seal it to an enclave that is to recover the vault.",
        discussion: """
            The enclave must prove itself under the genesis that is trusted for the chain; look at the platform and measurement that are \
            printed before you pass the share on. The share is sealed to the key of the enclave's present start: should it be started anew \
            before the vault is back, make the share again.

            EXAMPLE
              jupiter enclave recovery share jupiter-sg.recovery --enclave 5f0c… \\
                --wallet anna --out anna.share
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var chain: ChainOptions
    @Argument(help: ArgumentHelp("The package.", valueName: "file"))
    var package: String
    @Option(help: "The enclave that recovers.")
    var enclave: Hash32
    @Option(help: ArgumentHelp("The node of that enclave, if it is another one; it is believed nothing.", valueName: "url"))
    var enclaveNode: String?
    @Option(help: ArgumentHelp("Where the share goes; only the enclave opens it.", valueName: "file"))
    var out: String

    func answer() async throws -> Answer {
        let package = try RecoveryCommand.package(package)
        let holder = try OpenWallet(wallet, home: global.homePath).wallet
        let client = try node.client()
        let pin = try await chain.pin(client, home: global.homePath)
        let target = try await client.checkedEnclave(enclave, on: pin.chain)
        try pin.save(target.chain)
        let session = try await client.session(of: target, shownBy: enclaveNode.map { try NodeClient(url: $0) })
        let share = try RecoverySharing.reseal(package, of: holder, to: session)
        try PrivateFile.write(share.encoded(), to: out, overwrite: true)
        let trust = EnclaveTrust(enclave: target, isNewChain: pin.isNew)
        let json: [String: JSONValue] = ["index": .integer(Int64(share.index)), "file": .text(out)]
        return Answer(
            .object(json.merging(trust.json) { own, _ in own }),
            text: (trust.lines(giving: "the share") + ["share \(share.index) in \(out)"]).joined(separator: "\n"))
    }
}

struct RecoveryImport: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Give a package and its holders' shares to the enclave that recovers the vault.",
        discussion: """
            The enclave must be new: it holds no keys yet. It serves again once it has followed the chain's erasures.

            EXAMPLE
              jupiter enclave recovery import jupiter-sg.recovery anna.share ben.share \\
                --enclave 5f0c…
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Argument(help: ArgumentHelp("The package.", valueName: "file"))
    var package: String
    @Argument(help: ArgumentHelp("The shares.", valueName: "files"))
    var shares: [String]
    @Option(help: "The enclave that recovers; without, the one that serves first.")
    var enclave: Hash32?

    func answer() async throws -> Answer {
        var package = try RecoveryCommand.package(package)
        package.shares = try shares.map { path in
            guard let share = try? WireRecoveryShare(strictly: PrivateFile.read(path, limit: 64 << 10), limit: 64 << 10) else {
                throw CommandError.badArgument("\(path) is not a share")
            }
            return share
        }
        let client = try node.client()
        let id = try await client.servingEnclave(enclave)
        let keys = try await client.recover(package, with: id)
        let json: JSONValue = ["enclave": .text(id.description), "subjectKeys": .integer(Int64(keys))]
        return Answer(json, text: "the enclave \(id) holds \(keys) subject keys again")
    }
}

struct RecoveryDestroyed: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroyed", abstract: "Attest that no copy of your shares below an epoch is left.",
        discussion: """
            An erasure's certificate counts these words. They cannot be taken back.

            EXAMPLE
              jupiter enclave recovery destroyed --vault 5f0c… --epoch 12 --wallet anna
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Option(help: "The vault's id.")
    var vault: Hash32
    @Option(help: "Below which epoch.")
    var epoch: UInt64

    func answer() async throws -> Answer {
        let open = try OpenWallet(wallet, home: global.homePath)
        let client = try node.client()
        var message = WireMessage()
        message.attestShareDestruction.vault = .init(vault.bytes)
        message.attestShareDestruction.epoch = epoch
        var builder = try await client.builder(for: open.wallet.signingKey)
        let receipt = try await client.commit(builder.sign([message]))
        return Receipts.answer(
            receipt, ["vault": .text(vault.description), "epoch": JSONValue(epoch)], "attested for epochs below \(epoch) of vault \(vault)")
    }
}
