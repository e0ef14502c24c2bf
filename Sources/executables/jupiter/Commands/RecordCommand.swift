import ArgumentParser
import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter record …`
struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record", abstract: "Put, list, read and export your own records.",
        discussion: """
            A record is encrypted here, with a key only your wallet and the enclave have; the chain sees a salted hash.

            EXAMPLE
              jupiter record put --dataset german-credit --file me.json
              jupiter record export --dataset german-credit --to mine.json
            """,
        subcommands: [RecordPut.self, RecordList.self, RecordGet.self, RecordExport.self, RecordOpen.self])
}

/// The wallet's own records on one chain.
struct OwnRecords {
    let client: NodeClient
    let chainID: String
    let wallet: Wallet

    init(client: NodeClient, wallet: Wallet) async throws {
        (self.client, self.wallet) = (client, wallet)
        chainID = try await client.status().chainId
    }

    /// As the node lists them; `dataset` narrows.
    func list(dataset: String?) async throws -> [JSONValue] {
        let all = try await client.list("records", query: "owner=\(wallet.address)")
        return dataset == nil ? all : all.filter { $0["dataset"]?.text == dataset }
    }

    /// - Parameter owner: without, this wallet.
    func place(_ dataset: String, of owner: Address? = nil) async throws -> RecordPlace {
        guard let found = try await client.dataset(dataset) else { throw CommandError.notFound("dataset \(dataset)") }
        return RecordPlace(
            chainID: chainID, dataset: dataset, owner: owner ?? wallet.address, schema: try Schema.decode([UInt8](found.schema)))
    }

    /// The newest of the wallet's keys for `dataset` that the chain knows; `nil` for none.
    func newestKeyEpoch(_ dataset: String) async throws -> UInt32? {
        try await client.holdings(wallet.address)?.datasets.first { $0.dataset == dataset }?.keys.map(\.keyEpoch).max()
    }

    /// The message that enrols the wallet's key of `epoch`, once the enclave has proven itself and taken it in.
    func enrolment(_ dataset: String, epoch: UInt32, trusting pin: ChainPin) async throws -> (message: WireMessage, trust: EnclaveTrust) {
        guard pin.chain.chainID == chainID else { throw ClientError.wrongGenesis(found: pin.chain.genesis.hash.description) }
        let enclave = try await client.checkedEnclave(enclave(), on: pin.chain)
        try pin.save(enclave.chain)
        let key = EnrolmentKey(wallet: wallet, dataset: dataset, epoch: epoch)
        guard let outcome = try await client.enrol([key], with: enclave).first else { throw ClientError.malformedAnswer("no enrolment") }
        var message = WireMessage()
        message.enrolSubjectKey = try EnrolmentSealer.message(outcome, wallet: wallet, enclave: enclave)
        return (message, EnclaveTrust(enclave: enclave, isNewChain: pin.isNew))
    }

    /// The decrypted record `id`.
    func open(_ id: Hash32, place: RecordPlace) async throws -> JSONValue {
        guard let record = try await client.record(wallet.address, dataset: place.dataset, record: id),
            let commitment = Hash32(record.commitment)
        else { throw CommandError.notFound("record \(id) of this wallet") }
        guard record.status != .erased else { throw ClientError.erased("record \(id)") }
        let sidecar = try await client.sidecar(commitment)
        let key = wallet.subjectKey(chainID: chainID, dataset: place.dataset, epoch: record.keyEpoch)
        return RecordJSON.json(
            try RecordSealer.open(record, sidecar: sidecar, place: place, subjectKey: key), schema: place.schema)
    }

    /// The enclave that the node passes enrolments on to; or the chain's first active one. It has to prove itself yet.
    private func enclave() async throws -> Hash32 {
        if let serving = try? await client.servingEnclave(nil), let enclave = try await client.enclave(serving), enclave.status == .active {
            return serving
        }
        for item in try await client.list("enclaves") {
            guard let id = item["id"]?.text.flatMap({ Hash32(hex: $0) }), let enclave = try await client.enclave(id) else { continue }
            if enclave.status == .active { return id }
        }
        throw CommandError.noEnclave
    }
}

struct RecordPut: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Encrypt a record and put it on the chain.",
        discussion: """
            The first record of a dataset also hands the dataset's key to the locality's enclave, sealed to it, once the enclave has \
            proven itself under the genesis that is trusted for this chain.

            EXAMPLE
              jupiter record put --dataset german-credit --file me.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var chain: ChainOptions
    @Option(help: "The dataset's id.")
    var dataset: String
    @Option(help: ArgumentHelp("JSON object (- for standard input).", valueName: "file"))
    var file: String

    func answer() async throws -> Answer {
        var open = try OpenWallet(wallet, home: global.homePath)
        let own = try await OwnRecords(client: node.client(), wallet: open.wallet)
        let place = try await own.place(dataset)
        let record = try RecordJSON.record(PlainFile.json(file), schema: place.schema)
        let newest = try await own.newestKeyEpoch(dataset)
        if let newest { open.wallet.beginKeyEpoch(newest, chainID: own.chainID, dataset: dataset) }
        let epoch = open.wallet.keyEpoch(chainID: own.chainID, dataset: dataset)
        let used = try await own.list(dataset: dataset).filter { $0["keyEpoch"]?.unsigned == UInt64(epoch) }.compactMap {
            $0["keyIndex"]?.unsigned
        }.max().flatMap { UInt32(exactly: $0) }
        let index = open.wallet.takeKeyIndex(chainID: own.chainID, dataset: dataset, used: used)
        // Saved before it is used: after a crash a leaf is lost, never used twice.
        try open.save()
        let sealed = try RecordSealer.seal(
            record, place: place, subjectKey: open.wallet.subjectKey(chainID: own.chainID, dataset: dataset, epoch: epoch),
            keyIndex: index, keyEpoch: epoch)
        var messages: [WireMessage] = []
        var trust: EnclaveTrust?
        if newest == nil {
            let enrolment = try await own.enrolment(dataset, epoch: epoch, trusting: chain.pin(own.client, home: global.homePath))
            (messages, trust) = ([enrolment.message], enrolment.trust)
        }
        var put = WireMessage()
        put.putRecord = sealed.message
        messages.append(put)
        var builder = try await own.client.builder(for: open.wallet.signingKey)
        let receipt = try await own.client.commit(builder.sign(messages, sidecars: [sealed.sidecar]))
        open.wallet.remember(Wallet.Entry(kind: .record, chainID: own.chainID, dataset: dataset, id: sealed.id))
        try open.save()
        let text = (trust.map { $0.lines(giving: "the key of \(dataset)") } ?? []) + ["put record \(sealed.id)"]
        let json: [String: JSONValue] = ["record": .text(sealed.id.description)]
        return Receipts.answer(receipt, json.merging(trust?.json ?? [:]) { own, _ in own }, text.joined(separator: "\n"))
    }
}

struct RecordList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List your records, as the chain knows them.",
        discussion: """
            EXAMPLE
              jupiter record list --dataset german-credit
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Option(help: "Only of this dataset.")
    var dataset: String?

    func answer() async throws -> Answer {
        let own = try await OwnRecords(client: node.client(), wallet: OpenWallet(wallet, home: global.homePath).wallet)
        let list = try await own.list(dataset: dataset)
        return Answer(
            .array(list), text: Generic.table(list, columns: ["dataset", "record", "status", "height", "size"], empty: "no records"))
    }
}

struct RecordGet: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Decrypt one of your records.",
        discussion: """
            EXAMPLE
              jupiter record get --dataset german-credit 5f0c…
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Option(help: "The dataset's id.")
    var dataset: String
    @Argument(help: "The record's id, 64 hexadecimal digits.")
    var record: Hash32

    func answer() async throws -> Answer {
        let own = try await OwnRecords(client: node.client(), wallet: OpenWallet(wallet, home: global.homePath).wallet)
        let json = try await own.open(record, place: own.place(dataset))
        return Answer(json, text: Generic.lines(json))
    }
}

struct RecordExport: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Decrypt all your live records of a dataset into a file of your own.",
        discussion: """
            The file holds personal data in the clear: yours. It is written readable by you only.

            EXAMPLE
              jupiter record export --dataset german-credit --to mine.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Option(help: "The dataset's id.")
    var dataset: String
    @Option(help: ArgumentHelp("Where it goes.", valueName: "file"))
    var to: String

    func answer() async throws -> Answer {
        let own = try await OwnRecords(client: node.client(), wallet: OpenWallet(wallet, home: global.homePath).wallet)
        let place = try await own.place(dataset)
        var records: [JSONValue] = []
        for item in try await own.list(dataset: dataset) where item["status"]?.text?.lowercased() == "live" {
            guard let id = item["record"]?.text.flatMap({ Hash32(hex: $0) }) else { continue }
            records.append(["record": .text(id.description), "values": try await own.open(id, place: place)])
        }
        let json: JSONValue = [
            "chain": .text(own.chainID), "dataset": .text(dataset), "owner": .text(own.wallet.address.description),
            "schema": SchemaJSON.json(place.schema), "records": .array(records),
        ]
        guard !FileManager.default.fileExists(atPath: to) else { throw CommandError.fileExists(to) }
        try PrivateFile.write(Array(json.encoded().utf8), to: to, overwrite: false)
        return Answer(
            ["records": .integer(Int64(records.count)), "file": .text(to)],
            text: "exported \(Counted.text(records.count, "record")) to \(to)")
    }
}
