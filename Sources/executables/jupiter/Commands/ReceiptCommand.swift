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
              jupiter receipt get 77ab… --to receipt.bin
              jupiter receipt verify receipt.bin --genesis-hash 12ab…
            """,
        subcommands: [ReceiptGet.self, ReceiptVerify.self])

    static func json(_ receipt: WireReceipt) -> [String: JSONValue] {
        [
            "transaction": .text(Hex.encode(receipt.transactionID)), "height": JSONValue(receipt.height),
            "index": .integer(Int64(receipt.index)), "code": .integer(Int64(receipt.code)), "fee": JSONValue(receipt.fee),
            "events": .array(
                receipt.events.map {
                    ["type": .text($0.type), "id": .text(Hex.encode($0.id)), "amount": JSONValue($0.amount), "label": .text($0.label)]
                }),
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
    @Option(help: ArgumentHelp("Where the chain's genesis goes; the proof's file holds it too.", valueName: "file"))
    var genesisTo: String?

    func answer() async throws -> Answer {
        let client = try node.client()
        var proof = try await client.receiptProof(transaction)
        let genesis = try await client.genesis()
        proof.genesis = .init(genesis.bytes)
        if let to { try PlainFile.write(proof.encoded(), to: to) }
        if let genesisTo { try PlainFile.write(genesis.bytes, to: genesisTo) }
        guard let receipt = try? WireReceipt(strictly: [UInt8](proof.receipt), limit: Limits.stateValue) else {
            throw ClientError.malformedAnswer("a receipt")
        }
        let files = [("proof", to), ("genesis", genesisTo)].compactMap { name, path in path.map { (name, JSONValue.text($0)) } }
        let json = ReceiptCommand.json(receipt).merging(files) { $1 }
        var rest = json
        let events = rest.removeValue(forKey: "events")?.array ?? []
        return Answer(.object(json), text: ([Generic.lines(.object(rest))] + events.map { Self.line($0) }).joined(separator: "\n"))
    }

    private static func line(_ event: JSONValue) -> String {
        let amount = event["amount"]?.unsigned ?? 0
        let parts = [event["type"]?.text ?? "", event["id"]?.text ?? "", event["label"]?.text ?? "", amount == 0 ? "" : String(amount)]
        return "event        " + parts.filter { !$0.isEmpty }.joined(separator: " ")
    }
}

struct ReceiptVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verify a receipt's or an erasure's file step by step, from the genesis on. Needs no network.",
        discussion: """
            Each step says what it shows and whom one has to believe for it. A file from before requests were in it has the first steps \
            only. Which chain it is, the genesis in the file says: it counts if it has the hash given with --genesis-hash, or if this home \
            trusts it; otherwise compare the hash in the first line. Exit status 1: a step does not hold.

            EXAMPLE
              jupiter receipt verify receipt.bin
              jupiter receipt verify receipt.bin --genesis-hash 12ab…
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "File that `receipt get` wrote.")
    var file: String
    @Option(help: ArgumentHelp("The chain's genesis, instead of the one in the file.", valueName: "file"))
    var genesis: String?
    @Option(help: "The hash the genesis must have.")
    var genesisHash: Hash32?

    mutating func run() async throws {
        let bytes = try PlainFile.read(file, limit: max(Limits.receiptProof, ErasureCertificate.maximumBytes))
        if ErasureCertificate.isOne(bytes) {
            let answer = try EraseVerify.answer(bytes, genesisHash: genesisHash)
            return Console.out(global.output == .json ? answer.json.encoded() : answer.text)
        }
        let given = try genesis.map { try Genesis(decoding: PlainFile.read($0, limit: Limits.genesis)) }
        let trail = try ReceiptVerifier.trail(bytes, genesis: given, pinned: genesisHash) { genesis in
            try !ChainPin(genesis, home: global.homePath).isNew
        }
        Console.out(global.output == .json ? Self.json(trail).encoded() : Self.text(trail))
        guard trail.holds else { throw ExitCode(1) }
    }

    private static func json(_ trail: ReceiptVerifier.Trail) -> JSONValue {
        var json = trail.verified.map { ReceiptCommand.json($0.receipt) } ?? [:]
        json["chain"] = .text(trail.genesis.chainID)
        json["genesisHash"] = .text(trail.genesis.hash.description)
        json["genesisFrom"] = .text(trail.genesisSource.rawValue)
        if let header = trail.verified?.header { json["header"] = .text(header.hash.description) }
        json["verified"] = .boolean(trail.holds)
        json["steps"] = .array(trail.steps.map { Self.json($0) })
        return .object(json)
    }

    private static func json(_ step: TrustStep) -> JSONValue {
        var json: [String: JSONValue] = [
            "step": .text(step.name.rawValue), "proves": .text(step.proves), "restsOn": .text(step.restsOn),
        ]
        switch step.outcome {
        case .holds: json["status"] = "holds"
        case .fails(let reason): (json["status"], json["reason"]) = ("fails", .text(reason))
        case .missing(let what): (json["status"], json["reason"]) = ("missing", .text(what))
        case .unjudged(let name): (json["status"], json["reason"]) = ("unjudged", .text("it rests on \(name.rawValue)"))
        }
        return .object(json)
    }

    private static func text(_ trail: ReceiptVerifier.Trail) -> String {
        let width = TrustStep.Name.allCases.map(\.rawValue.count).max() ?? 0
        let margin = String(repeating: " ", count: width + 4)
        let lines = trail.steps.flatMap { step -> [String] in
            let name = step.name.rawValue + String(repeating: " ", count: width - step.name.rawValue.count)
            switch step.outcome {
            case .holds: return ["✓ \(name)  \(step.proves)", "\(margin)rests on \(step.restsOn)"]
            case .fails(let reason): return ["✗ \(name)  \(reason)", "\(margin)would show \(step.proves)"]
            case .missing(let what): return ["– \(name)  missing: \(what)"]
            case .unjudged(let other): return ["· \(name)  not judged: it rests on \(other.rawValue)"]
            }
        }
        let count = trail.steps.count { $0.outcome == .holds }
        let verdict = trail.holds ? "verified" : "NOT verified"
        return (lines + ["\(verdict): \(count) of \(trail.steps.count) steps hold on \(trail.genesis.chainID)"])
            .joined(separator: "\n")
    }
}
