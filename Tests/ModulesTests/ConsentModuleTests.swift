import ChainTypes
import ConsentRules
import Cryptography
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Consent on the chain` {
    static func withdrawal(_ grant: Hash32, version: UInt32) -> WireMessage {
        var message = WireWithdrawConsent()
        message.grant = .init(grant.bytes)
        message.version = version
        return WireMessage(.withdrawConsent(message))
    }

    @Test func `a use is charged once, and the last one exhausts the grant`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        #expect(try scene.request(scene.requestMessage()).code == 0)
        #expect(try scene.consent()?.uses == 1)
        #expect(try scene.request(scene.requestMessage()).code == 0)
        #expect(try scene.consent()?.status == .exhausted)
        #expect(try scene.request(scene.requestMessage()).code == Refusal.consentExhausted.code)
    }

    @Test func `a use is charged with all that its program may say, until the output budget is spent`() throws {
        var scene = try CreditScene()
        let program: WireProgram? = try scene.chain.message(StateKey.program(scene.assessor))
        let bytes = UInt64(try #require(program).manifest.maximumOutput)
        let grant = scene.grantMessage {
            $0.maximumUses = 5
            $0.maximumOutputBytes = 2 * bytes + bytes / 2
        }
        #expect(try scene.chain.submit(grant, by: scene.subject) == 0)
        #expect(try scene.request(scene.requestMessage()).code == 0)
        #expect(try scene.consent()?.outputBytes == bytes)
        let (code, id) = try scene.request(scene.requestMessage())
        #expect(code == 0)
        #expect(try scene.consent()?.outputBytes == 2 * bytes)
        #expect(try scene.request(scene.requestMessage()).code == Refusal.consentOutputSpent.code)
        #expect(try scene.consent()?.uses == 2)
        // What was charged may be committed.
        let commitment = try scene.enclave.commitment(id, commitment: Hash32(7, 7, 7, 7))
        #expect(try scene.chain.submit(commitment, by: scene.chain.operatorKey) == 0)
    }

    @Test func `two requests in one block cannot share the last charge`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage { $0.maximumUses = 1 }, by: scene.subject) == 0)
        let requests = try [
            scene.chain.sign([scene.requestMessage()], by: scene.lender), scene.chain.sign([scene.requestMessage()], by: scene.lender),
        ]
        #expect(try scene.chain.block(requests).map(\.code) == [0, Refusal.consentExhausted.code])
    }

    @Test func `each attribute outside the grant is refused with its own code`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let cases: [(Refusal, WireMessage)] = [
            (.consentNone, scene.requestMessage(Hash32(4, 4, 4, 4))),
            (.consentWrongPurpose, scene.requestMessage { $0.purpose = "Marketing" }),
            (.consentWrongPurpose, scene.requestMessage { $0.purpose = "NoSuchPurpose" }),
            (.consentFieldOutsideScope, scene.requestMessage { $0.fields = ["age", "purpose"] }),
            (.consentPriceTooLow, scene.requestMessage { $0.price = 49 }),
            (.programsUnpublished, scene.requestMessage { $0.program = .init(Hash32(7, 7, 7, 7).bytes) }),
            (.registryUnknownDataset, scene.requestMessage { $0.dataset = "other" }),
            (.assessmentsBadDeadline, scene.requestMessage { $0.deadline = 5 }),
            (.assessmentsMalformed, scene.requestMessage { $0.fields = ["amount", "age"] }),
        ]
        for (refusal, message) in cases {
            let (code, _) = try scene.request(message)
            #expect(code == refusal.code, "\(refusal.name)")
        }
        #expect(try scene.consent()?.uses == 0)
    }

    @Test func `a grant is over at the very millisecond it names`() throws {
        var scene = try CreditScene()
        let end = scene.chain.time + 5_000
        #expect(try scene.chain.submit(scene.grantMessage { $0.validUntil = end }, by: scene.subject) == 0)
        while scene.chain.time < end - 1_000 { try scene.chain.block() }
        let (code, _) = try scene.request(scene.requestMessage { $0.deadline = end + 1 })
        #expect(code == Refusal.consentExpired.code)
    }

    @Test func `withdrawing is free, works without any balance, and cannot be replayed`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let balance = try scene.chain.account(scene.subject.address)
        let withdrawal = try scene.chain.sign([Self.withdrawal(scene.grant, version: 1)], by: scene.subject, fee: 0) { $0.nonce = 0 }
        #expect(try scene.chain.block([withdrawal])[0].code == 0)
        #expect(try scene.chain.account(scene.subject.address) == balance)
        #expect(try scene.consent()?.status == .withdrawn)
        #expect(try scene.chain.block([withdrawal])[0].code == Refusal.consentStaleVersion.code)
        #expect(try scene.request(scene.requestMessage()).code == Refusal.consentWithdrawn.code)
    }

    @Test func `only the subject withdraws`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let withdrawal = try scene.chain.sign([Self.withdrawal(scene.grant, version: 1)], by: scene.lender, fee: 0) { $0.nonce = 0 }
        #expect(try scene.chain.block([withdrawal])[0].code == Refusal.consentNotSubject.code)
        #expect(try scene.consent()?.status == .active)
    }

    @Test func `suspension stops uses until it is lifted, and an end is final`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        var suspend = WireSuspendConsent()
        suspend.grant = .init(scene.grant.bytes)
        var resume = WireResumeConsent()
        resume.grant = .init(scene.grant.bytes)
        #expect(try scene.chain.submit(WireMessage(.suspendConsent(suspend)), by: scene.subject) == 0)
        #expect(try scene.request(scene.requestMessage()).code == Refusal.consentSuspended.code)
        #expect(try scene.chain.submit(WireMessage(.resumeConsent(resume)), by: scene.subject) == 0)
        #expect(try scene.request(scene.requestMessage()).code == 0)
        let version = try #require(try scene.consent()?.version)
        #expect(version == 3)
        #expect(try scene.chain.submit(Self.withdrawal(scene.grant, version: version), by: scene.subject) == 0)
        #expect(try scene.chain.submit(WireMessage(.resumeConsent(resume)), by: scene.subject) == Refusal.consentEnded.code)
    }

    @Test func `a grant's identifier is used once`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.lender) == Refusal.consentExists.code)
    }
}
