import ArgumentParser
import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter wallet rotate-key`
struct WalletRotateKey: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key", abstract: "Begin a new key for your further records of a dataset.",
        discussion: """
            Old records stay under the old key, which the enclave keeps as long as one of them is not erased; no record is written anew.

            EXAMPLE
              jupiter wallet rotate-key german-credit --wallet anna
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var chain: ChainOptions
    @Argument(help: "The dataset's id.")
    var dataset: String

    func answer() async throws -> Answer {
        var open = try OpenWallet(wallet, home: global.homePath)
        let own = try await OwnRecords(client: node.client(), wallet: open.wallet)
        guard let newest = try await own.newestKeyEpoch(dataset) else { throw CommandError.notFound("a key of yours for \(dataset)") }
        let epoch = newest + 1
        let (message, trust) = try await own.enrolment(
            dataset, epoch: epoch, trusting: chain.pin(own.client, home: global.homePath))
        var builder = try await own.client.builder(for: open.wallet.signingKey)
        let receipt = try await own.client.commit(builder.sign([message]))
        open.wallet.beginKeyEpoch(epoch, chainID: own.chainID, dataset: dataset)
        try open.save()
        let text = trust.lines(giving: "the key of \(dataset)") + ["new records of \(dataset) use your key number \(epoch)"]
        let json: [String: JSONValue] = ["keyEpoch": .integer(Int64(epoch))]
        return Receipts.answer(receipt, json.merging(trust.json) { own, _ in own }, text.joined(separator: "\n"))
    }
}

/// `jupiter consent grant-key`
struct ConsentGrantKey: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant-key", abstract: "Give the key of one record to somebody: the record itself, for good.",
        discussion: """
            The enclave seals the record's key to the recipient. Erasing the record later reaches no copy that the recipient has made: the \
            erasure's certificate names the recipient.

            EXAMPLE
              jupiter consent grant-key --dataset german-credit 5f0c… --recipient jup1… \\
                --recipient-key xwing:…
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Option(help: "The dataset's id.")
    var dataset: String
    @Argument(help: "The record's id.")
    var record: Hash32
    @Option(help: "Who is to have it.")
    var recipient: Address
    @Option(help: ArgumentHelp("The recipient's sealing key, as its `jupiter wallet show` prints it: suite:base64.", valueName: "key"))
    var recipientKey: String

    func answer() async throws -> Answer {
        let open = try OpenWallet(wallet, home: global.homePath)
        let client = try node.client()
        var message = WireMessage()
        message.requestKeyGrant.dataset = dataset
        message.requestKeyGrant.record = .init(record.bytes)
        message.requestKeyGrant.recipient = .init(recipient.bytes)
        message.requestKeyGrant.recipientKey = try SealingKeyText.key(recipientKey).wire
        var builder = try await client.builder(for: open.wallet.signingKey)
        let transaction = try builder.sign([message])
        let receipt = try await client.commit(transaction)
        let id = transaction.transaction.messageIdentifier(0)
        return Receipts.answer(
            receipt, ["grant": .text(id.description)],
            """
            asked for the key grant \(id)
            the recipient reads the record with: jupiter record open --grant \(id)
            """)
    }
}

/// `jupiter record open`
struct RecordOpen: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Decrypt a record whose key its subject gave you.",
        discussion: """
            EXAMPLE
              jupiter record open --grant 5f0c… --wallet bureau
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Option(help: "The key grant's id.")
    var grant: Hash32

    func answer() async throws -> Answer {
        let own = try await OwnRecords(client: node.client(), wallet: OpenWallet(wallet, home: global.homePath).wallet)
        guard let found = try await own.client.keyGrant(grant), let owner = Address(found.subject), let id = Hash32(found.request.record)
        else { throw CommandError.notFound("key grant \(grant)") }
        guard found.status == .complete else { throw ClientError.notGranted }
        guard let record = try await own.client.record(owner, dataset: found.request.dataset, record: id),
            let commitment = Hash32(record.commitment)
        else { throw CommandError.notFound("record \(id)") }
        guard record.status != .erased else { throw ClientError.erased("record \(id)") }
        let place = try await own.place(found.request.dataset, of: owner)
        let content = try RecordKeyOpener.open(
            found, record: record, sidecar: try await own.client.sidecar(commitment), place: place, recipient: own.wallet)
        let json = RecordJSON.json(content, schema: place.schema)
        return Answer(json, text: Generic.lines(json))
    }
}

/// A sealing key as people pass it on.
enum SealingKeyText {
    /// For the eye: hybrid keys are longer than a screen is wide.
    static func brief(_ key: SealingPublicKey) -> String {
        let text = text(key)
        return text.count <= 100 ? text : "\(text.prefix(32))… (all \(key.bytes.count) bytes with --output json)"
    }

    static func text(_ key: SealingPublicKey) -> String {
        "\(key.suite == .xwing ? "xwing" : "x25519"):\(Data(key.bytes).base64EncodedString())"
    }

    static func key(_ text: String) throws -> SealingPublicKey {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, let suite = Wallet.Sealing(rawValue: parts[0]), let bytes = Data(base64Encoded: parts[1]) else {
            throw CommandError.badArgument("a sealing key is xwing:BASE64 or x25519:BASE64")
        }
        return try SealingPublicKey(suite: suite == .xwing ? .xwing : .x25519, bytes: [UInt8](bytes))
    }
}
