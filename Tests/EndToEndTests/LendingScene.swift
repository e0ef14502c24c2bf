import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing
import WireTypes

/// Somebody with a record in a locality, and the lender's grant for it.
struct Applicant {
    let wallet: Wallet
    let grant: Hash32
}

/// Lending in a locality: a lender, a program, people with records.
final class LendingScene {
    static let dataset = "credit"

    /// The node that everybody talks to now.
    var client: NodeClient
    let lender: Wallet
    let program: ProgramPackage
    private let treasury: Wallet
    private let chainID: String
    let schema: Schema
    private let fields: [String]
    private var rows: [[String: String]]

    /// - Parameter treasury: has the chain's money.
    init(_ client: NodeClient, treasury: Wallet) async throws {
        (self.client, self.treasury) = (client, treasury)
        chainID = try await client.status().chainId
        lender = try Wallet(name: "lender")
        let contracts = Built.root + "/Contracts/build-output/credit-assessor"
        let manifest = try JSONValue(parsing: PrivateFile.read(contracts + ".json", limit: 1 << 20))
        program = try ProgramPackage(
            code: PrivateFile.read(contracts + ".wasm", limit: 1 << 20), manifest: manifest, kind: .assessment)
        fields = (manifest["inputs"]?.array ?? []).compactMap { $0["name"]?.text }.sorted()
        schema = try SchemaJSON.schema(
            JSONValue(parsing: PrivateFile.read(Built.root + "/Examples/schemas/german_credit.json", limit: 1 << 20)))
        rows = try Self.table(Built.root + "/Examples/data/german_credit.csv")
        let publication = program.publication()
        var dataset = WirePublishDataset()
        (dataset.dataset, dataset.residency, dataset.minimumCohort) = (Self.dataset, .results, 1)
        dataset.metadata.name = "Credit"
        dataset.schema = .init(schema.encoding)
        var money = WireTransfer()
        (money.to, money.amount) = (.init(lender.address.bytes), 10_000_000)
        try await commit(
            [.publishDataset(dataset), .publishProgram(publication.message), .transfer(money)], sidecars: [publication.sidecar])
    }

    /// Signs, by default as the treasury, and waits until everything applied.
    func commit(_ messages: [WireMessage], sidecars: [[UInt8]] = [], by wallet: Wallet? = nil) async throws {
        var builder = try await client.builder(for: (wallet ?? treasury).signingKey)
        try await client.commit(builder.sign(messages, sidecars: sidecars))
    }

    private static func table(_ path: String) throws -> [[String: String]] {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").prefix(30).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
    }

    /// New people with a key in the enclave that takes enrolments now, a record and a grant.
    func join(_ count: Int) async throws -> [Applicant] {
        var people: [Applicant] = []
        for _ in 0..<count {
            let wallet = try Wallet(name: "subject")
            let person = Applicant(wallet: wallet, grant: SecureRandom.hash())
            var money = WireTransfer()
            (money.to, money.amount) = (.init(wallet.address.bytes), 1_000_000)
            try await commit([.transfer(money)])
            let status = try await client.status()
            let id = try #require(status.enclave?.id.flatMap { Hash32(hex: $0) })
            let enclave = try await client.checkedEnclave(id, on: TrustedChain(client.genesis()))
            let dataset = Self.dataset
            let key = EnrolmentKey(wallet: wallet, dataset: dataset)
            let outcome = try #require(try await client.enrol([key], with: enclave).first)
            let enrolment = try EnrolmentSealer.message(outcome, wallet: wallet, enclave: enclave)
            let place = RecordPlace(chainID: chainID, dataset: dataset, owner: wallet.address, schema: schema)
            let row = rows.removeFirst()
            var values: [String: FieldValue] = [:]
            for field in schema.fields {
                let text = try #require(row[field.name])
                values[field.name] = field.type == .integer ? .integer(try #require(Int64(text))) : .text(text)
            }
            let sealed = try RecordSealer.seal(
                DataRecord(values, schema: schema), place: place,
                subjectKey: wallet.subjectKey(chainID: chainID, dataset: dataset), keyIndex: 0)
            var scope = ConsentScopes.scope(
                recipient: lender.address, dataset: dataset, fields: fields, purpose: "CustomerSolvencyMonitoring",
                programs: [program.codeHash], locality: chainID)
            (scope.validFrom, scope.validUntil, scope.maximumUses) = (status.time - 60_000, status.time + 3_600_000, 10)
            var grant = WireGrantConsent()
            (grant.grant, grant.scope) = (.init(person.grant.bytes), scope)
            try await commit(
                [.enrolSubjectKey(enrolment), .putRecord(sealed.message), .grantConsent(grant)], sidecars: [sealed.sidecar], by: wallet)
            people.append(person)
        }
        return people
    }

    /// Asks for an assessment of each, in one go.
    /// - Parameter enclaves: that have to come to the same result; whichever takes it when there are none.
    func request(_ people: [Applicant], confirmedBy enclaves: [Hash32] = []) async throws -> [Hash32] {
        let status = try await client.status()
        var builder = try await client.builder(for: lender.signingKey)
        var jobs: [Hash32] = []
        for person in people {
            let request = message(person, time: status.time, confirmedBy: enclaves)
            let transaction = try builder.sign(.requestAssessment(request))
            _ = try await client.submit(transaction)
            jobs.append(transaction.transaction.messageIdentifier(0))
        }
        return jobs
    }

    func message(_ person: Applicant, time: UInt64, confirmedBy enclaves: [Hash32]) -> WireRequestAssessment {
        var request = WireRequestAssessment()
        (request.subject, request.grant) = (.init(person.wallet.address.bytes), .init(person.grant.bytes))
        (request.dataset, request.purpose) = (Self.dataset, "CustomerSolvencyMonitoring")
        (request.program, request.fields) = (.init(program.codeHash.bytes), fields)
        (request.recipientKey, request.deadline) = (lender.sealingKey.publicKey.wire, time + 300_000)
        request.enclaves = enclaves.sorted().map { .init($0.bytes) }
        if !enclaves.isEmpty { request.demand.confirmations = UInt32(enclaves.count) }
        return request
    }

    /// Whether the lender gets its result, proven and signed by one of the enclaves.
    func isOpened(_ job: Hash32) async throws -> Bool {
        var view = try await ChainView(client)
        for _ in 0..<600 {
            try await view.advance()
            do {
                _ = try await view.openAssessment(job, key: lender.sealingKey)
                return true
            } catch let error as ClientError {
                switch error {
                case .resultNotReady, .noSuchThing: try await Task.sleep(for: .milliseconds(100))
                default: throw error
                }
            }
        }
        return false
    }
}
