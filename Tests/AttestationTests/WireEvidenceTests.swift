import Attestation
import ChainTypes
import Crypto
import Cryptography
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `Evidence on the wire` {
    @Test func `says the same as in files, on every platform`() throws {
        for sample in try WireSamples.all() where sample.evidence.platform != "tdx" && sample.evidence.platform != "sgx" {
            let context = AppraisalContext(
                expectation: sample.vector.nonce.map { .nonce($0) } ?? .none, anchors: sample.vector.anchors, policy: .files,
                time: sample.vector.time)
            var trail = AppraisalTrail.none
            let piece = try PlatformEvidence(sample.evidence)
            let expected = sample.vector.judge()
            do {
                let result = try piece.appraise(context, &trail)
                #expect(result.measurement == expected.result?.measurement && result.machine == expected.result?.machine, "\(sample.id)")
            } catch { #expect(error.word == expected.code, "\(sample.id)") }
        }
    }

    @Test func `under another platform's name is refused`() throws {
        for sample in try WireSamples.all() {
            for platform in EvidencePlatform.allCases where platform.rawValue != sample.evidence.platform && platform != .simulated {
                var changed = sample.evidence
                changed.platform = platform.rawValue
                let context = AppraisalContext(
                    expectation: .none, anchors: sample.vector.anchors, policy: .files, time: sample.vector.time)
                #expect(throws: AttestationError.self, "\(sample.id) as \(platform)") {
                    var trail = AppraisalTrail.none
                    _ = try PlatformEvidence(changed).appraise(context, &trail)
                }
            }
        }
    }

    @Test func `of real hardware binds no enclave of ours`() throws {
        var identity = WireEnclaveIdentity()
        identity.platform = "x"
        let binding = AttestationBinding(chainID: "a", identity: identity, height: 1, block: .zero)
        for sample in try WireSamples.all() where sample.id != "snp-milan-debug" && !sample.id.hasPrefix("sgx") {
            var context = AppraisalContext(
                expectation: .enclave(binding), anchors: sample.vector.anchors, policy: .files, time: sample.vector.time)
            context.policy.tcbStatuses = Set(TcbStatus.allCases)
            #expect(throws: AttestationError.wrongBinding, "\(sample.id)") {
                var trail = AppraisalTrail.none
                _ = try PlatformEvidence(sample.evidence).appraise(context, &trail)
            }
        }
    }
}

/// A key that makes quotes as a TPM does, for what the recorded ones cannot show: a binding of our own.
struct QuotingKey {
    private let key = P256.Signing.PrivateKey()

    var publicArea: [UInt8] {
        let point = Array(key.publicKey.rawRepresentation)
        let head: [UInt8] = [0, 0x23, 0, 0x0b, 0, 5, 0, 0x72, 0, 0, 0, 0x10, 0, 0x18, 0, 0x0b, 0, 3, 0, 0x10]
        let area = head + [0, 32] + point.prefix(32) + [0, 32] + point.suffix(32)
        return [0, UInt8(area.count)] + area
    }

    /// A quote of `registers` with `qualifyingData`.
    func report(_ registers: [UInt8: [UInt8]], _ qualifyingData: [UInt8]) throws -> WireTpmReport {
        let sorted = registers.sorted { $0.key < $1.key }
        var bitmap: [UInt8] = [0, 0, 0]
        for (index, _) in sorted { bitmap[Int(index / 8)] |= 1 << (index % 8) }
        var quote: [UInt8] = [0xff, 0x54, 0x43, 0x47, 0x80, 0x18, 0, 0, 0, UInt8(qualifyingData.count)] + qualifyingData
        quote +=
            [UInt8](repeating: 0, count: 25) + [0, 0, 0, 1, 0, 0x0b, 3] + bitmap + [0, 32] + PlainHash.sha256(sorted.flatMap(\.value))
        let signature = Array(try key.signature(for: Data(quote)).rawRepresentation)
        var wire = WireTpmReport()
        wire.quote = Data(quote)
        wire.signature = Data([0, 0x18, 0, 0x0b, 0, 32] + signature.prefix(32) + [0, 32] + signature.suffix(32))
        wire.akPublic = Data(publicArea)
        wire.pcrs = sorted.map { index, value in
            var register = WirePcrValue()
            register.index = UInt32(index)
            register.value = Data(value)
            return register
        }
        return wire
    }
}

@Suite struct `Registration of a TPM` {
    let key = QuotingKey()
    let registers: [UInt8: [UInt8]] = [11: [UInt8](repeating: 7, count: 32), 12: [UInt8](repeating: 8, count: 32)]
    let subject: AttestationSubject
    let reference: ReferenceValue
    let evidence: WireEvidence

    init() throws {
        var generator = SeededGenerator(seed: 5)
        reference = ReferenceValue(platform: .tpm, registers: ["pcr11": [UInt8](repeating: 7, count: 32)])
        var identity = WireEnclaveIdentity()
        identity.platform = "tpm"
        identity.signingKey = .init(try SigningKey.ed25519(seed: generator.bytes(32)).verificationKey.bytes)
        identity.vaultKey = try SealingPrivateKey(suite: .x25519, secretBytes: generator.bytes(32)).publicKey.wire
        identity.measurement = .init(reference.hash.bytes)
        let (block, challenge) = (generator.hash(), generator.hash())
        subject = AttestationSubject(chainID: "jupiter-sg", identity: identity, challengeBlock: block, challenge: challenge)
        let binding = AttestationBinding(chainID: "jupiter-sg", identity: identity, height: 9, block: block, challenge: challenge)
        var evidence = WireEvidence()
        evidence.platform = "tpm"
        evidence.report = .init(try key.report(registers, binding.bytes32.bytes).encoded())
        evidence.challengeHeight = 9
        evidence.challengeBlock = .init(block.bytes)
        evidence.challenge = .init(challenge.bytes)
        self.evidence = evidence
    }

    func appraise(
        _ subject: AttestationSubject? = nil, _ references: [ReferenceValue]? = nil, software: Bool = true
    ) throws(AttestationError) -> AttestationResult {
        try EvidenceAppraiser.appraise(
            evidence.encoded(), about: subject ?? self.subject, references: ReferenceValues(references ?? [reference]),
            policy: AppraisalPolicy(allowSimulated: false, allowSoftwareTpm: software), at: 1)
    }

    @Test func `binds chain, keys, block and challenge, and is worth nothing while nobody vouches for the TPM`() throws {
        let result = try appraise()
        #expect(result.label == "tpm (software)" && result.assurance == .none && result.platform == .tpm)
        #expect(result.machine?.kind == .attestationKey)
        #expect(EvidenceAppraiser.measurements(of: result, ReferenceValues([reference])) == [reference.hash])
        #expect(throws: AttestationError.softwareTpmNotAllowed) { try appraise(software: false) }
        var other = subject
        other.chainID = "jupiter-id"
        #expect(throws: AttestationError.wrongBinding) { try appraise(other) }
        other = subject
        other.challenge = .zero
        #expect(throws: AttestationError.wrongChallenge) { try appraise(other) }
    }

    @Test func `is refused for a measurement that governance does not know, or that the identity does not carry`() throws {
        #expect(throws: AttestationError.measurementMismatch) { try appraise(nil, []) }
        let unknown = ReferenceValue(platform: .tpm, registers: ["pcr11": [UInt8](repeating: 1, count: 32)])
        #expect(throws: AttestationError.measurementMismatch) { try appraise(nil, [unknown]) }
        let unselected = ReferenceValue(platform: .tpm, registers: ["pcr0": [UInt8](repeating: 7, count: 32)])
        #expect(throws: AttestationError.measurementMismatch) { try appraise(nil, [unselected]) }
        let wider = ReferenceValue(platform: .tpm, registers: ["pcr11": registers[11] ?? [], "pcr12": registers[12] ?? []])
        // The identity names one reference, the registers meet another.
        #expect(throws: AttestationError.badIdentity) { try appraise(nil, [wider]) }
        #expect(try appraise(nil, [wider, reference]).platform == .tpm)
        #expect(try ReferenceValue(wider.wire) == wider)
        #expect(throws: AttestationError.malformed) { try ReferenceValue(ReferenceValue(platform: .tpm, registers: [:]).wire) }
    }
}
