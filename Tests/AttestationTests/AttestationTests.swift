import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import Testing
import WireTypes

@Suite struct `The appraisal of evidence` {
    let subject: AttestationSubject
    let evidence: WireEvidence

    init() throws {
        var generator = SeededGenerator(seed: 3)
        var identity = WireEnclaveIdentity()
        identity.platform = SimulatedEvidence.platform
        identity.signingKey = .init(try SigningKey.ed25519(seed: generator.bytes(32)).verificationKey.bytes)
        identity.vaultKey = try SealingPrivateKey(suite: .x25519, secretBytes: generator.bytes(32)).publicKey.wire
        identity.measurement = .init(SimulatedEvidence.measurement.bytes)
        let block = generator.hash()
        subject = AttestationSubject(chainID: "jupiter-sg", identity: identity, challengeBlock: block)
        let binding = AttestationBinding(chainID: "jupiter-sg", identity: identity, height: 7, block: block)
        var evidence = WireEvidence()
        evidence.platform = SimulatedEvidence.platform
        evidence.report = .init(SimulatedEvidence.report(binding))
        evidence.challengeHeight = 7
        evidence.challengeBlock = .init(block.bytes)
        self.evidence = evidence
    }

    func refusal(_ evidence: WireEvidence, _ subject: AttestationSubject, allowed: Bool = true) -> AttestationError? {
        do throws(AttestationError) {
            _ = try EvidenceAppraiser.appraise(
                evidence.encoded(), about: subject, policy: AppraisalPolicy(allowSimulated: allowed), at: 1)
        } catch { return error }
        return nil
    }

    @Test func `takes simulated evidence only where the genesis allows it, and values it at nothing`() throws {
        let appraisal = try EvidenceAppraiser.appraise(
            evidence.encoded(), about: subject, policy: AppraisalPolicy(allowSimulated: true), at: 1)
        #expect(appraisal.platform == .simulated && appraisal.assurance == .none && appraisal.label == "simulated")
        #expect(refusal(evidence, subject, allowed: false) == .simulatedNotAllowed)
        #expect(String(decoding: evidence.report, as: UTF8.self).hasPrefix("simulated: no hardware"))
    }

    @Test func `binds chain, keys, height and block`() {
        var other = subject
        other.chainID = "jupiter-id"
        #expect(refusal(evidence, other) == .wrongBinding)
        other = subject
        other.identity.signingKey[0] ^= 1
        #expect(refusal(evidence, other) == .wrongBinding)
        other = subject
        other.role = "worker"
        #expect(refusal(evidence, other) == .wrongBinding)
        other = subject
        other.challenge = .zero
        #expect(refusal(evidence, other) == .wrongChallenge)
        other = subject
        other.challengeBlock = .zero
        #expect(refusal(evidence, other) == .wrongChallenge)
        var later = evidence
        later.challengeHeight = 8
        #expect(refusal(later, subject) == .wrongBinding)
    }

    @Test func `refuses platforms it cannot verify, and malformed identities`() {
        var other = subject
        var claimed = evidence
        #expect(
            refusal(
                {
                    var e = claimed
                    e.platform = "tdx"
                    return e
                }(), other) == .wrongBinding)
        other.identity.platform = "abacus"
        claimed.platform = "abacus"
        #expect(refusal(claimed, other) == .unsupportedPlatform)
        other = subject
        other.identity.measurement = .init(Hash32.zero.bytes)
        #expect(refusal(evidence, other) == .wrongBinding)
        claimed = evidence
        claimed.report = .init(
            SimulatedEvidence.report(
                AttestationBinding(chainID: "jupiter-sg", identity: other.identity, height: 7, block: other.challengeBlock)))
        #expect(refusal(claimed, other) == .badIdentity)
        other = subject
        other.identity.vaultKey.key.removeLast()
        #expect(refusal(evidence, other) == .badIdentity)
    }

    @Test func `survives mutated evidence (fuzz)`() {
        let seed: UInt64 = 0xA77
        var generator = SeededGenerator(seed: seed)
        let good = evidence.encoded()
        for round in 0..<2_000 {
            var bytes = good
            bytes[Int(generator.next() % UInt64(bytes.count))] ^= UInt8(truncatingIfNeeded: 1 + generator.next() % 255)
            let isAccepted =
                (try? EvidenceAppraiser.appraise(bytes, about: subject, policy: AppraisalPolicy(allowSimulated: true), at: 1)) != nil
            #expect(!isAccepted, "seed \(seed) round \(round)")
        }
        #expect(
            (try? EvidenceAppraiser.appraise(generator.bytes(100), about: subject, policy: AppraisalPolicy(allowSimulated: true), at: 1))
                == nil)
    }
}
