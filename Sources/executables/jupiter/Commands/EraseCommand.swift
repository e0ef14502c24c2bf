import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter erase …`
struct EraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Have records erased for good, with a certificate; verify one offline.",
        discussion: """
            Keys are destroyed in all vaults, ciphertexts leave all nodes, and the chain says so with every vault's signature. It cannot \
            be undone. Your wallet can still derive the keys of its own records: what no longer exists is everything they would open. \
            Where CometBFT decides the blocks, ciphertext stays in them until each operator's node prunes them: there the erasure rests on \
            the destroyed keys alone, and its certificate says so.

            EXAMPLE
              jupiter erase record --dataset german-credit 5f0c… --certificate erased.json
              jupiter erase dataset german-credit
              jupiter erase subject
              jupiter erase certificate 69a3… --to erased.json
              jupiter erase verify erased.json --genesis-hash 12ab…
            """,
        subcommands: [
            EraseRecordCommand.self, EraseDatasetCommand.self, EraseSubjectCommand.self, EraseCertificate.self, EraseVerify.self,
        ])
}

struct ErasureOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where the certificate goes once it is complete.", valueName: "file"))
    var certificate: String?
    @Option(help: "How many seconds to wait for the vaults; 0 does not wait.")
    var wait: Int = 120
}

/// Sends an erasure and follows it until its certificate is complete.
struct Eraser {
    let client: NodeClient
    let options: ErasureOptions
    /// Whether to tell on standard error how far it is.
    let tells: Bool

    func run(_ message: WireMessage, as wallet: Wallet, _ what: String) async throws -> Answer {
        if let file = options.certificate, FileManager.default.fileExists(atPath: file) { throw CommandError.fileExists(file) }
        var builder = try await client.builder(for: wallet.signingKey)
        let transaction = try builder.sign([message])
        let receipt = try await client.commit(transaction)
        let id = transaction.transaction.messageIdentifier(0)
        tell("erasure \(id) of \(what) is on the chain at height \(receipt.height)")
        let erasure = try await complete(id)
        var json = Receipts.json(receipt)
        json["erasure"] = .text(id.description)
        json["status"] = .text(erasure?.status == .complete ? "complete" : "pending")
        json["records"] = .integer(Int64(erasure?.records ?? 0))
        json["vaults"] = .array((erasure?.acknowledgements ?? []).map { .text(Hex.encode($0.enclave)) })
        json["suspended"] = .array((erasure?.suspended ?? []).map { .text(Hex.encode($0)) })
        json["exports"] = .integer(Int64(erasure?.exports.count ?? 0))
        let basis = ErasureBasis(try await client.genesis())
        json["restsOn"] = .text(basis.rawValue)
        guard let erasure, erasure.status == .complete else {
            return Answer(
                .object(json),
                text: """
                    erasure \(id) is not complete yet; look again with: jupiter query erasure/\(id)
                    and fetch its certificate then with: jupiter erase certificate \(id) --to FILE
                    """)
        }
        var text =
            "erased \(what): \(Counted.text(erasure.records, "ciphertext")), "
            + "\(Counted.text(erasure.acknowledgements.count, "enclave")) signed, "
            + "\(erasure.suspended.count) stayed silent, \(Counted.text(erasure.exports.count, "export"))"
            + "\nciphertext: \(basis.finding)"
        if let file = options.certificate {
            try await EraseCertificate.write(id, from: client, to: file)
            json["certificate"] = .text(file)
            text += "\ncertificate: \(file)"
        }
        return Answer(.object(json), text: text)
    }

    /// The erasure when it is complete, or as it is when the time is over.
    private func complete(_ id: Hash32) async throws -> WireErasure? {
        let end = ContinuousClock.now + .seconds(options.wait)
        var told = ""
        while true {
            let erasure = try await client.erasure(id)
            if let erasure {
                let now = Self.progress(erasure)
                if now != told { tell(now) }
                told = now
                // One more block certifies the state that shows it.
                if erasure.status == .complete, try await client.status().height > erasure.completedHeight + 1 { return erasure }
            }
            guard ContinuousClock.now < end else { return erasure }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private static func progress(_ erasure: WireErasure) -> String {
        if erasure.status == .complete { return "complete at height \(erasure.completedHeight)" }
        if erasure.sweeping { return "\(Counted.text(erasure.records, "ciphertext")) let go of so far" }
        return "waiting for \(Counted.text(erasure.vaults.count, "vault")), until \(Display.time(erasure.deadline))"
    }

    private func tell(_ line: String) { if tells { Console.error(line) } }
}

struct EraseRecordCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "record", abstract: "Erase one of your records.",
        discussion: """
            EXAMPLE
              jupiter erase record --dataset german-credit 5f0c… --certificate erased.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var erasure: ErasureOptions
    @Option(help: "The dataset's id.")
    var dataset: String
    @Argument(help: "The record's id, 64 hexadecimal digits.")
    var record: Hash32

    func answer() async throws -> Answer {
        var message = WireEraseRecord()
        (message.dataset, message.record) = (dataset, .init(record.bytes))
        let wallet = try OpenWallet(wallet, home: global.homePath).wallet
        return try await Eraser(client: node.client(), options: erasure, tells: global.output == .text)
            .run(.eraseRecord(message), as: wallet, "record \(record)")
    }
}

struct EraseDatasetCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Erase all your records in a dataset, and the keys.",
        discussion: """
            EXAMPLE
              jupiter erase dataset german-credit --certificate erased.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var erasure: ErasureOptions
    @Argument(help: "The dataset's id.")
    var dataset: String

    func answer() async throws -> Answer {
        var message = WireEraseDataset()
        message.dataset = dataset
        let wallet = try OpenWallet(wallet, home: global.homePath).wallet
        return try await Eraser(client: node.client(), options: erasure, tells: global.output == .text)
            .run(.eraseDataset(message), as: wallet, "all records in \(dataset)")
    }
}

struct EraseSubjectCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "subject", abstract: "Erase all your records in all datasets, and the keys.",
        discussion: """
            This is for good: no enclave takes a key of this account again. Whoever comes back makes a new wallet.

            EXAMPLE
              jupiter erase subject --certificate erased.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var erasure: ErasureOptions

    func answer() async throws -> Answer {
        let wallet = try OpenWallet(wallet, home: global.homePath).wallet
        return try await Eraser(client: node.client(), options: erasure, tells: global.output == .text)
            .run(.eraseSubject(WireEraseSubject()), as: wallet, "everything of \(wallet.address)")
    }
}

struct EraseCertificate: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate", abstract: "Fetch the certificate of an erasure that is complete, whoever asked for it.",
        discussion: """
            EXAMPLE
              jupiter erase certificate 69a3… --to erased.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Argument(help: "The erasure's id, 64 hexadecimal digits.")
    var erasure: Hash32
    @Option(help: ArgumentHelp("Where it goes.", valueName: "file"))
    var to: String

    func answer() async throws -> Answer {
        let client = try node.client()
        guard let found = try await client.erasure(erasure) else { throw CommandError.notFound("erasure \(erasure)") }
        guard found.status == .complete else { throw ClientError.erasureNotComplete("\(erasure)") }
        let basis = try await Self.write(erasure, from: client, to: to).basis
        return Answer(
            ["erasure": .text(erasure.description), "certificate": .text(to), "restsOn": .text(basis.rawValue)],
            text: "certificate: \(to)\nciphertext: \(basis.finding)")
    }

    /// Nothing is handed out that would not verify.
    @discardableResult
    static func write(_ id: Hash32, from client: NodeClient, to path: String) async throws -> ErasureVerifier.Verified {
        let bytes = try await ErasureCertificate.fetch(id, from: client).encoded()
        let verified = try ErasureVerifier.verify(bytes, genesisHash: try await client.genesis().hash)
        try PlainFile.write(bytes, to: path)
        return verified
    }
}

struct EraseVerify: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verify an erasure certificate, step by step. Needs no network.",
        discussion: """
            The file holds its chain's genesis; compare its hash with one from a source you trust, or pin it with --genesis-hash.

            EXAMPLE
              jupiter erase verify erased.json --genesis-hash 12ab…
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "File that `erase --certificate` wrote.")
    var file: String
    @Option(help: "The hash the genesis must have.")
    var genesisHash: Hash32?

    func answer() async throws -> Answer {
        try Self.answer(PlainFile.read(file, limit: ErasureCertificate.maximumBytes), genesisHash: genesisHash)
    }

    static func answer(_ bytes: [UInt8], genesisHash: Hash32?) throws -> Answer {
        let verified = try ErasureVerifier.verify(bytes, genesisHash: genesisHash)
        let json: JSONValue = [
            "verified": true, "chain": .text(verified.genesis.chainID), "genesisHash": .text(verified.genesis.hash.description),
            "erasure": .text(Hex.encode(verified.erasure.id)), "sequence": JSONValue(verified.erasure.sequence),
            "records": .integer(Int64(verified.erasure.records)), "header": .text(verified.header.hash.description),
            "restsOn": .text(verified.basis.rawValue),
            "steps": .array(verified.steps.map { ["step": .text($0.title), "finding": .text($0.finding)] }),
        ]
        let width = verified.steps.map(\.title.count).max() ?? 0
        let lines = verified.steps.map { "✓ \($0.title)\(String(repeating: " ", count: width - $0.title.count))  \($0.finding)" }
        return Answer(json, text: lines.joined(separator: "\n") + "\nverified: certified by the validators of \(verified.genesis.chainID)")
    }
}
