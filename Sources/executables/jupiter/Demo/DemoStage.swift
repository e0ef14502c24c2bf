import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// The running federation with everybody in it; its steps are in the extensions.
struct DemoStage: Sendable {
    /// Transactions that are signed or sealed by one task at a time.
    static let chunk = 100
    /// Transactions that are under way at once in a locality; more would wait in the node's memory.
    static let wave = 1_000

    let terms: DemoTerms
    var population: Population
    let mainnet: DemoChain
    let localities: [DemoChain]
    let progress: Progress
    /// The enclave of each locality, which has proven itself to the subjects.
    var enclaves: [CheckedEnclave] = []
    /// What each subject tells the chain about its enrolment.
    var enrolments: [WireMessage] = []

    init(terms: DemoTerms, population: Population, mainnet: DemoChain, localities: [DemoChain], progress: Progress) {
        (self.terms, self.population, self.mainnet, self.localities, self.progress) = (terms, population, mainnet, localities, progress)
    }

    // MARK: Founding

    /// Registers the localities with mainnet; publishes dataset and programs in each; gives everybody money for fees.
    mutating func found() async throws {
        progress.begin("localities registered with mainnet", total: localities.count)
        var builder = try await mainnet.client.builder(for: mainnet.operatorKey)
        for (position, locality) in localities.enumerated() {
            var message = WireRegisterLocality()
            message.genesis = .init(try await locality.client.genesis().bytes)
            // The locality's operator pays mainnet for its checkpoints.
            let money = Self.transfer(1_000_000_000, to: locality.operatorKey.address)
            try await mainnet.client.commit(builder.sign([.registerLocality(message), money]))
            progress.update(position + 1)
        }
        progress.end()
        progress.begin("accounts with money for fees", total: population.subjects.count)
        try await eachLocality { stage, home in
            try await stage.publish(home)
            try await stage.fund(home)
        }
        progress.end()
        var names: [String] = []
        for locality in localities {
            let found = try await Self.activeEnclaves(locality, count: locality.enclaves)
            let first = EnclaveStatement.identifier(found[0].identity)
            enclaves.append(try await locality.client.checkedEnclave(first, on: TrustedChain(locality.genesis)))
            names += found.map { "\(EnclaveStatement.identifier($0.identity).description.prefix(8))… (\($0.label))" }
        }
        progress.note("enclaves serve: \(names.joined(separator: ", "))")
    }

    private func publish(_ home: Int) async throws {
        let locality = localities[home]
        var builder = try await locality.client.builder(for: locality.treasury.signingKey)
        var dataset = WirePublishDataset()
        dataset.dataset = DemoTerms.dataset
        dataset.schema = .init(terms.schema.encoding)
        (dataset.residency, dataset.minimumCohort) = (.results, DemoTerms.minimumCohort)
        dataset.metadata.name = "German Credit applicants"
        dataset.metadata.description_p = "Statlog German Credit, UCI (Hans Hofmann, 1994); codes are opaque"
        (dataset.metadata.createdBy, dataset.metadata.dateCreated) = ("jupiter demo", "1994-11-17")
        (dataset.metadata.contentType, dataset.metadata.encoding, dataset.metadata.language) = ("application/json", "UTF-8", "en")
        let (assessor, statistics) = (terms.assessor.publication(), terms.statistics.publication())
        try await locality.client.commit(
            builder.sign(
                [.publishDataset(dataset), .publishProgram(assessor.message), .publishProgram(statistics.message)],
                sidecars: [assessor.sidecar, statistics.sidecar]))
    }

    private func fund(_ home: Int) async throws {
        let locality = localities[home]
        let members = population.members(of: home).map { population.subjects[$0].wallet.address }
        var builder = try await locality.client.builder(for: locality.treasury.signingKey)
        var transfers = [terms.lender, terms.bureau].map { Self.transfer(1_000_000_000, to: $0.address) }
        transfers += members.map { Self.transfer(100_000, to: $0) }
        var batch: [SubmittedTransaction] = []
        for start in stride(from: 0, to: transfers.count, by: 200) {
            batch.append(try builder.sign(Array(transfers[start..<min(start + 200, transfers.count)])))
        }
        try await commit(batch, locality, count: members.count)
    }

    private static func transfer(_ amount: UInt64, to address: Address) -> WireMessage {
        var transfer = WireTransfer()
        transfer.to = .init(address.bytes)
        transfer.amount = amount
        return .transfer(transfer)
    }

    /// Waits until all of the locality's enclaves are admitted and serve; the one that takes enrolments comes first.
    private static func activeEnclaves(_ locality: DemoChain, count: Int) async throws -> [WireEnclave] {
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while ContinuousClock.now < deadline {
            let all = try await locality.client.json("/v1/status")["enclaves"]?.array ?? []
            let serving = all.filter { $0["serving"] == true }.compactMap { $0["id"]?.text.flatMap { Hash32(hex: $0) } }
            if serving.count == count {
                var enclaves: [WireEnclave] = []
                for id in serving { if let enclave = try await locality.client.enclave(id) { enclaves.append(enclave) } }
                // Those after the first stand in for it: they hold its vault.
                if enclaves.count == count, Set(enclaves.map(\.vault)).count == 1 { return enclaves }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw DemoError.unexpected("the enclaves of \(locality.chainID) do not serve")
    }

    // MARK: Tools of the steps

    /// Does the same in both localities at once.
    func eachLocality(_ body: @escaping @Sendable (DemoStage, Int) async throws -> Void) async throws {
        let stage = self
        try await withThrowingTaskGroup(of: Void.self) { group in
            for home in localities.indices { group.addTask { try await body(stage, home) } }
            try await group.waitForAll()
        }
    }

    /// Submits, waits for the receipts, and demands that every one applied.
    /// - Parameters:
    ///   - count: what the progress bar counts as the whole of the batch.
    ///   - before: what it counted before.
    func commit(_ batch: [SubmittedTransaction], _ locality: DemoChain, count: Int, before: Int = 0) async throws {
        for outcome in try await locality.client.submit(batch: batch) { if let refusal = outcome.refusal { throw refusal } }
        let ids = batch.map(\.transaction.id)
        let receipts = try await locality.client.receipts(ids, timeout: 60) { done in
            progress.update(before + done * count / ids.count, of: locality.chainID)
        }
        for receipt in receipts.values { if let refusal = receipt.refusal { throw refusal } }
    }

    /// Maps in parallel, in order.
    static func map<Input: Sendable, Output: Sendable>(
        _ items: [Input], _ body: @escaping @Sendable (Input) throws -> Output, progress: @escaping (Int) -> Void = { _ in }
    ) async throws -> [Output] {
        try await withThrowingTaskGroup(of: (Int, [Output]).self) { group in
            for start in stride(from: 0, to: items.count, by: chunk) {
                let some = items[start..<min(start + chunk, items.count)]
                group.addTask { (start, try some.map(body)) }
            }
            var parts: [(Int, [Output])] = []
            var done = 0
            for try await part in group {
                parts.append(part)
                done += part.1.count
                progress(done)
            }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }
}
