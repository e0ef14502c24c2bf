import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `An assessment` {
    @Test func `shows the program only the granted and requested fields`() throws {
        let small = try SmallScene()
        let grant = try small.grant()
        let request = try small.request(grant, fields: ["age"])
        let run = try small.scene.run([small.scene.evidence(request, grant)])[0]
        #expect(!run.hasFailure)
        let opening = try small.scene.open(request, run)
        let result = try small.scene.read(run.sealedResult, opening.keyBox, job: request.id)
        let seen = try SpyProgram.seen([UInt8](result.output))
        var expected = try RowBatch(schema: small.scene.schema, fields: ["age"])
        try expected.appendRow([.integer(42)])
        let bytes = expected.encode()
        #expect(Array(seen.prefix(bytes.count)) == bytes)
        #expect(seen.dropFirst(bytes.count).allSatisfy { $0 == 0 })
    }

    @Test func `gets the same answer again, also after a restart`() throws {
        let small = try SmallScene()
        let grant = try small.grant { $0.maximumUses = 1 }
        let request = try small.request(grant)
        let first = try small.scene.run([small.scene.evidence(request, grant)])[0]
        #expect(try small.scene.run([small.scene.evidence(request, grant)])[0] == first)
        let storage = MemoryVaultStorage(try small.storage.contents())
        small.scene.driver = .inProcess(try Enclave(platform: MemoryPlatform(), storage: storage, genesis: small.node.genesis))
        try small.scene.start()
        #expect(try small.scene.run([small.scene.evidence(request, grant)])[0] == first)
        let opening = try small.scene.open(request, first)
        #expect(try small.scene.read(first.sealedResult, opening.keyBox, job: request.id).subjects == 1)
        // The vault need not be asked twice to open.
        #expect(try small.scene.open(request, first).hasFailure == false)
    }

    @Test func `opens only what the chain accepted`() throws {
        let small = try SmallScene()
        let grant = try small.grant()
        let request = try small.request(grant)
        let run = try small.scene.run([small.scene.evidence(request, grant)])[0]
        var command = WireOpenAssessmentsCommand()
        command.height = small.node.height
        command.assessments = [try small.node.prove(StateKey.assessment(request.id))]
        command.punctures = try small.node.prove(StateKey.punctureLog)
        guard case .openAssessments(let answer) = try small.scene.driver.perform(.openAssessments(command)) else { return }
        #expect(answer.outcomes[0].failure.code == 810)
        var other = run
        other.commitment = Data(repeating: 1, count: 32)
        #expect(try small.scene.open(request, other).failure.code == 810)
        let statement = EnclaveStatement.commitment(
            chainID: small.node.chainID, job: request.id, commitment: try #require(Hash32(run.commitment)))
        let key = VerificationKey.ed25519(try #require(Hash32(small.scene.enclave.identity.signingKey)))
        #expect(throws: Never.self) { try key.verify([UInt8](run.signature), of: statement, context: .jobCommitment) }
        #expect(Sidecar.commitment([UInt8](run.sealedResult)) == Hash32(run.commitment))
        // Another's key opens nothing.
        let opening = try small.scene.open(request, run)
        let stranger = try SealingPrivateKey(suite: .x25519)
        #expect(throws: CryptographyError.cannotOpen) {
            try ResultEnvelope.open([UInt8](run.sealedResult), keyBox: SealedBox(opening.keyBox), job: request.id, with: stranger)
        }
    }

    @Test func `opens to nobody but the key that the requester signed, whatever the state says later`() throws {
        let small = try SmallScene()
        let thief = try SealingPrivateKey(suite: .x25519)
        let grant = try small.grant()
        let request = try small.request(grant)
        let run = try small.scene.run([small.scene.evidence(request, grant)])[0]
        #expect(!run.hasFailure)
        // The quorum is the host: it writes its own key into the request, and certifies that.
        small.scene.write(request) { value in
            value.status = .committed
            value.enclave = .init(small.scene.enclaveID.bytes)
            value.commitment = run.commitment
            value.request.recipientKey = thief.publicKey.wire
        }
        try small.scene.block()
        var command = WireOpenAssessmentsCommand()
        command.height = small.node.height
        command.assessments = [try small.node.prove(StateKey.assessment(request.id))]
        command.punctures = try small.node.prove(StateKey.punctureLog)
        guard case .openAssessments(let answer) = try small.scene.driver.perform(.openAssessments(command)) else { return }
        #expect(answer.outcomes[0].failure.name == "enclave.badRecipientKey")
        #expect(!answer.outcomes[0].hasKeyBox)
        // The true state opens it afterwards.
        let opening = try small.scene.open(request, run)
        #expect(try small.scene.read(run.sealedResult, opening.keyBox, job: request.id).subjects == 1)
    }

    @Test(arguments: SealingSuiteID.allCases)
    func `scores real applicants like the scorecard does`(suite: SealingSuiteID) throws {
        let data = try CreditData()
        let node = try BypassedNode()
        let enclave = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(), genesis: node.genesis)
        let scene = try EnclaveScene(node: node, driver: .inProcess(enclave), schema: data.schema, suite: suite)
        try scene.start()
        scene.publishDataset()
        try scene.publishProgram(CreditData.wasm("credit-assessor"), output: CreditData.scoreSchema)
        let applicants = Array(data.applicants.prefix(20))
        let subjects = try applicants.map { _ in try scene.makeSubject() }
        try scene.enrol(subjects)
        for (subject, applicant) in zip(subjects, applicants) { try scene.put(data.record(applicant), of: subject) }
        let grants = try subjects.map { try scene.grant($0, fields: data.fields) }
        let requests = try grants.map { try scene.request($0, fields: data.fields) }
        try scene.block()
        let runs = try scene.run(try zip(requests, grants).map { try scene.evidence($0, $1) })
        #expect(Set(runs.map(\.sealedResult.count)).count == 1, "a result's length tells nothing")
        for (index, run) in runs.enumerated() {
            #expect(run.failure.name == "")
            let opening = try scene.open(requests[index], run)
            let result = try scene.read(run.sealedResult, opening.keyBox, job: requests[index].id)
            let score = try CreditData.scoreSchema.check([UInt8](result.output)).number("probability_bad")
            #expect(abs(try #require(score) - data.expected(applicants[index])) <= 1e-9)
            #expect(result.platform == "simulated")
        }
    }
}

@Suite struct `A subscription` {
    @Test func `aggregates those who consent, and refuses too small a cohort`() throws {
        let data = try CreditData()
        let node = try BypassedNode()
        let enclave = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(), genesis: node.genesis)
        let scene = try EnclaveScene(node: node, driver: .inProcess(enclave), schema: data.schema)
        try scene.start()
        scene.publishDataset(minimumCohort: 50)
        try scene.publishProgram(CreditData.wasm("cohort-statistics"), output: CreditData.statisticsSchema, kind: .subscription)
        let applicants = Array(data.applicants.prefix(60))
        let subjects = try applicants.map { _ in try scene.makeSubject() }
        try scene.enrol(subjects)
        for (subject, applicant) in zip(subjects, applicants) { try scene.put(data.record(applicant), of: subject) }
        // Every tenth grants nothing that covers the request.
        let grants = try subjects.enumerated().map { index, subject in
            try scene.grant(subject, fields: index % 10 == 0 ? ["housing"] : ["amount_dm"])
        }
        let (id, transaction) = try scene.requestSubscription(["amount_dm"], minimumCohort: 2, parameters: CreditData.parameters)
        try scene.block()
        // One subject twice: it still counts once.
        let outcome = try scene.runSubscription(id, transaction, grants + [grants[1]])
        #expect(outcome.failure.name == "")
        #expect(outcome.grants.count == 54)
        #expect(outcome.runHeight == node.height - 1)
        let values = applicants.enumerated().filter { $0.offset % 10 != 0 }.compactMap { Double($0.element["amount_dm"] ?? "") }
        let opened = try scene.openSubscription(id, outcome)
        #expect(opened.failure.name == "")
        let result = try scene.read(outcome.sealedResult, opened.keyBox, job: id)
        let output = try CreditData.statisticsSchema.check([UInt8](result.output))
        #expect(result.subjects == 54)
        #expect(output.integer("count") == 54)
        #expect(abs(try #require(output.number("mean")) - values.reduce(0, +) / 54) <= 1e-9)

        let (small, second) = try scene.requestSubscription(["amount_dm"], minimumCohort: 55, parameters: CreditData.parameters)
        try scene.block()
        let refused = try scene.runSubscription(small, second, grants)
        #expect(refused.failure.code == 811)
        #expect(!refused.signature.isEmpty)
    }
}
