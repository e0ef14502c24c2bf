import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// A subject of the demo: an applicant with a wallet, at home in one locality.
struct Subject: Sendable {
    let applicant: Applicant
    var wallet: Wallet
    /// Position in the localities.
    let home: Int
    /// Whether the lender gets a grant.
    let grants: Bool
    /// Whether the bureau gets one too: all who grant, up to the size of one cohort.
    let contributes: Bool
    /// The lender's grant.
    let lenderGrant: Hash32
    /// The bureau's grant.
    let bureauGrant: Hash32
}

/// Who takes part, decided by the seed alone (keys excepted).
struct Population: Sendable {
    var subjects: [Subject]
    /// Positions of the subjects that the lender has assessed.
    let assessed: [Int]

    /// Four fifths grant, a fifth of all is assessed, as 800 and 200 of 1,000.
    init(_ applicants: [Applicant], seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let order = Array(applicants.indices).shuffled(using: &generator)
        let granting = Set(order.prefix((applicants.count * 8 + 5) / 10))
        assessed = Array(order.prefix(applicants.count / 5)).sorted()
        var cohorts = [0, 0]
        subjects = try applicants.enumerated().map { position, applicant in
            let (home, grants) = (position % 2, granting.contains(position))
            if grants { cohorts[home] += 1 }
            return Subject(
                applicant: applicant, wallet: try Wallet(name: applicant.name, sealing: .x25519), home: home, grants: grants,
                contributes: grants && cohorts[home] <= DemoTerms.largestCohort, lenderGrant: SecureRandom.hash(),
                bureauGrant: SecureRandom.hash())
        }
    }

    func members(of home: Int) -> [Int] { subjects.indices.filter { subjects[$0].home == home } }
}

/// Names and numbers that all steps of a demo share.
struct DemoTerms: Sendable {
    static let dataset = "german-credit"
    static let lenderPurpose = "CustomerSolvencyMonitoring"
    static let bureauPurpose = "ProvideOfficialStatistics"
    /// A purpose that nobody granted.
    static let otherPurpose = "Marketing"
    static let statisticsFields = ["age", "amount_dm"]
    /// Micro-JUPT a use.
    static let lenderPrice: UInt64 = 1_000
    static let bureauPrice: UInt64 = 10
    static let minimumCohort: UInt32 = 20
    /// More subjects than this do not fit one statistic.
    static let largestCohort = 2_000
    static let day: UInt64 = 86_400_000

    let schema: Schema
    let assessor: ProgramPackage
    let statistics: ProgramPackage
    let scorecard: ReferenceScorecard
    let lender: Wallet
    let bureau: Wallet

    init(_ files: DemoFiles) throws {
        schema = try SchemaJSON.schema(PlainFile.json(files.schema))
        assessor = try Self.package(files.contracts + "/credit-assessor", .assessment)
        statistics = try Self.package(files.contracts + "/cohort-statistics", .subscription)
        scorecard = try ReferenceScorecard(path: files.coefficients)
        lender = try Wallet(name: "lender")
        bureau = try Wallet(name: "bureau")
    }

    private static func package(_ path: String, _ kind: WireProgramKind) throws -> ProgramPackage {
        try ProgramPackage(code: PlainFile.read(path + ".wasm"), manifest: PlainFile.json(path + ".json"), kind: kind)
    }

    /// A grant to the lender; the refusals vary it.
    func lenderScope(chainID: String, now: UInt64) -> WireConsentScope {
        var scope = ConsentScopes.scope(
            recipient: lender.address, dataset: Self.dataset, fields: scorecard.columns, purpose: Self.lenderPurpose,
            programs: [assessor.codeHash], locality: chainID)
        (scope.validFrom, scope.validUntil) = (now - Self.day, now + Self.day)
        (scope.maximumUses, scope.price) = (5, Self.lenderPrice)
        return scope
    }

    func bureauScope(chainID: String, now: UInt64) -> WireConsentScope {
        var scope = ConsentScopes.scope(
            recipient: bureau.address, dataset: Self.dataset, fields: Self.statisticsFields, purpose: Self.bureauPurpose,
            programs: [statistics.codeHash], locality: chainID)
        (scope.validFrom, scope.validUntil) = (now - Self.day, now + Self.day)
        (scope.maximumUses, scope.price) = (10, Self.bureauPrice)
        return scope
    }

    static func grant(_ id: Hash32, _ scope: WireConsentScope) -> WireMessage {
        var message = WireGrantConsent()
        message.grant = .init(id.bytes)
        message.scope = scope
        return .grantConsent(message)
    }

    func request(subject: Address, grant: Hash32, deadline: UInt64) -> WireRequestAssessment {
        var request = WireRequestAssessment()
        request.subject = .init(subject.bytes)
        request.grant = .init(grant.bytes)
        request.dataset = Self.dataset
        request.program = .init(assessor.codeHash.bytes)
        request.purpose = Self.lenderPurpose
        request.fields = scorecard.columns
        request.recipientKey = lender.sealingKey.publicKey.wire
        request.deadline = deadline
        request.price = Self.lenderPrice
        return request
    }
}
