import ChainTypes
import Foundation
import JupiterClient
import LocalFederation
import Primitives

/// The demo from its first process to its table.
struct Demo {
    let federation: DemoFederation
    private let files: DemoFiles
    private let seed: UInt64
    private let progress: Progress

    init(
        files: DemoFiles, seed: UInt64, validators: Int, engine: EngineOption, platform: DemoPlatform, enclaves: Int = 1, progress: Progress
    ) throws {
        (self.files, self.seed, self.progress) = (files, seed, progress)
        federation = try DemoFederation(validators: validators, engine: engine, platform: platform, enclaves: enclaves)
    }

    /// Does everything; what did not hold is in the outcome, what could not be done is thrown.
    func run(keep: Bool) async throws -> DemoOutcome {
        var outcome = DemoOutcome(seed: seed, label: federation.platform.label)
        let terms = try DemoTerms(files)
        let applicants = try ApplicantsFile.read(files.data)
        let population = try Population(applicants, seed: seed)
        outcome.subjects = population.subjects.count
        progress.note(
            "\(applicants.count) applicants, half in each locality; enclave platform: \(federation.platform.label) (no hardware protection)"
        )

        let (mainnet, localities) = try await timed("start", &outcome) {
            progress.begin(
                "processes of mainnet and 2 localities with \(Counted.text(federation.validators, "validator")) each",
                total: 1 + 2 * (federation.validators + federation.enclaves))
            let chains = try await federation.start()
            progress.end()
            return chains
        }
        var stage = DemoStage(terms: terms, population: population, mainnet: mainnet, localities: localities, progress: progress)
        try await timed("found", &outcome) { try await stage.found() }
        try await timed("enrol", &outcome) { try await stage.enrol() }
        try await timed("records and consents", &outcome) { try await stage.populate() }
        try saveWallets(stage.population, others: [terms.lender, terms.bureau])
        let scores = try await timed("assessments", &outcome) { try await stage.assess() }
        let statistics = try await timed("statistics", &outcome) { try await stage.subscribe() }
        let refusals = try await timed("refusals", &outcome) {
            try await Refusals(stage: stage, hostileHost: federation.hostileHost).run()
        }
        outcome.take(scores: scores, statistics: statistics, refusals: refusals)
        if let first = scores.first {
            outcome.receipt = try await timed("receipt", &outcome) { try await stage.receipt(of: first, label: federation.platform.label) }
        }
        outcome.mainnet = try await timed("checkpoints", &outcome) { try await stage.checkpoints() }
        outcome.localTransactions = try await stage.localTransactions()
        outcome.seconds = progress.seconds
        if keep {
            outcome.consoles = ([mainnet] + localities).map { ($0.chainID, $0.url + "/") }
            outcome.home = federation.home
            outcome.stopCommand = federation.release()
        }
        return outcome
    }

    private func timed<Result>(
        _ name: String, _ outcome: inout DemoOutcome, _ body: () async throws -> Result
    ) async throws -> Result {
        let start = progress.seconds
        let result = try await body()
        outcome.timings.append((name, progress.seconds - start))
        return result
    }

    /// Everybody's wallet as a file of its own, under one key: a thousand passphrases would take minutes to stretch.
    private func saveWallets(_ population: Population, others: [Wallet]) throws {
        let folder = federation.home + "/wallets"
        try PrivateFile.makeFolder(folder)
        let key = try WalletKey.random()
        try PrivateFile.write(key.bytes, to: folder + "/demo.key", overwrite: true, durable: false)
        let wallets = population.subjects.map(\.wallet) + others
        for wallet in wallets {
            let bytes = try WalletFile.seal(wallet, key.protection)
            try PrivateFile.write(bytes, to: "\(folder)/\(wallet.name).wallet", overwrite: true, durable: false)
        }
        progress.note("\(wallets.count) wallets written, encrypted")
    }
}
