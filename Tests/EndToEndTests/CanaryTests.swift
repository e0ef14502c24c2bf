import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Storage
import Testing
import WireTypes

/// Random values planted in records are found nowhere outside the enclave; a planted public value is found in every place searched.
@Suite(.serialized, .enabled(if: Built.isComplete, "the programs are not built")) struct `Canaries` {
    private static let dataset = "canary-data"
    private static let purpose = "ProvideOfficialStatistics"

    /// A subject with the values only its records hold.
    private struct Planted {
        let wallet: Wallet
        let grant: Hash32
        let record: DataRecord
        let canaries: [Canary]
    }

    private static let schema: Schema? = try? Schema(
        version: 1, fields: [Field("note", .text), Field("value", .number), Field("amount", .number)])

    private func plant(_ number: Int) throws -> Planted {
        let schema = try #require(Self.schema)
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
        let text = String((0..<16).map { _ in letters.randomElement() ?? "x" })
        let (value, amount) = (Double.random(in: 1_000...9_000), Double.random(in: 1_000...9_000))
        return Planted(
            wallet: try Wallet(name: "subject-\(number)"), grant: SecureRandom.hash(),
            record: try DataRecord(["note": .text(text), "value": .number(value), "amount": .number(amount)], schema: schema),
            canaries: [
                Canary(name: "text \(number)", text: text), Canary(name: "number \(number)", number: value),
                Canary(name: "unconsented number \(number)", number: amount),
            ])
    }

    @Test func `personal values leave no trace, a public one does everywhere`() async throws {
        let folder = try TemporaryFolder()
        let publicText = Hex.encode(SecureRandom.bytes(8))
        // The chain's name is public and reaches every place: files, values, logs, answers and the socket.
        let locality = try await RecordedLocality(chainID: "jupiter-\(publicText)", folder: folder.path)
        let people = try (1...5).map(plant)
        let job = try await use(people, of: locality, description: "public \(publicText)")
        let answers = try await answers(of: locality, people: people, job: job)
        locality.stop()

        let places = [
            SearchedPlace(name: "files", parts: try files(locality.home).filter { !$0.name.hasSuffix(".log") }),
            SearchedPlace(name: "logs", parts: try files(locality.home).filter { $0.name.hasSuffix(".log") }),
            SearchedPlace(name: "database", parts: try values(locality)),
            SearchedPlace(name: "answers", parts: answers),
            SearchedPlace(name: "socket", parts: [("recording", try Data(contentsOf: URL(fileURLWithPath: locality.recording)))]),
        ]
        let control = Canary(name: "public", text: publicText)
        for place in places {
            #expect(!place.parts.isEmpty)
            #expect(!place.findings(control).isEmpty, "the control is not found in \(place.name): the search is blind there")
            for canary in people.flatMap(\.canaries) { #expect(place.findings(canary) == []) }
        }
    }

    @Test func `the search finds every form of a canary`() {
        let text = Canary(name: "t", text: "k7Gh2mPq9sTvXz4B")
        let number = Canary(name: "n", number: 1234.567890123)
        for (canary, form) in [text, number].flatMap({ canary in canary.forms.map { (canary, $0) } }) {
            #expect(canary.isFound(in: [1, 2, 3] + form + [4]))
        }
        for shift in 0..<3 {
            let wrapped = Data([UInt8](repeating: 65, count: shift) + Array("k7Gh2mPq9sTvXz4B".utf8) + [7, 8, 9]).base64EncodedString()
            #expect(text.isFound(in: Array(wrapped.utf8)), "shift \(shift)")
        }
        #expect(!text.isFound(in: Array("nothing of it".utf8)))
    }

    // MARK: The use

    /// Puts everybody's record, grants it to a bureau for one field, and has the bureau's statistic computed and opened.
    private func use(_ people: [Planted], of locality: RecordedLocality, description: String) async throws -> Hash32 {
        let bureau = try Wallet(name: "bureau")
        let contracts = Built.root + "/Contracts/build-output/cohort-statistics"
        let manifest = try JSONValue(parsing: PrivateFile.read(contracts + ".json", limit: 1 << 20))
        let program = try ProgramPackage(
            code: PrivateFile.read(contracts + ".wasm", limit: 1 << 20), manifest: manifest, kind: .subscription)
        let publication = program.publication()
        var dataset = WirePublishDataset()
        (dataset.dataset, dataset.residency, dataset.minimumCohort) = (Self.dataset, .results, 5)
        (dataset.metadata.name, dataset.metadata.description_p) = ("Canaries", description)
        dataset.schema = .init(try #require(Self.schema).encoding)
        let money = ([bureau.address] + people.map(\.wallet.address)).map { address in
            var transfer = WireTransfer()
            (transfer.to, transfer.amount) = (.init(address.bytes), 1_000_000)
            return WireMessage.transfer(transfer)
        }
        try await locality.commit(
            [.publishDataset(dataset), .publishProgram(publication.message)] + money, sidecars: [publication.sidecar])
        let status = try await locality.client.status()
        let enclaveID = try #require(status.enclave?.id.flatMap { Hash32(hex: $0) })
        let enclave = try await locality.checkedEnclave(enclaveID)
        for person in people { try await join(person, locality, enclave, bureau, program, now: status.time) }

        var request = WireRequestSubscription()
        (request.dataset, request.purpose, request.fields) = (Self.dataset, Self.purpose, ["value"])
        request.program = .init(program.codeHash.bytes)
        request.parameters = [("histogram_low", 0.0), ("histogram_high", 10_000.0)].map { name, value in
            var parameter = WireProgramParameter()
            (parameter.name, parameter.number) = (name, value)
            return parameter
        }
        var bins = WireProgramParameter()
        (bins.name, bins.integer) = ("histogram_bins", 4)
        request.parameters.append(bins)
        (request.minimumCohort, request.maximumCohort, request.deadline) = (5, 5, status.time + 300_000)
        request.recipientKey = bureau.sealingKey.publicKey.wire
        var builder = try await locality.client.builder(for: bureau.signingKey)
        let transaction = try builder.sign(.requestSubscription(request))
        try await locality.client.commit(transaction)
        let id = transaction.transaction.messageIdentifier(0)
        let result = try await opened(id, locality, bureau)
        #expect(result.output.integer("count") == 5)
        return id
    }

    private func join(
        _ person: Planted, _ locality: RecordedLocality, _ enclave: CheckedEnclave, _ bureau: Wallet, _ program: ProgramPackage,
        now: UInt64
    ) async throws {
        let (wallet, chainID) = (person.wallet, locality.chainID)
        let enrolmentKey = EnrolmentKey(wallet: wallet, dataset: Self.dataset)
        let outcome = try #require(try await locality.client.enrol([enrolmentKey], with: enclave).first)
        let enrolment = try EnrolmentSealer.message(outcome, wallet: wallet, enclave: enclave)
        let place = RecordPlace(chainID: chainID, dataset: Self.dataset, owner: wallet.address, schema: try #require(Self.schema))
        let sealed = try RecordSealer.seal(
            person.record, place: place, subjectKey: wallet.subjectKey(chainID: chainID, dataset: Self.dataset), keyIndex: 0)
        var scope = ConsentScopes.scope(
            recipient: bureau.address, dataset: Self.dataset, fields: ["value"], purpose: Self.purpose, programs: [program.codeHash],
            locality: chainID)
        (scope.validFrom, scope.validUntil) = (now - 60_000, now + 3_600_000)
        var grant = WireGrantConsent()
        (grant.grant, grant.scope) = (.init(person.grant.bytes), scope)
        var builder = try await locality.client.builder(for: wallet.signingKey)
        try await locality.client.commit(
            builder.sign([.enrolSubjectKey(enrolment), .putRecord(sealed.message), .grantConsent(grant)], sidecars: [sealed.sidecar]))
        // The owner reads its own record back: the canary is really in there.
        let stored = try #require(try await locality.client.record(wallet.address, dataset: Self.dataset, record: sealed.id))
        let sidecar = try await locality.client.sidecar(try #require(Hash32(stored.commitment)))
        let key = wallet.subjectKey(chainID: chainID, dataset: Self.dataset)
        #expect(try RecordSealer.open(stored, sidecar: sidecar, place: place, subjectKey: key) == person.record)
    }

    private func opened(_ id: Hash32, _ locality: RecordedLocality, _ bureau: Wallet) async throws -> OpenedResult {
        var view = try await ChainView(locality.client)
        for _ in 0..<600 {
            try await view.advance()
            do { return try await view.openSubscription(id, key: bureau.sealingKey) } catch let error as ClientError {
                switch error {
                case .resultNotReady, .noSuchThing: try await Task.sleep(for: .milliseconds(100))
                default: throw error
                }
            }
        }
        throw ClientError.timedOut("the statistic")
    }

    // MARK: The places

    private func files(_ folder: String) throws -> [(name: String, bytes: Data)] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
        return paths.compactMap { path in FileManager.default.contents(atPath: folder + "/" + path).map { (path, $0) } }
    }

    /// Every key and value of the node's database, uncompressed.
    private func values(_ locality: RecordedLocality) throws -> [(name: String, bytes: Data)] {
        let database = try Database(path: "\(locality.home)/node/\(locality.chainID)/data", columns: ChainStore.columns)
        defer { database.close() }
        return try ChainStore.columns.flatMap { column in
            try database.iterate(column, limit: 1_000_000).map {
                ("\(column.name)/\(Hex.encode($0.key.prefix(16)))", Data($0.key + $0.value))
            }
        }
    }

    private func answers(of locality: RecordedLocality, people: [Planted], job: Hash32) async throws -> [(name: String, bytes: Data)] {
        let client = locality.client
        var paths = [
            "/", "/health", "/ready", "/metrics", "/openapi.json", "/v1/status", "/v1/genesis", "/v1/blocks?limit=1000",
            "/v1/headers/latest",
            "/v1/datasets", "/v1/datasets/\(Self.dataset)", "/v1/programs", "/v1/enclaves", "/v1/localities", "/v1/assessments",
            "/v1/subscriptions", "/v1/subscriptions/\(job)",
        ]
        for person in people {
            paths += ["/v1/records?owner=\(person.wallet.address)", "/v1/consents?subject=\(person.wallet.address)"]
            for record in try await client.list("records", query: "owner=\(person.wallet.address)") {
                if let commitment = record["commitment"]?.text { paths.append("/v1/sidecars/\(commitment)") }
            }
        }
        let height = try await client.status().height
        paths += (1...height).map { "/v1/blocks/\($0)" }
        var answers: [(name: String, bytes: Data)] = []
        for path in paths { answers.append((path, Data(try await client.bytes(path)))) }
        return answers
    }
}
