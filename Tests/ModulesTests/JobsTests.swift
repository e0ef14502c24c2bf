import Attestation
import ChainTypes
import ConsentRules
import Cryptography
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Assessments and subscriptions` {
    let commitment = Hash32(6, 6, 6, 6)

    @Test func `commit, then open pays the subject from escrow`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let supply = try scene.chain.totalSupply()
        let before = try scene.chain.account(scene.subject.address).balance
        let (code, id) = try scene.request(scene.requestMessage())
        #expect(code == 0)
        #expect(scene.chain.number(StateKey.escrowTotal) == 50)
        #expect(try scene.chain.submit(scene.enclave.opening(id), by: scene.chain.operatorKey) == Refusal.assessmentsNotCommitted.code)
        #expect(try scene.chain.submit(scene.enclave.commitment(id, commitment: commitment), by: scene.chain.operatorKey) == 0)
        #expect(try scene.chain.submit(scene.enclave.opening(id), by: scene.chain.operatorKey) == 0)
        #expect(try scene.assessment(id)?.status == .opened)
        #expect(scene.chain.number(StateKey.escrowTotal) == 0)
        #expect(try scene.chain.account(scene.subject.address).balance == before + 50)
        #expect(try scene.chain.submit(scene.enclave.opening(id), by: scene.chain.operatorKey) == Refusal.assessmentsNotCommitted.code)
        #expect(try scene.chain.totalSupply() == supply)
    }

    @Test func `a withdrawal before the commitment stops it; the deadline refunds`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let before = try scene.chain.account(scene.lender.address).balance
        let (_, id) = try scene.request(scene.requestMessage())
        let withdrawal = `Consent on the chain`.withdrawal(scene.grant, version: 1)
        #expect(try scene.chain.submit(withdrawal, by: scene.subject) == 0)
        let commit = try scene.enclave.commitment(id, commitment: commitment)
        #expect(try scene.chain.submit(commit, by: scene.chain.operatorKey) == Refusal.consentWithdrawn.code)
        try scene.chain.block(seconds: 70)
        #expect(try scene.assessment(id)?.status == .refunded)
        #expect(try scene.chain.account(scene.lender.address).balance == before - 1)
        #expect(scene.chain.number(StateKey.escrowTotal) == 0)
        #expect(try scene.chain.submit(commit, by: scene.chain.operatorKey) == Refusal.assessmentsNotPending.code)
    }

    @Test func `exhaustion by the very use does not stop its commitment`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage { $0.maximumUses = 1 }, by: scene.subject) == 0)
        let (_, id) = try scene.request(scene.requestMessage())
        #expect(try scene.consent()?.status == .exhausted)
        #expect(try scene.chain.submit(scene.enclave.commitment(id, commitment: commitment), by: scene.chain.operatorKey) == 0)
    }

    @Test func `a committed job without an opening is refunded at its deadline`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let (_, id) = try scene.request(scene.requestMessage())
        #expect(try scene.chain.submit(scene.enclave.commitment(id, commitment: commitment), by: scene.chain.operatorKey) == 0)
        try scene.chain.block(seconds: 100)
        #expect(try scene.assessment(id)?.status == .refunded)
        #expect(try scene.chain.submit(scene.enclave.opening(id), by: scene.chain.operatorKey) == Refusal.assessmentsNotCommitted.code)
    }

    @Test func `a signed refusal refunds at once, a forged statement changes nothing`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let (_, id) = try scene.request(scene.requestMessage())
        var forged = try scene.enclave.commitment(id, commitment: commitment)
        forged.commitAssessment.commitment = .init(Hash32(1, 1, 1, 1).bytes)
        #expect(try scene.chain.submit(forged, by: scene.chain.operatorKey) == Refusal.keysBadSignature.code)
        #expect(try scene.chain.submit(scene.enclave.refusal(id, code: 801), by: scene.chain.operatorKey) == 0)
        #expect(try scene.assessment(id)?.refusalCode == 801)
        #expect(scene.chain.number(StateKey.escrowTotal) == 0)
    }

    @Test func `an enclave that is not registered cannot commit`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let (_, id) = try scene.request(scene.requestMessage())
        let stranger = try TestEnclave(chainID: scene.chain.genesis.chainID, seed: 99)
        #expect(
            try scene.chain.submit(stranger.commitment(id, commitment: commitment), by: scene.chain.operatorKey)
                == Refusal.keysUnknownEnclave.code)
    }

    @Test func `an older vault cannot be anchored`() throws {
        var scene = try CreditScene()
        let roots = (Hash32(1, 0, 0, 0), Hash32(2, 0, 0, 0))
        let operatorKey = scene.chain.operatorKey
        #expect(try scene.chain.submit(scene.enclave.anchor(nonce: .zero, version: 5, root: roots.0), by: operatorKey) == 0)
        #expect(
            try scene.chain.submit(scene.enclave.anchor(nonce: .zero, version: 4, root: roots.1), by: operatorKey)
                == Refusal.keysVaultRolledBack.code)
        #expect(
            try scene.chain.submit(scene.enclave.anchor(nonce: .zero, version: 5, root: roots.1), by: operatorKey)
                == Refusal.keysVaultRolledBack.code)
        #expect(try scene.chain.submit(scene.enclave.anchor(nonce: roots.1, version: 6, root: roots.1), by: operatorKey) == 0)
    }

    @Test func `evidence that answers no recent block is refused`() throws {
        var scene = try CreditScene()
        let other = try TestEnclave(chainID: scene.chain.genesis.chainID, seed: 3)
        #expect(
            try scene.chain.submit(other.registration(height: 2, block: Hash32(1, 1, 1, 1)), by: scene.chain.operatorKey)
                == AttestationError.wrongChallenge.code)
        #expect(
            try scene.chain.submit(other.registration(height: 9_999, block: .zero), by: scene.chain.operatorKey)
                == Refusal.keysStaleEvidence.code)
        #expect(try scene.chain.submit(other.registration(height: 1, block: .zero), by: scene.lender) == Refusal.keysNotOperator.code)
    }

    @Test func `a subscription pays each contributor and returns the rest`() throws {
        var scene = try CreditScene()
        let grants = [Hash32(1, 0, 0, 1), Hash32(1, 0, 0, 2), Hash32(1, 0, 0, 3)]
        for grant in grants { #expect(try scene.chain.submit(scene.grantMessage(grant), by: scene.subject) == 0) }
        let (id, lenderBefore) = try subscribe(&scene, minimum: 2, maximum: 5)
        let subjectBefore = try scene.chain.account(scene.subject.address).balance
        #expect(scene.chain.number(StateKey.escrowTotal) == 250)
        let run = try scene.enclave.run(id, commitment: commitment, height: scene.chain.height, grants: grants)
        #expect(try scene.chain.submit(run, by: scene.chain.operatorKey) == 0)
        #expect(try scene.chain.submit(scene.enclave.subscriptionOpening(id), by: scene.chain.operatorKey) == 0)
        #expect(try scene.chain.account(scene.subject.address).balance == subjectBefore + 150)
        #expect(try scene.chain.account(scene.lender.address).balance == lenderBefore - 150)
        #expect(scene.chain.number(StateKey.escrowTotal) == 0)
        #expect(try scene.consent(grants[0])?.uses == 1)
    }

    @Test func `a run with a withdrawn grant, too few grants or an old height is refused`() throws {
        var scene = try CreditScene()
        let grants = [Hash32(1, 0, 0, 1), Hash32(1, 0, 0, 2), Hash32(1, 0, 0, 3)]
        for grant in grants { #expect(try scene.chain.submit(scene.grantMessage(grant), by: scene.subject) == 0) }
        let (id, _) = try subscribe(&scene, minimum: 2, maximum: 5)
        let small = try scene.enclave.run(id, commitment: commitment, height: scene.chain.height, grants: [grants[0]])
        #expect(try scene.chain.submit(small, by: scene.chain.operatorKey) == Refusal.subscriptionsCohortTooSmall.code)
        let run = try scene.enclave.run(id, commitment: commitment, height: scene.chain.height, grants: grants)
        let withdrawal = `Consent on the chain`.withdrawal(grants[1], version: 1)
        #expect(try scene.chain.submit(withdrawal, by: scene.subject) == 0)
        #expect(try scene.chain.submit(run, by: scene.chain.operatorKey) == Refusal.subscriptionsGrantEnded.code)
        #expect(try scene.consent(grants[0])?.uses == 0)
        let old = try scene.enclave.run(id, commitment: commitment, height: 1, grants: [grants[0], grants[2]])
        #expect(try scene.chain.submit(old, by: scene.chain.operatorKey) == Refusal.subscriptionsStaleRun.code)
        let again = try scene.enclave.run(id, commitment: commitment, height: scene.chain.height, grants: [grants[0], grants[2]])
        #expect(try scene.chain.submit(again, by: scene.chain.operatorKey) == 0)
    }

    private func subscribe(
        _ scene: inout CreditScene, minimum: UInt32, maximum: UInt32
    ) throws -> (id: Hash32, balanceBefore: UInt64) {
        var message = WireRequestSubscription()
        message.dataset = CreditScene.dataset
        message.program = .init(scene.statistics.bytes)
        message.purpose = "CustomerManagement"
        message.fields = ["age"]
        message.minimumCohort = minimum
        message.maximumCohort = maximum
        message.price = 50
        message.recipientKey = scene.enclave.identity.vaultKey
        message.deadline = scene.chain.time + 60_000
        let transaction = try scene.chain.sign([WireMessage(.requestSubscription(message))], by: scene.lender)
        #expect(try scene.chain.block([transaction])[0].code == 0)
        return (transaction.messageIdentifier(0), try scene.chain.account(scene.lender.address).balance + 250)
    }
}
