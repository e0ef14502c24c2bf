import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter subscribe …`
struct SubscribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe", abstract: "Ask for a program over many subjects' records, and open the result.",
        discussion: """
            Everybody who granted you this dataset and purpose contributes; fewer than the minimum cohort, and nothing is computed.

            EXAMPLE
              jupiter subscribe request --dataset german-credit --program 9a3f… \\
                --purpose ProvideOfficialStatistics \\
                --fields age --parameter histogram_low=0.0 \\
                --parameter histogram_high=100.0 --parameter histogram_bins=10 --wait
            """,
        subcommands: [SubscribeRequest.self, SubscribeResult.self])
}

struct SubscribeRequest: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "Request a statistic.",
        discussion: """
            A parameter is name=value: a whole number, a number with a point, true or false, or text.

            EXAMPLE
              jupiter subscribe request --dataset german-credit --program 9a3f… \\
                --purpose ProvideOfficialStatistics --fields age
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var waiting: WaitOptions
    @Option(help: "The dataset's id.")
    var dataset: String
    @Option(help: "Code hash of the program.")
    var program: Hash32
    @Option(help: "Purpose: a term of the vocabulary.")
    var purpose: String
    @Option(help: "Fields, separated by commas.")
    var fields: String
    @Option(name: .customLong("parameter"), help: ArgumentHelp("A parameter of the program; may be repeated.", valueName: "name=value"))
    var parameters: [String] = []
    @Option(help: "The fewest subjects.")
    var minimumCohort: UInt32 = 20
    @Option(help: "The most subjects.")
    var maximumCohort: UInt32 = 1000
    @Option(help: "Micro-JUPT to each subject.")
    var price: UInt64 = 0
    @Option(help: "Minutes until it is refunded if nobody answers.")
    var minutes: Double = 10

    func answer() async throws -> Answer {
        guard minutes > 0, minutes <= 1440 else { throw CommandError.badArgument("--minutes is above 0 and at most 1440") }
        var open = try OpenWallet(wallet, home: global.homePath)
        var request = WireRequestSubscription()
        (request.dataset, request.purpose, request.price) = (dataset, purpose, price)
        request.program = .init(program.bytes)
        request.fields = ConsentScopes.sorted(fields.split(separator: ",").map(String.init))
        request.parameters = try parameters.map(Self.parameter)
        (request.minimumCohort, request.maximumCohort) = (minimumCohort, maximumCohort)
        request.recipientKey = open.wallet.sealingKey.publicKey.wire
        request.deadline = Display.now + UInt64(minutes * 60_000)
        let client = try node.client()
        var builder = try await client.builder(for: open.wallet.signingKey)
        let transaction = try builder.sign(.requestSubscription(request))
        let receipt = try await client.commit(transaction)
        let id = transaction.transaction.messageIdentifier(0)
        open.wallet.remember(Wallet.Entry(kind: .subscription, chainID: builder.chainID, dataset: dataset, id: id))
        try open.save()
        guard waiting.wait else { return Receipts.answer(receipt, ["subscription": .text(id.description)], "requested \(id)") }
        return try await Results.wait(
            id, kind: .subscription, client: client, wallet: open.wallet, seconds: waiting.timeout, requestedBy: receipt.id)
    }

    static func parameter(_ text: String) throws -> WireProgramParameter {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw CommandError.badArgument("a parameter is name=value") }
        var parameter = WireProgramParameter()
        parameter.name = parts[0]
        if let integer = Int64(parts[1]) {
            parameter.integer = integer
        } else if let number = Double(parts[1]) {
            parameter.number = number
        } else if let boolean = Bool(parts[1]) {
            parameter.boolean = boolean
        } else {
            parameter.text = parts[1]
        }
        return parameter
    }
}

struct SubscribeResult: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "result", abstract: "Open a statistic; checks proofs and the enclave's signature.",
        discussion: """
            EXAMPLE
              jupiter subscribe result 77ab… --wait
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: "The subscription, 64 hexadecimal digits.")
    var subscription: Hash32

    func answer() async throws -> Answer {
        let open = try OpenWallet(wallet, home: global.homePath)
        return try await Results.wait(
            subscription, kind: .subscription, client: node.client(), wallet: open.wallet, seconds: waiting.wait ? waiting.timeout : 0)
    }
}
