import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter consent …`
struct ConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent", abstract: "Grant, list and revoke consent.",
        discussion: """
            A grant is closed: one recipient, dataset, purpose, list of fields and programs, until a day, for a number of uses.

            EXAMPLE
              jupiter consent list
            """,
        subcommands: [ConsentGrant.self, ConsentList.self, ConsentRevoke.self, ConsentGrantKey.self])
}

struct ConsentGrant: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Let one recipient have programs run over fields of your records.",
        discussion: """
            Purposes are terms of the W3C Data Privacy Vocabulary 2.3. The recipient never receives the fields, only results.

            EXAMPLE
              jupiter consent grant --recipient jup1… --dataset german-credit \\
                --fields age,amount_dm --purpose CustomerSolvencyMonitoring \\
                --program 9a3f… --uses 3 --days 30 --price 1000
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Option(help: "Who may ask.")
    var recipient: Address
    @Option(help: "The dataset's id.")
    var dataset: String
    @Option(help: "Fields, separated by commas.")
    var fields: String
    @Option(help: "Purpose: a term of the vocabulary.")
    var purpose: String
    @Option(name: .customLong("program"), help: "Code hash of a program; may be repeated.")
    var programs: [Hash32]
    @Option(help: "How often.")
    var uses: UInt32 = 1
    @Option(help: "For how many days from now.")
    var days: Double = 30
    @Option(help: "Micro-JUPT to you, each use.")
    var price: UInt64 = 0
    @Option(help: ArgumentHelp("Output budget: bytes of all results together (0: bounded by uses and programs).", valueName: "bytes"))
    var outputBytes: UInt64 = 0
    @Option(help: ArgumentHelp("The privacy notice you were shown; its hash goes on chain.", valueName: "file"))
    var notice: String?

    func answer() async throws -> Answer {
        guard days > 0, days <= 1830 else { throw CommandError.badArgument("--days is above 0 and at most 1830") }
        var open = try OpenWallet(wallet, home: global.homePath)
        let client = try node.client()
        let status = try await client.status()
        var scope = ConsentScopes.scope(
            recipient: recipient, dataset: dataset, fields: fields.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) },
            purpose: purpose, programs: programs, locality: status.chainId)
        scope.validFrom = min(status.time, Display.now)
        scope.validUntil = Display.now + UInt64(days * 86_400_000)
        (scope.maximumUses, scope.price, scope.maximumOutputBytes) = (uses, price, outputBytes)
        if let notice { scope.noticeHash = .init(Digest.plain(try PlainFile.read(notice)).bytes) }
        let grant = SecureRandom.hash()
        var message = WireGrantConsent()
        message.grant = .init(grant.bytes)
        message.scope = scope
        var builder = try await client.builder(for: open.wallet.signingKey)
        let receipt = try await client.commit(builder.sign(.grantConsent(message)))
        open.wallet.remember(Wallet.Entry(kind: .grant, chainID: status.chainId, dataset: dataset, id: grant))
        try open.save()
        return Receipts.answer(
            receipt, ["grant": .text(grant.description), "validUntil": JSONValue(scope.validUntil)],
            "granted \(grant)\nuntil \(Display.time(scope.validUntil)), \(uses) uses")
    }
}

struct ConsentList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the grants of your account, or of any address.",
        discussion: """
            EXAMPLE
              jupiter consent list --subject jup1…
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Option(help: "Whose (default: the wallet's).")
    var subject: Address?

    func answer() async throws -> Answer {
        let address = try subject ?? OpenWallet(wallet, home: global.homePath).wallet.address
        let list = try await node.client().list("consents", query: "subject=\(address)")
        let rows = list.map { item in
            var row = (item.object ?? [:]).merging(item["scope"]?.object ?? [:]) { first, _ in first }
            // 0 is no bound.
            if row["maximumOutputBytes"]?.unsigned == 0 { row["maximumOutputBytes"] = nil }
            return JSONValue.object(row)
        }
        return Answer(
            .array(list),
            text: Generic.table(
                rows, columns: ["grant", "status", "purpose", "uses", "maximumUses", "maximumOutputBytes", "fields"], empty: "no grants"))
    }
}

struct ConsentRevoke: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Withdraw a grant, at once and for good; it costs nothing.",
        discussion: """
            A withdrawal is ordered before every use in its block and waits for nobody.

            EXAMPLE
              jupiter consent revoke 5f0c…
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Argument(help: "The grant, 64 hexadecimal digits.")
    var grant: Hash32

    func answer() async throws -> Answer {
        let open = try OpenWallet(wallet, home: global.homePath)
        let client = try node.client()
        guard let consent = try await client.consent(open.wallet.address, grant: grant) else {
            throw CommandError.notFound("grant \(grant) of this wallet")
        }
        let builder = try await client.builder(for: open.wallet.signingKey)
        let receipt = try await client.commit(builder.withdrawal(grant: grant, version: consent.version))
        return Receipts.answer(receipt, ["grant": .text(grant.description), "status": "withdrawn"], "withdrew \(grant)")
    }
}
