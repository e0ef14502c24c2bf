import ArgumentParser
import Attestation
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter assess …`
struct AssessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assess", abstract: "Ask for a program over one subject's record, and open the result.",
        discussion: """
            The result is sealed to your wallet, signed by the enclave, and paid for only once it is opened.

            EXAMPLE
              jupiter assess request --subject jup1… --grant 5f0c… --wait
              jupiter assess result 77ab…
            """,
        subcommands: [AssessRequest.self, AssessResult.self])
}

/// How long results are waited for.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Wait for the result.")
    var wait = false
    @Option(help: "Seconds to wait at most.")
    var timeout: Double = 60
}

struct AssessRequest: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "Request an assessment under a grant you received.",
        discussion: """
            What is not given is taken from the grant: dataset, purpose, fields, the only program, the price. With --confirmations several \
            enclaves have to come to the same result before anybody is paid; it is one use of the grant all the same.

            EXAMPLE
              jupiter assess request --subject jup1… --grant 5f0c… --minutes 10 --wait
              jupiter assess request --subject jup1… --grant 5f0c… --confirmations 2 \\
                --distinct-platforms --exclude-platform tpm
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var demand: DemandOptions
    @Option(
        name: .customLong("enclave"),
        help: ArgumentHelp("An enclave that works on it; may be repeated (default: as many that fit as confirm).", valueName: "id"))
    var enclaves: [Hash32] = []
    @Option(help: "Whose record.")
    var subject: Address
    @Option(help: "The grant you use, 64 hexadecimal digits.")
    var grant: Hash32
    @Option(help: "Code hash of the program.")
    var program: Hash32?
    @Option(help: "Purpose of this use.")
    var purpose: String?
    @Option(help: "Fields, separated by commas.")
    var fields: String?
    @Option(help: "Micro-JUPT for this use.")
    var price: UInt64?
    @Option(help: "Minutes until it is refunded if nobody answers.")
    var minutes: Double = 10

    func answer() async throws -> Answer {
        guard minutes > 0, minutes <= 1440 else { throw CommandError.badArgument("--minutes is above 0 and at most 1440") }
        var open = try OpenWallet(wallet, home: global.homePath)
        let client = try node.client()
        guard let consent = try await client.consent(subject, grant: grant) else {
            throw NodeRefusal(code: 300, name: "consent.none", reason: "there is no such grant", status: 404)
        }
        var request = WireRequestAssessment()
        request.subject = .init(subject.bytes)
        request.grant = .init(grant.bytes)
        request.dataset = consent.scope.dataset
        request.purpose = purpose ?? consent.scope.purpose
        request.fields = fields.map { ConsentScopes.sorted($0.split(separator: ",").map(String.init)) } ?? consent.scope.fields
        request.price = price ?? consent.scope.price
        request.recipientKey = open.wallet.sealingKey.publicKey.wire
        request.deadline = min(Display.now + UInt64(minutes * 60_000), consent.scope.validUntil)
        if let program {
            request.program = .init(program.bytes)
        } else {
            guard consent.scope.programs.count == 1 else {
                throw CommandError.badArgument("the grant names several programs; give --program")
            }
            request.program = consent.scope.programs[0]
        }
        if let wire = try demand.wire { request.demand = wire }
        request.enclaves = try await named(request, client)
        var builder = try await client.builder(for: open.wallet.signingKey)
        let transaction = try builder.sign(.requestAssessment(request))
        let receipt = try await client.commit(transaction)
        let id = transaction.transaction.messageIdentifier(0)
        open.wallet.remember(Wallet.Entry(kind: .assessment, chainID: builder.chainID, dataset: request.dataset, id: id))
        try open.save()
        guard waiting.wait else { return Receipts.answer(receipt, ["assessment": .text(id.description)], "requested \(id)") }
        return try await Results.wait(
            id, kind: .assessment, client: client, wallet: open.wallet, seconds: waiting.timeout, requestedBy: receipt.id)
    }

    /// The enclaves that the request names: those that were given, or as many that fit as have to confirm.
    private func named(_ request: WireRequestAssessment, _ client: NodeClient) async throws -> [Data] {
        guard enclaves.isEmpty else { return Set(enclaves).sorted().map { Data($0.bytes) } }
        let dataset = try await client.dataset(request.dataset)?.demand ?? WireEnclaveDemand()
        let requirements = try EnclaveRequirements(dataset: dataset, request: request.demand)
        guard requirements.confirmations > 1 else { return [] }
        let holding = try await client.enclaves(holding: subject, dataset: request.dataset)
        guard let chosen = EnclaveChoice.pick(holding, requirements) else {
            throw CommandError.nothingFits(
                "of the \(Counted.text(holding.count, "enclave")) with the subject's key no \(requirements.confirmations) meet the demands")
        }
        return chosen.map(\.id)
    }
}

struct AssessResult: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "result", abstract: "Open an assessment's result; checks proofs and the enclave's signature.",
        discussion: """
            EXAMPLE
              jupiter assess result 77ab… --wait
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: "The assessment, 64 hexadecimal digits.")
    var assessment: Hash32

    func answer() async throws -> Answer {
        let open = try OpenWallet(wallet, home: global.homePath)
        return try await Results.wait(
            assessment, kind: .assessment, client: node.client(), wallet: open.wallet, seconds: waiting.wait ? waiting.timeout : 0)
    }
}

/// Opens results for commands.
enum Results {
    /// Waits until the job is decided, then opens it.
    /// - Parameter transaction: that asked for it; its receipt is the proof of everything.
    static func wait(
        _ id: Hash32, kind: Wallet.Entry.Kind, client: NodeClient, wallet: Wallet, seconds: Double, requestedBy transaction: String? = nil
    ) async throws -> Answer {
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        var view = try await ChainView(client)
        while true {
            try await view.advance()
            do {
                let result =
                    kind == .assessment
                    ? try await view.openAssessment(id, key: wallet.sealingKey)
                    : try await view.openSubscription(id, key: wallet.sealingKey)
                return answer(result, transaction)
            } catch let error as ClientError {
                let isEarly: Bool =
                    switch error {
                    case .resultNotReady: true
                    // A value is proven one block after it was written.
                    case .noSuchThing: seconds > 0
                    default: false
                    }
                guard isEarly, ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private static func answer(_ result: OpenedResult, _ transaction: String?) -> Answer {
        var json: [String: JSONValue] = [
            "request": .text(result.request.description), "output": RecordJSON.json(result.output),
            "enclave": .text(result.enclave.description), "platform": .text(result.platform), "height": JSONValue(result.height),
            "subjects": .integer(Int64(result.subjects)), "label": .text(result.label), "assurance": .text(result.assurance),
            "simulated": .boolean(result.platform == "simulated"), "confirmedBy": .array(result.confirmedBy.map { .text($0.description) }),
        ]
        if let transaction { json["transaction"] = .text(transaction) }
        let asked = transaction.map { "\nrequested by transaction \($0)" } ?? ""
        let text = Generic.lines(RecordJSON.json(result.output))
        let confirmed = result.confirmedBy.isEmpty ? "" : ", confirmed by \(result.confirmedBy.count) enclaves"
        return Answer(
            .object(json),
            text: """
                \(text)
                signed by enclave \(result.enclave) (\(result.label), assurance \(result.assurance)), proven at height \(result.height)\(confirmed)\(asked)
                """)
    }
}
