import ArgumentParser
import Cryptography
import DataModel
import Foundation
import JupiterClient
import WireTypes

/// `jupiter dataset …`
struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Publish and look up datasets.",
        discussion: """
            A dataset is a schema with its metadata; its records stay encrypted with their owners' keys.

            EXAMPLE
              jupiter dataset list
            """,
        subcommands: [DatasetPublish.self, DatasetList.self, DatasetShow.self])
}

/// Where results of a dataset may go.
enum ResidencyOption: String, ExpressibleByArgument, CaseIterable {
    case local, results, listed

    var wire: WireResidency {
        switch self {
        case .local: .local
        case .results: .results
        case .listed: .listed
        }
    }
}

struct DatasetPublish: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish a dataset with its schema.",
        discussion: """
            The schema is JSON Schema 2020-12: an object of typed properties (`jupiter schema check` tells what is taken).

            EXAMPLE
              jupiter dataset publish german-credit \\
                --schema Examples/schemas/german_credit.json --name "German Credit" \\
                --description "Credit applicants" --licence CC-BY-4.0 --minimum-cohort 20
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var demand: DemandOptions

    @Argument(help: "The dataset's id: lowercase letters, digits, hyphens, dots.")
    var dataset: String
    @Option(help: ArgumentHelp("JSON Schema file.", valueName: "file"))
    var schema: String
    @Option(help: "Name for people.")
    var name: String
    @Option(help: "What the records are about.")
    var description = ""
    @Option(help: "Licence, as an SPDX identifier where there is one.")
    var licence = ""
    @Option(help: "Language of the content (BCP 47).")
    var language = "en"
    @Option(help: "Where results may go: local, results or listed.")
    var residency: ResidencyOption = .results
    @Option(help: "The fewest subjects any statistic may be about.")
    var minimumCohort: UInt32 = 20

    func answer() async throws -> Answer {
        let open = try OpenWallet(wallet, home: global.homePath)
        let schema = try SchemaJSON.schema(PlainFile.json(schema))
        var metadata = WireMetadata()
        (metadata.name, metadata.description_p, metadata.licence, metadata.language) = (name, description, licence, language)
        metadata.createdBy = open.wallet.address.description
        metadata.dateCreated = String(Display.time(Display.now).prefix(10))
        (metadata.contentType, metadata.encoding) = ("application/json", "UTF-8")
        var message = WirePublishDataset()
        (message.dataset, message.metadata, message.residency) = (dataset, metadata, residency.wire)
        message.schema = .init(schema.encoding)
        message.minimumCohort = minimumCohort
        if let wire = try demand.wire { message.demand = wire }
        let client = try node.client()
        var builder = try await client.builder(for: open.wallet.signingKey)
        let receipt = try await client.commit(builder.sign(.publishDataset(message)))
        return Receipts.answer(receipt, ["dataset": .text(dataset)], "published dataset \(dataset)")
    }
}

struct DatasetList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the datasets of a chain.",
        discussion: """
            EXAMPLE
              jupiter dataset list --output json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let list = try await node.client().list("datasets")
        let rows = list.map { item in
            JSONValue.object((item.object ?? [:]).merging(item["metadata"]?.object ?? [:]) { first, _ in first })
        }
        return Answer(
            .array(list),
            text: Generic.table(rows, columns: ["dataset", "name", "schemaVersion", "minimumCohort", "owner"], empty: "no datasets"))
    }
}

struct DatasetShow: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one dataset.",
        discussion: """
            EXAMPLE
              jupiter dataset show german-credit
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Argument(help: "The dataset's id.")
    var dataset: String

    func answer() async throws -> Answer {
        let json = try await node.client().json("/v1/datasets/\(try Escape.path(dataset))")
        return Answer(json, text: Generic.lines(json))
    }
}

/// Parts of a path that come from the command line.
enum Escape {
    static func path(_ text: String) throws -> String {
        guard let escaped = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._"))),
            !escaped.isEmpty
        else { throw CommandError.badArgument("\"\(text)\" cannot be part of an address") }
        return escaped
    }
}

/// `jupiter schema …`
struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Show a dataset's schema; check a schema file.",
        discussion: """
            EXAMPLE
              jupiter schema check Examples/schemas/german_credit.json
            """,
        subcommands: [SchemaShow.self, SchemaCheck.self])
}

struct SchemaShow: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a dataset's schema as JSON Schema 2020-12.",
        discussion: """
            EXAMPLE
              jupiter schema show german-credit > german_credit.schema.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Argument(help: "The dataset's id.")
    var dataset: String

    func answer() async throws -> Answer {
        guard let found = try await node.client().dataset(dataset) else { throw CommandError.notFound("dataset \(dataset)") }
        let json = SchemaJSON.json(try Schema.decode([UInt8](found.schema)), title: found.metadata.name)
        return Answer(json, text: json.encoded())
    }
}

struct SchemaCheck: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a schema file, and a record against it.",
        discussion: """
            Taken are: type object, properties (type integer, number, string or boolean; enum of strings; minimum, maximum; description), \
            required, additionalProperties false, x-order. Anything else is refused.

            EXAMPLE
              jupiter schema check schema.json --record record.json
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "JSON Schema file.")
    var file: String
    @Option(help: ArgumentHelp("JSON object to check against it.", valueName: "file"))
    var record: String?

    func answer() async throws -> Answer {
        let schema = try SchemaJSON.schema(PlainFile.json(file))
        if let record { _ = try RecordJSON.record(PlainFile.json(record), schema: schema) }
        let json: JSONValue = [
            "fields": .integer(Int64(schema.fields.count)), "bytes": .integer(Int64(schema.encoding.count)), "valid": true,
        ]
        let also = record == nil ? "" : "; the record fits"
        return Answer(json, text: "valid: \(schema.fields.count) fields, \(schema.encoding.count) bytes on chain\(also)")
    }
}
