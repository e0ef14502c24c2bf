import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// A score that the lender opened, beside what it must be.
struct Score: Sendable {
    let subject: String
    let score: Double
    let expected: Double
    /// The enclave's label on its chain.
    let platform: String
    /// The position of the subject's locality.
    let home: Int
    /// The request's transaction.
    let transaction: Hash32
}

/// A statistic that the bureau opened, beside what it must be.
struct Statistic: Sendable {
    let locality: String
    let field: String
    let count: Int64
    let mean: Double
    let variance: Double
    let histogram: [Int64]
    let expected: ReferenceStatistics

    /// Counts must be equal; sums may differ by rounding.
    var held: Bool {
        func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(1, abs(b)) }
        return count == Int64(expected.count) && histogram == expected.histogram && near(mean, expected.mean)
            && near(variance, expected.variance)
    }
}

/// What lender and bureau do.
extension DemoStage {
    /// Requests a fifth of the subjects' scores, waits until all are opened, opens them with the lender's key and checks proofs and
    /// signatures.
    func assess() async throws -> [Score] {
        progress.begin("scores requested, computed and opened", total: population.assessed.count)
        let collected = Collected<Score>()
        try await eachLocality { stage, home in
            let locality = stage.localities[home]
            let wanted = stage.population.assessed.filter { stage.population.subjects[$0].home == home }
            for start in stride(from: 0, to: wanted.count, by: Self.wave) {
                let some = Array(wanted[start..<min(start + Self.wave, wanted.count)])
                let requests = try await stage.requestScores(of: some, locality)
                collected.add(zip(some, try await stage.openScores(requests, of: some, locality, before: start)))
            }
        }
        progress.end()
        return try collected.all(population.assessed)
    }

    /// What asked for one score, and the assessment that it made.
    private struct ScoreRequest {
        let transaction: Hash32
        let assessment: Hash32
    }

    /// Requests the scores of the subjects at `wanted`.
    private func requestScores(of wanted: [Int], _ locality: DemoChain) async throws -> [ScoreRequest] {
        var builder = try await locality.client.builder(for: terms.lender.signingKey)
        let deadline = try await locality.client.status().time + 10 * 60_000
        let batch = try wanted.map { position in
            let subject = population.subjects[position]
            return try builder.sign(
                .requestAssessment(terms.request(subject: subject.wallet.address, grant: subject.lenderGrant, deadline: deadline)))
        }
        for outcome in try await locality.client.submit(batch: batch) { if let refusal = outcome.refusal { throw refusal } }
        return batch.map { ScoreRequest(transaction: $0.transaction.id, assessment: $0.transaction.messageIdentifier(0)) }
    }

    private func openScores(_ requests: [ScoreRequest], of wanted: [Int], _ locality: DemoChain, before: Int) async throws -> [Score] {
        let ids = requests.map(\.assessment)
        var view = try await ChainView(locality.client)
        var opened: [Hash32: OpenedResult] = [:]
        let deadline = ContinuousClock.now.advanced(by: .seconds(90))
        while opened.count < ids.count {
            guard ContinuousClock.now < deadline else {
                throw DemoError.unexpected("\(ids.count - opened.count) assessments in \(locality.chainID) were not opened")
            }
            try await view.advance()
            for id in ids where opened[id] == nil {
                do { opened[id] = try await view.openAssessment(id, key: terms.lender.sealingKey) } catch let error as ClientError {
                    switch error {
                    case .resultNotReady, .noSuchThing: break
                    default: throw error
                    }
                    // Those after it are not further either: the enclave takes them in order.
                    break
                }
                progress.update(before + opened.count, of: locality.chainID)
            }
            if opened.count < ids.count { try await Task.sleep(for: .milliseconds(100)) }
        }
        return try zip(wanted, requests).map { position, request in
            let (applicant, home) = (population.subjects[position].applicant, population.subjects[position].home)
            guard let result = opened[request.assessment], let score = result.output.number("probability_bad") else {
                throw DemoError.unexpected("a result without a score")
            }
            return Score(
                subject: applicant.name, score: score, expected: try terms.scorecard.probability(applicant), platform: result.label,
                home: home, transaction: request.transaction)
        }
    }

    /// The bureau's statistics of every locality, over everybody who granted.
    func subscribe() async throws -> [Statistic] {
        let fields = DemoTerms.statisticsFields
        progress.begin("statistics over cohorts", total: fields.count * localities.count)
        let collected = Collected<[Statistic]>()
        try await eachLocality { stage, home in
            let locality = stage.localities[home]
            let cohort = stage.population.members(of: home).map { stage.population.subjects[$0] }.filter(\.contributes)
            var builder = try await locality.client.builder(for: stage.terms.bureau.signingKey)
            let deadline = try await locality.client.status().time + 10 * 60_000
            let asked = try fields.map { field in
                let values = try cohort.map { try $0.applicant.integer(field) }
                let (low, high) = (Double(values.min() ?? 0), Double(values.max() ?? 1) + 1)
                let request = stage.statisticsRequest(field, low: low, high: high, cohort: cohort.count, deadline: deadline)
                return (field, ReferenceStatistics(values, low: low, high: high), try builder.sign(.requestSubscription(request)))
            }
            for outcome in try await locality.client.submit(batch: asked.map(\.2)) { if let refusal = outcome.refusal { throw refusal } }
            var made: [Statistic] = []
            for (field, expected, transaction) in asked {
                let result = try await stage.openStatistic(transaction.transaction.messageIdentifier(0), locality)
                made.append(try Self.statistic(result, field: field, locality: locality.chainID, expected: expected))
                stage.progress.update(made.count, of: locality.chainID)
            }
            collected.add([(home, made)])
        }
        progress.end()
        return try collected.all(Array(localities.indices)).flatMap { $0 }
    }

    private func statisticsRequest(
        _ field: String, low: Double, high: Double, cohort: Int, deadline: UInt64
    ) -> WireRequestSubscription {
        func parameter(_ name: String, _ set: (inout WireProgramParameter) -> Void) -> WireProgramParameter {
            var parameter = WireProgramParameter()
            parameter.name = name
            set(&parameter)
            return parameter
        }
        var request = WireRequestSubscription()
        (request.dataset, request.purpose, request.fields) = (DemoTerms.dataset, DemoTerms.bureauPurpose, [field])
        request.program = .init(terms.statistics.codeHash.bytes)
        request.parameters = [
            parameter("histogram_low") { $0.number = low }, parameter("histogram_high") { $0.number = high },
            parameter("histogram_bins") { $0.integer = Int64(ReferenceStatistics.bins) },
        ]
        (request.minimumCohort, request.maximumCohort) = (DemoTerms.minimumCohort, UInt32(cohort))
        (request.price, request.deadline) = (DemoTerms.bureauPrice, deadline)
        request.recipientKey = terms.bureau.sealingKey.publicKey.wire
        return request
    }

    private func openStatistic(_ id: Hash32, _ locality: DemoChain) async throws -> OpenedResult {
        var view = try await ChainView(locality.client)
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while true {
            try await view.advance()
            do { return try await view.openSubscription(id, key: terms.bureau.sealingKey) } catch let error as ClientError {
                switch error {
                case .resultNotReady, .noSuchThing: break
                default: throw error
                }
                guard ContinuousClock.now < deadline else {
                    throw DemoError.unexpected("a statistic of \(locality.chainID) was not opened")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private static func statistic(
        _ result: OpenedResult, field: String, locality: String, expected: ReferenceStatistics
    ) throws -> Statistic {
        let output = result.output
        guard let count = output.integer("count"), let mean = output.number("mean"), let variance = output.number("variance"),
            case .integers(let histogram)? = output["histogram"]
        else { throw DemoError.unexpected("a statistic without its numbers") }
        return Statistic(
            locality: locality, field: field, count: count, mean: mean, variance: variance, histogram: histogram, expected: expected)
    }
}
