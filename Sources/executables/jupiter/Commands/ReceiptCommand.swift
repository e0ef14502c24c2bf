import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter receipt …`
struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Get a transaction's receipt with its proof; verify one offline.",
        discussion: """
            EXAMPLE
              jupiter receipt get 77ab… --to receipt.bin --genesis-to genesis.bin
              jupiter receipt verify receipt.bin --genesis genesis.bin
            """,
        subcommands: [ReceiptGet.self, ReceiptVerify.self])

    static func json(_ receipt: WireReceipt) -> [String: JSONValue] {
        [
            "transaction": .text(Hex.encode(receipt.transactionID)), "height": JSONValue(receipt.height),
            "index": .integer(Int64(receipt.index)), "code": .integer(Int64(receipt.code)), "fee": JSONValue(receipt.fee),
            "events": .array(
                receipt.events.map { ["type": .text($0.type), "id": .text(Hex.encode($0.id)), "amount": JSONValue($0.amount)] }),
        ]
    }
}

struct ReceiptGet: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Fetch a receipt, and its proof into a file.",
        discussion: """
            EXAMPLE
              jupiter receipt get 77ab… --to receipt.bin
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Argument(help: "The transaction, 64 hexadecimal digits.")
    var transaction: Hash32
    @Option(help: ArgumentHelp("Where the proof goes.", valueName: "file"))
    var to: String?
    @Option(help: ArgumentHelp("Where the chain's genesis goes: verify needs it.", valueName: "file"))
    var genesisTo: String?

    func answer() async throws -> Answer {
        let client = try node.client()
        let proof = try await client.receiptProof(transaction)
        if let to { try PlainFile.write(proof.encoded(), to: to) }
        if let genesisTo { try PlainFile.write(try await client.genesis().bytes, to: genesisTo) }
        guard let receipt = try? WireReceipt(strictly: [UInt8](proof.receipt), limit: Limits.stateValue) else {
            throw ClientError.malformedAnswer("a receipt")
        }
        let json = JSONValue.object(ReceiptCommand.json(receipt))
        return Answer(json, text: Generic.lines(json))
    }
}

struct ReceiptVerify: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verify a receipt's or an erasure's file: certificate, header, inclusion. Needs no network.",
        discussion: """
            The genesis must come from a source you trust, or be pinned with --genesis-hash.

            EXAMPLE
              jupiter receipt verify receipt.bin --genesis genesis.bin --genesis-hash 12ab…
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "File that `receipt get` wrote.")
    var file: String
    @Option(help: ArgumentHelp("The chain's genesis; an erasure certificate has its own.", valueName: "file"))
    var genesis: String?
    @Option(help: "The hash the genesis must have.")
    var genesisHash: Hash32?

    func answer() async throws -> Answer {
        let bytes = try PlainFile.read(file, limit: ErasureCertificate.maximumBytes)
        if ErasureCertificate.isOne(bytes) { return try EraseVerify.answer(bytes, genesisHash: genesisHash) }
        guard let path = self.genesis else { throw ValidationError("a receipt is verified with --genesis FILE") }
        let genesis = try Genesis(decoding: PlainFile.read(path, limit: Limits.genesis))
        if let genesisHash, genesisHash != genesis.hash { throw ClientError.wrongGenesis(found: genesis.hash.description) }
        let verified = try ReceiptVerifier.verify(bytes, genesis: genesis)
        var json = ReceiptCommand.json(verified.receipt)
        json["chain"] = .text(verified.chainID)
        json["header"] = .text(verified.header.hash.description)
        json["genesisHash"] = .text(genesis.hash.description)
        json["verified"] = true
        let text = Generic.lines(.object(json))
        return Answer(.object(json), text: "\(text)\nverified: certified by the validators of \(verified.chainID)")
    }
}
