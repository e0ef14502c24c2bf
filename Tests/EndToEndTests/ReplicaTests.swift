import ChainTypes
import Cryptography
import DataModel
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing
import WireTypes

/// One locality whose node feeds two enclaves; all three are processes of their own.
final class PairedLocality {
    let chainID = "jupiter-pair"
    let home: String
    let client: NodeClient
    let treasury: Wallet
    private var node: ChildProcess?
    private var enclaves: [ChildProcess?] = [nil, nil]

    init(folder: String) async throws {
        home = folder + "/home"
        try PrivateFile.makeFolder(home + "/logs")
        treasury = try Wallet(name: "treasury")
        let environment = ["JUPITER_PASSPHRASE": "a passphrase of the test"]
        let port = try FreePort.take()
        client = try NodeClient(url: "http://127.0.0.1:\(port)")
        let made = try ChildProcess(
            name: "init", executable: Built.path("jupiter"),
            arguments: [
                "node", "init", chainID, "--home", home, "--allow-simulated-enclaves", "--allocate", "\(treasury.address)=1000000000000",
            ], environment: environment, logPath: home + "/logs/init.log")
        while made.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        try #require(made.exitStatus == 0, "\(made.logTail)")
        for index in 0..<2 { try await startEnclave(index) }
        node = try ChildProcess(
            name: "node", executable: Built.path("jupiter"),
            arguments: [
                "node", "start", chainID, "--home", home, "--port", String(port), "--enclave-socket", socket(0), "--enclave-socket",
                socket(1),
            ], environment: environment, logPath: home + "/logs/node.log")
    }

    func folder(_ index: Int) -> String { "\(home)/enclave/\(index)" }
    private func socket(_ index: Int) -> String { folder(index) + "/enclave.sock" }

    func startEnclave(_ index: Int) async throws {
        try PrivateFile.makeFolder(folder(index))
        // What was killed may hold the vault's lock for a moment longer.
        for _ in 0..<50 {
            let process = try ChildProcess(
                name: "enclave-\(index)", executable: Built.path("jupiter-enclave"),
                arguments: ["--home", folder(index), "--socket", socket(index), "--genesis", "\(home)/node/\(chainID)/genesis.bin"],
                logPath: "\(home)/logs/enclave-\(index).log")
            enclaves[index] = process
            while process.isRunning {
                if access(socket(index), F_OK) == 0 { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("the enclave does not start: \(enclaves[index]?.logTail ?? "")")
    }

    /// As a power cut would: at once, whatever it is doing.
    func killEnclave(_ index: Int) async throws {
        guard let process = enclaves[index] else { return }
        kill(process.processID, SIGKILL)
        while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        enclaves[index] = nil
        try? FileManager.default.removeItem(atPath: socket(index))
    }

    /// The node's enclaves as it sees them now.
    func statuses() async throws -> [JSONValue] {
        guard case .array(let all) = try await client.json("/v1/status")["enclaves"] ?? .null else { return [] }
        return all
    }

    /// Waits until `condition` holds of the node's enclaves.
    func wait(_ what: String, seconds: Int = 60, until condition: ([JSONValue]) -> Bool) async throws {
        for _ in 0..<seconds * 10 {
            if let statuses = try? await statuses(), condition(statuses) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("waited too long for \(what): \((try? await statuses()) ?? []) \(node?.logTail ?? "")")
        throw ClientError.timedOut(what)
    }

    var nodeLog: String { (try? String(contentsOfFile: home + "/logs/node.log", encoding: .utf8)) ?? "" }

    func commit(_ messages: [WireMessage], sidecars: [[UInt8]] = [], by wallet: Wallet? = nil) async throws {
        var builder = try await client.builder(for: (wallet ?? treasury).signingKey)
        try await client.commit(builder.sign(messages, sidecars: sidecars))
    }

    func stop() {
        node?.stop()
        for enclave in enclaves { enclave?.stop() }
    }

    deinit { stop() }
}

@Suite(.serialized, .enabled(if: Built.isComplete, "the programs are not built")) struct `A locality with two enclaves` {
    static let dataset = "credit"

    private struct Person {
        let wallet: Wallet
        let grant: Hash32
    }

    private func isServing(_ statuses: [JSONValue], _ index: Int) -> Bool { statuses[index]["serving"] == .boolean(true) }

    @Test func `goes on when one is killed, which catches up, and refuses an old copy of its home`() async throws {
        let folder = try TemporaryFolder()
        let locality = try await PairedLocality(folder: folder.path)
        defer { locality.stop() }
        try await locality.wait("both enclaves to serve one vault") { statuses in
            statuses.count == 2 && isServing(statuses, 0) && isServing(statuses, 1) && statuses[0]["vault"] == statuses[1]["vault"]
                && statuses[0]["vault"] != nil
        }
        let scene = try await Scene(locality)
        let people = try await scene.join(6)
        try await locality.wait("the second to have the keys") { $0[1]["subjectKeys"]?.unsigned == 6 }

        // Killed in the middle of the runs that are asked for.
        let jobs = try await scene.request(people)
        try await locality.killEnclave(0)
        for job in jobs { #expect(try await scene.isOpened(job), "job \(job)") }

        // The other takes enrolments and runs meanwhile.
        let copy = folder.path + "/copy"
        try FileManager.default.copyItem(atPath: locality.folder(0), toPath: copy)
        let late = try await scene.join(2)
        for job in try await scene.request(late) { #expect(try await scene.isOpened(job)) }

        // Back again: it catches up before it is needed, and then serves alone.
        try await locality.startEnclave(0)
        try await locality.wait("the first to catch up") { isServing($0, 0) && $0[0]["subjectKeys"]?.unsigned == 8 }
        try await locality.killEnclave(1)
        for job in try await scene.request(late) { #expect(try await scene.isOpened(job)) }

        // An old copy of its home: since its next start the chain knows a newer vault, and the copy never serves.
        let id = try #require(try await locality.statuses()[0]["id"]?.text.flatMap { Hash32(hex: $0) })
        let before = try #require(try await locality.client.enclave(id))
        try await locality.killEnclave(0)
        try await locality.startEnclave(0)
        for _ in 0..<300 where try await locality.client.enclave(id)?.anchorNonce == before.anchorNonce {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try #require(try await locality.client.enclave(id)).vaultVersion > before.vaultVersion)
        try await locality.killEnclave(0)
        try FileManager.default.removeItem(atPath: locality.folder(0))
        try FileManager.default.copyItem(atPath: copy, toPath: locality.folder(0))
        try await locality.startEnclave(0)
        try await locality.wait("the old copy to be connected") {
            $0[0]["connected"] == .boolean(true) || locality.nodeLog.contains("vaultRolledBack")
        }
        for _ in 0..<100 where !locality.nodeLog.contains("keys.vaultRolledBack") { try await Task.sleep(for: .milliseconds(100)) }
        #expect(locality.nodeLog.contains("keys.vaultRolledBack"))
        #expect(try await !isServing(locality.statuses(), 0))
    }

    @Test func `confirm each other's results before anybody is paid, for one use of the grant`() async throws {
        let folder = try TemporaryFolder()
        let locality = try await PairedLocality(folder: folder.path)
        defer { locality.stop() }
        try await locality.wait("both enclaves to serve one vault") { statuses in
            statuses.count == 2 && isServing(statuses, 0) && isServing(statuses, 1) && statuses[0]["vault"] == statuses[1]["vault"]
        }
        let scene = try await Scene(locality)
        let people = try await scene.join(3)
        try await locality.wait("the second to have the keys") { $0[1]["subjectKeys"]?.unsigned == 3 }
        let enclaves = try await locality.statuses().compactMap { $0["id"]?.text.flatMap { Hash32(hex: $0) } }
        for job in try await scene.request(people, confirmedBy: enclaves) {
            #expect(try await scene.isOpened(job))
            let assessment = try #require(try await locality.client.assessment(job))
            #expect(assessment.confirmedBy.count == 2 && assessment.useNumber == 1)
        }
        for person in people {
            let consent = try await locality.client.consent(person.wallet.address, grant: person.grant)
            #expect(consent?.uses == 1)
        }
        // Nobody else can be named, and one alone does not confirm itself.
        var builder = try await locality.client.builder(for: scene.lender.signingKey)
        let time = try await locality.client.status().time
        var alone = scene.message(people[0], time: time, confirmedBy: enclaves)
        alone.enclaves = [alone.enclaves[0]]
        await #expect { try await locality.client.commit(builder.sign(.requestAssessment(alone))) } throws: {
            ($0 as? any CodedError)?.code == 2153
        }
    }

    /// What happens on the locality: a lender, a program, people with records.
    private final class Scene {
        let locality: PairedLocality
        let lender: Wallet
        let program: ProgramPackage
        let schema: Schema
        private let fields: [String]
        private var rows: [[String: String]]

        init(_ locality: PairedLocality) async throws {
            self.locality = locality
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
            (dataset.dataset, dataset.residency, dataset.minimumCohort) = (`A locality with two enclaves`.dataset, .results, 1)
            dataset.metadata.name = "Credit"
            dataset.schema = .init(schema.encoding)
            var money = WireTransfer()
            (money.to, money.amount) = (.init(lender.address.bytes), 10_000_000)
            try await locality.commit(
                [.publishDataset(dataset), .publishProgram(publication.message), .transfer(money)], sidecars: [publication.sidecar])
        }

        private static func table(_ path: String) throws -> [[String: String]] {
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").prefix(30).map {
                $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
            return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
        }

        /// New people with a key in the enclave that takes enrolments now, a record and a grant.
        func join(_ count: Int) async throws -> [Person] {
            var people: [Person] = []
            let client = locality.client
            for _ in 0..<count {
                let wallet = try Wallet(name: "subject")
                let person = Person(wallet: wallet, grant: SecureRandom.hash())
                var money = WireTransfer()
                (money.to, money.amount) = (.init(wallet.address.bytes), 1_000_000)
                try await locality.commit([.transfer(money)])
                let status = try await client.status()
                let id = try #require(status.enclave?.id.flatMap { Hash32(hex: $0) })
                let enclave = try #require(try await client.enclave(id)).identity
                let dataset = `A locality with two enclaves`.dataset
                let key = EnrolmentKey(wallet: wallet, dataset: dataset)
                let outcome = try #require(try await client.enrol([key], with: id, chainID: locality.chainID).first)
                let enrolment = try EnrolmentSealer.message(outcome, chainID: locality.chainID, wallet: wallet, enclave: enclave)
                let place = RecordPlace(chainID: locality.chainID, dataset: dataset, owner: wallet.address, schema: schema)
                let row = rows.removeFirst()
                var values: [String: FieldValue] = [:]
                for field in schema.fields {
                    let text = try #require(row[field.name])
                    values[field.name] = field.type == .integer ? .integer(try #require(Int64(text))) : .text(text)
                }
                let sealed = try RecordSealer.seal(
                    DataRecord(values, schema: schema), place: place,
                    subjectKey: wallet.subjectKey(chainID: locality.chainID, dataset: dataset), keyIndex: 0)
                var scope = ConsentScopes.scope(
                    recipient: lender.address, dataset: dataset, fields: fields, purpose: "CustomerSolvencyMonitoring",
                    programs: [program.codeHash], locality: locality.chainID)
                (scope.validFrom, scope.validUntil, scope.maximumUses) = (status.time - 60_000, status.time + 3_600_000, 10)
                var grant = WireGrantConsent()
                (grant.grant, grant.scope) = (.init(person.grant.bytes), scope)
                try await locality.commit(
                    [.enrolSubjectKey(enrolment), .putRecord(sealed.message), .grantConsent(grant)], sidecars: [sealed.sidecar], by: wallet)
                people.append(person)
            }
            return people
        }

        /// Asks for an assessment of each, in one go.
        /// - Parameter enclaves: that have to come to the same result; whichever takes it when there are none.
        func request(_ people: [Person], confirmedBy enclaves: [Hash32] = []) async throws -> [Hash32] {
            let status = try await locality.client.status()
            var builder = try await locality.client.builder(for: lender.signingKey)
            var jobs: [Hash32] = []
            for person in people {
                let request = message(person, time: status.time, confirmedBy: enclaves)
                let transaction = try builder.sign(.requestAssessment(request))
                _ = try await locality.client.submit(transaction)
                jobs.append(transaction.transaction.messageIdentifier(0))
            }
            return jobs
        }

        func message(_ person: Person, time: UInt64, confirmedBy enclaves: [Hash32]) -> WireRequestAssessment {
            var request = WireRequestAssessment()
            (request.subject, request.grant) = (.init(person.wallet.address.bytes), .init(person.grant.bytes))
            (request.dataset, request.purpose) = (`A locality with two enclaves`.dataset, "CustomerSolvencyMonitoring")
            (request.program, request.fields) = (.init(program.codeHash.bytes), fields)
            (request.recipientKey, request.deadline) = (lender.sealingKey.publicKey.wire, time + 300_000)
            request.enclaves = enclaves.sorted().map { .init($0.bytes) }
            if !enclaves.isEmpty { request.demand.confirmations = UInt32(enclaves.count) }
            return request
        }

        /// Whether the lender gets its result, proven and signed by one of the enclaves.
        func isOpened(_ job: Hash32) async throws -> Bool {
            var view = try await ChainView(locality.client)
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
}
