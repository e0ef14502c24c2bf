import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import Testing
import TpmSupport
import WireTypes

/// Two or three enclaves beside the scene's own, all with the subject's key.
private struct ConfirmationScene {
    var scene: CreditScene
    /// The scene's (simulated), one on a TPM, and another simulated one.
    let enclaves: [TestEnclave]
    let commitment = Hash32(5, 5, 5, 5)
    let output = Hash32(6, 6, 6, 6)

    init() throws {
        scene = try CreditScene(allowsSoftwareTPM: true)
        let chainID = scene.chain.genesis.chainID
        enclaves = [
            scene.enclave, try TestEnclave(chainID: chainID, seed: 71, tpm: TestTpm()), try TestEnclave(chainID: chainID, seed: 72),
        ]
        for enclave in enclaves.dropFirst() {
            let code = try scene.chain.submit(
                enclave.registration(height: scene.chain.height, block: scene.chain.lastHash), by: scene.chain.operatorKey)
            precondition(code == 0, "registered: \(code)")
        }
        for enclave in enclaves {
            let code = try scene.chain.submit(enclave.enrolment(of: scene.subject.address, dataset: CreditScene.dataset), by: scene.subject)
            precondition(code == 0, "enrolled: \(code)")
        }
        let code = try scene.chain.submit(scene.grantMessage(), by: scene.subject)
        precondition(code == 0, "granted: \(code)")
    }

    mutating func request(
        of positions: [Int], confirmations: UInt32 = 2, _ adjust: (inout WireRequestAssessment) -> Void = { _ in }
    ) throws -> (code: UInt32, id: Hash32) {
        let names = positions.map { enclaves[$0].id }.sorted().map { Data($0.bytes) }
        return try scene.request(
            scene.requestMessage { request in
                request.demand.confirmations = confirmations
                request.enclaves = names
                adjust(&request)
            })
    }

    /// The first of the two commits.
    mutating func commit(_ id: Hash32, by first: Int, others: [Int]) throws -> UInt32 {
        let message = try enclaves[first].commitment(
            id, commitment: commitment, outputHash: output, others: others.map { enclaves[$0].id })
        return try scene.chain.submit(message, by: scene.chain.operatorKey)
    }

    mutating func submit(_ message: WireMessage) throws -> UInt32 { try scene.chain.submit(message, by: scene.chain.operatorKey) }
}

@Suite struct `Results that several enclaves come to` {
    @Test func `are opened and paid for once as many as are demanded agree, for one use`() throws {
        var test = try ConfirmationScene()
        let before = try test.scene.chain.account(test.scene.subject.address).balance
        let (code, id) = try test.request(of: [0, 1]) { $0.demand.distinctPlatforms = true }
        #expect(code == 0)
        #expect(try test.commit(id, by: 0, others: [1]) == 0)
        #expect(try test.submit(test.enclaves[0].opening(id)) == Refusal.assessmentsUnconfirmed.code)
        let own = try test.enclaves[0].confirmation(id, commitment: test.commitment, outputHash: test.output)
        #expect(try test.submit(own) == Refusal.assessmentsNotToConfirm.code, "nobody confirms itself")
        let stranger = try test.enclaves[2].confirmation(id, commitment: test.commitment, outputHash: test.output)
        #expect(try test.submit(stranger) == Refusal.admissionWrongEnclaves.code)
        var forged = try test.enclaves[1].confirmation(id, commitment: test.commitment, outputHash: test.output)
        forged.confirmAssessment.outputHash = .init(Hash32(1, 1, 1, 1).bytes)
        #expect(try test.submit(forged) == Refusal.keysBadSignature.code)
        let confirmation = try test.enclaves[1].confirmation(id, commitment: test.commitment, outputHash: test.output)
        #expect(try test.submit(confirmation) == 0)
        #expect(try test.submit(confirmation) == Refusal.assessmentsNotToConfirm.code)
        #expect(try test.submit(test.enclaves[0].opening(id)) == 0)
        #expect(try test.scene.chain.account(test.scene.subject.address).balance == before + 50)
        #expect(try test.scene.assessment(id)?.confirmedBy.count == 2)
        #expect(try test.scene.consent()?.uses == 1, "one use, however many computed it")
    }

    @Test func `are none when two differ: the price goes back and both are named`() throws {
        var test = try ConfirmationScene()
        let before = try test.scene.chain.account(test.scene.lender.address).balance
        let (_, id) = try test.request(of: [0, 1])
        #expect(try test.commit(id, by: 0, others: [1]) == 0)
        let other = try test.enclaves[1].confirmation(id, commitment: test.commitment, outputHash: Hash32(9, 9, 9, 9))
        let receipt = try test.scene.chain.block([try test.scene.chain.sign([other], by: test.scene.chain.operatorKey)])[0]
        #expect(receipt.code == 0)
        let named = receipt.events.filter { $0.type == "assessments.disputed" }.map(\.id)
        #expect(Set(named) == Set(test.enclaves.prefix(2).map { Data($0.id.bytes) }))
        let assessment = try #require(try test.scene.assessment(id))
        #expect(assessment.status == .refused && assessment.refusalCode == Refusal.assessmentsDisputed.code)
        #expect(assessment.enclave == Data(test.enclaves[0].id.bytes) && assessment.disputedBy == Data(test.enclaves[1].id.bytes))
        #expect(try test.scene.chain.account(test.scene.lender.address).balance == before - 1)
        #expect(test.scene.chain.number(StateKey.escrowTotal) == 0)
        #expect(test.scene.chain.lastErased == [test.commitment], "the wrong result goes")
        #expect(try test.submit(test.enclaves[0].opening(id)) == Refusal.assessmentsNotCommitted.code)
    }

    @Test func `wait for two of three, and one that lies ends them`() throws {
        var test = try ConfirmationScene()
        let (_, id) = try test.request(of: [0, 1, 2])
        #expect(try test.commit(id, by: 2, others: [0, 1]) == 0)
        #expect(try test.submit(test.enclaves[1].confirmation(id, commitment: test.commitment, outputHash: test.output)) == 0)
        #expect(try test.submit(test.enclaves[0].confirmation(id, commitment: test.commitment, outputHash: .zero)) == 0)
        #expect(try test.scene.assessment(id)?.status == .refused)
    }

    @Test func `end with the refusal of one that is to confirm, and of nobody else`() throws {
        var test = try ConfirmationScene()
        let (_, id) = try test.request(of: [0, 1])
        #expect(try test.submit(test.enclaves[2].refusal(id, code: 814)) == Refusal.admissionWrongEnclaves.code)
        #expect(try test.commit(id, by: 0, others: [1]) == 0)
        #expect(try test.submit(test.enclaves[0].refusal(id, code: 814)) == Refusal.assessmentsNotPending.code)
        #expect(try test.submit(test.enclaves[1].refusal(id, code: 844)) == 0)
        #expect(try test.scene.assessment(id)?.refusalCode == 844)
        #expect(test.scene.chain.number(StateKey.escrowTotal) == 0)
    }

    @Test func `count for nothing from an enclave that was suspended meanwhile`() throws {
        var test = try ConfirmationScene()
        let (_, id) = try test.request(of: [0, 1])
        #expect(try test.commit(id, by: 0, others: [1]) == 0)
        #expect(try test.submit(test.enclaves[1].confirmation(id, commitment: test.commitment, outputHash: test.output)) == 0)
        #expect(try test.submit(test.enclaves[1].suspension) == 0)
        #expect(try test.submit(test.enclaves[0].opening(id)) == Refusal.assessmentsUnconfirmed.code)
        try test.scene.chain.block(seconds: 100)
        #expect(try test.scene.assessment(id)?.status == .refunded)
    }

    @Test func `need terms for exactly the others`() throws {
        var test = try ConfirmationScene()
        let (_, id) = try test.request(of: [0, 1])
        #expect(try test.submit(test.enclaves[0].commitment(id, commitment: test.commitment)) == Refusal.assessmentsMalformed.code)
        #expect(try test.commit(id, by: 0, others: []) == Refusal.assessmentsMalformed.code)
        #expect(try test.commit(id, by: 0, others: [2]) == Refusal.assessmentsMalformed.code)
        let (_, plain) = try test.request(of: [], confirmations: 0)
        #expect(try test.commit(plain, by: 0, others: []) == Refusal.assessmentsMalformed.code, "nobody has to confirm")
    }
}

@Suite struct `What is demanded of enclaves` {
    @Test func `is checked of those that a request names`() throws {
        var test = try ConfirmationScene()
        let cases: [(positions: [Int], code: UInt32, adjust: (inout WireRequestAssessment) -> Void)] = [
            ([], Refusal.admissionWrongEnclaves.code, { _ in }),
            ([0], Refusal.admissionWrongEnclaves.code, { _ in }),
            ([0, 1], Refusal.admissionWrongEnclaves.code, { $0.enclaves.reverse() }),
            ([0, 1], Refusal.admissionWrongEnclaves.code, { $0.enclaves[1] = $0.enclaves[0] }),
            ([0, 2], Refusal.admissionNotDistinct.code, { $0.demand.distinctPlatforms = true }),
            ([0, 1], Refusal.admissionNotDistinct.code, { $0.demand.distinctOperators = true }),
            ([0, 1], Refusal.admissionPlatformExcluded.code, { $0.demand.excludedPlatforms = ["tpm"] }),
            ([0, 1], Refusal.admissionAssuranceTooLow.code, { $0.demand.minimumAssurance = "measured" }),
            ([0, 1], Refusal.admissionMalformedDemand.code, { $0.demand.minimumAssurance = "splendid" }),
            ([0, 1], Refusal.admissionMalformedDemand.code, { $0.demand.excludedPlatforms = ["tpm", "simulated"] }),
            ([0, 1], Refusal.admissionMalformedDemand.code, { $0.demand.confirmations = 9 }),
            ([0, 1], Refusal.keysUnknownEnclave.code, { $0.enclaves = [Data(repeating: 0, count: 32), $0.enclaves[1]] }),
            ([0, 1], 0, { $0.demand.distinctPlatforms = true }),
        ]
        for (number, item) in cases.enumerated() {
            #expect(try test.request(of: item.positions, item.adjust).code == item.code, "case \(number)")
        }
        #expect(try test.scene.consent()?.uses == 1, "only the last one was charged")
    }

    @Test func `an enclave without the subject's key cannot be named`() throws {
        var test = try ConfirmationScene()
        let late = try TestEnclave(chainID: test.scene.chain.genesis.chainID, seed: 99)
        let registration = late.registration(height: test.scene.chain.height, block: test.scene.chain.lastHash)
        #expect(try test.submit(registration) == 0)
        let names = [late.id, test.enclaves[0].id].sorted().map { Data($0.bytes) }
        #expect(try test.request(of: [0, 1]) { $0.enclaves = names }.code == Refusal.admissionNotEnrolled.code)
    }

    @Test func `keeps an excluded enclave from every part of a job`() throws {
        var test = try ConfirmationScene()
        let (code, id) = try test.request(of: [], confirmations: 0) { $0.demand.excludedPlatforms = ["simulated"] }
        #expect(code == 0)
        #expect(
            try test.submit(test.enclaves[0].commitment(id, commitment: test.commitment)) == Refusal.admissionPlatformExcluded.code)
        #expect(try test.submit(test.enclaves[0].refusal(id, code: 801)) == Refusal.admissionPlatformExcluded.code)
        #expect(try test.submit(test.enclaves[1].commitment(id, commitment: test.commitment)) == 0)
    }

    @Test func `a dataset demands what no request can take back`() throws {
        var test = try ConfirmationScene()
        var message = try CreditScene.datasetMessage("strict")
        message.publishDataset.demand.confirmations = 2
        message.publishDataset.demand.excludedPlatforms = ["nitro"]
        #expect(try test.submit(message) == 0)
        let dataset: WireDataset? = try test.scene.chain.message(StateKey.dataset("strict"))
        #expect(dataset?.demand == message.publishDataset.demand)
        let (code, _) = try test.request(of: [], confirmations: 0) { $0.dataset = "strict" }
        #expect(code == Refusal.admissionWrongEnclaves.code)
        message.publishDataset.dataset = "absurd"
        message.publishDataset.demand.confirmations = 100
        #expect(try test.submit(message) == Refusal.admissionMalformedDemand.code)
        // Runs at different times see different cohorts: nobody could confirm a subscription.
        var subscription = WireRequestSubscription()
        (subscription.dataset, subscription.program) = ("strict", .init(test.scene.statistics.bytes))
        (subscription.purpose, subscription.fields) = ("CustomerManagement", ["age"])
        (subscription.minimumCohort, subscription.maximumCohort, subscription.price) = (2, 5, 50)
        subscription.recipientKey = test.enclaves[0].identity.vaultKey
        subscription.deadline = test.scene.chain.time + 60_000
        #expect(
            try test.scene.chain.submit(WireMessage(.requestSubscription(subscription)), by: test.scene.lender)
                == Refusal.subscriptionsUnconfirmed.code)
    }

    @Test func `the stricter of each holds`() throws {
        var (dataset, request) = (WireEnclaveDemand(), WireEnclaveDemand())
        (dataset.minimumAssurance, dataset.confirmations, dataset.excludedPlatforms) = ("measured", 2, ["tdx"])
        (request.minimumAssurance, request.confirmations, request.excludedPlatforms) = ("none", 3, ["nitro", "tdx"])
        request.distinctOperators = true
        let both = try EnclaveRequirements(dataset: dataset, request: request)
        #expect(both == (try EnclaveRequirements(dataset: request, request: dataset)))
        #expect(both.minimumAssurance == .measured && both.confirmations == 3 && both.excludedPlatforms == ["nitro", "tdx"])
        #expect(both.distinctOperators && !both.distinctPlatforms)
        #expect(both == (try EnclaveRequirements(dataset: both.wire)))
    }
}
