import Attestation
import ChainTypes
import Crypto
import Cryptography
import EnclavePlatforms
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `Evidence of a TPM` {
    private func report(_ platform: TPMPlatform, _ binding: AttestationBinding? = nil) throws -> WireTpmReport {
        try WireTpmReport(strictly: try platform.evidence(for: binding ?? TestLaunch.binding(platform)), limit: 16 << 10)
    }

    @Test func `is a quote that another implementation verifies`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        let report = try report(platform)
        let files = ["quote": report.quote, "signature": report.signature, "key": report.akPublic]
        for (name, bytes) in files { try bytes.write(to: URL(fileURLWithPath: "\(tpm.folder)/\(name)")) }
        func check(_ nonce: Hash32) throws -> Int32 {
            try Tool.run(
                "/usr/bin/tpm2_checkquote",
                [
                    "-u", tpm.folder + "/key", "-m", tpm.folder + "/quote", "-s", tpm.folder + "/signature", "-g", "sha256", "-q",
                    "\(nonce)",
                ]
            ).status
        }
        #expect(try check(TestLaunch.binding(platform).bytes32) == 0)
        #expect(try check(TestLaunch.binding(platform, height: 8).bytes32) != 0)
    }

    @Test func `shows the measured launch and the endorsement certificate`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        let report = try report(platform)
        #expect(report.pcrs.map(\.index) == [0, 2, 4, 7, 13])
        #expect(Hash32(report.pcrs[4].value) == TPMPlatform.launchRegister(after: TestLaunch.measurement()))
        #expect(report.pcrs[..<4].allSatisfy { Hash32($0.value) == .zero })
        let certificate = try #require(report.ekCertificates.first)
        #expect(report.ekCertificates.count == 1 && certificate.starts(with: [0x30, 0x82]))
        #expect(platform.isSoftware && platform.platform == "tpm")
        #expect(platform.measurement == Measurement.hash(.tpm, platform.reference.registers))
    }

    @Test func `has the same key after a restart, and another in another TPM or for another chain`() async throws {
        let tpm = try await TestTPM()
        let first = try report(TestLaunch.platform(tpm))
        try await tpm.restart()
        let second = try report(TestLaunch.platform(tpm))
        #expect(second.akPublic == first.akPublic && second.quote != first.quote)
        #expect(try report(TestLaunch.platform(tpm, genesis: .zero)).akPublic != first.akPublic)
        let other = try await TestTPM(isNew: true)
        let foreign = try report(TestLaunch.platform(other))
        #expect(foreign.akPublic != first.akPublic && foreign.ekCertificates != first.ekCertificates)
        #expect(foreign.pcrs == first.pcrs, "the same programs measure the same anywhere")
    }

    @Test func `of a changed program shows another register`() async throws {
        let tpm = try await TestTPM()
        let genuine = try TestLaunch.platform(tpm)
        #expect(throws: PlatformError.launchRegisterTaken(13)) { try TestLaunch.platform(tpm, program: "changed") }
        try await tpm.restart()
        let changed = try TestLaunch.platform(tpm, program: "changed")
        #expect(changed.measurement != genuine.measurement)
        let register = try #require(try report(changed).pcrs.last)
        #expect(register.index == 13 && [UInt8](register.value) != genuine.reference.registers["pcr13"])
        #expect(throws: AttestationError.measurementMismatch) {
            try Appraisal(changed).result(references: ReferenceValues([genuine.reference]), required: true)
        }
    }

    @Test func `appraises as what it is: a software TPM, class none`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        let result = try Appraisal(platform).result(references: ReferenceValues([platform.reference]), required: true)
        #expect(result.label == "tpm (software)" && result.assurance == .none && result.platform == .tpm)
        #expect(result.measurement.registers == platform.reference.registers)
        #expect(throws: AttestationError.softwareTpmNotAllowed) { try Appraisal(platform).result(allowSoftware: false) }
    }

    @Test func `for another chain, other keys or another block is refused`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        let good = try Appraisal(platform)
        var other = good
        other.chainID = "jupiter-other"
        #expect(throws: AttestationError.wrongBinding) { try other.result() }
        other = good
        other.identity.signingKey = .init(Hash32.zero.bytes)
        #expect(throws: AttestationError.wrongBinding) { try other.result() }
        other = good
        other.block = .zero
        #expect(throws: AttestationError.wrongChallenge) { try other.result() }
    }

    @Test func `with any byte of its quote changed is refused`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        let good = try Appraisal(platform)
        _ = try good.result()
        let wire = try WireTpmReport(strictly: good.report, limit: 16 << 10)
        for index in wire.quote.indices {
            var (changed, other) = (wire, good)
            changed.quote[index] ^= 1
            other.report = changed.encoded()
            #expect(throws: AttestationError.self, "byte \(index)") { try other.result() }
        }
    }
}

/// The appraisal of one platform's evidence as validators do it.
private struct Appraisal {
    var chainID = "jupiter-test"
    var identity: WireEnclaveIdentity
    var block = TestLaunch.block
    var report: [UInt8]

    init(_ platform: TPMPlatform) throws {
        identity = TestLaunch.identity(platform)
        report = try platform.evidence(for: TestLaunch.binding(platform))
    }

    func result(
        references: ReferenceValues = ReferenceValues(), required: Bool = false, allowSoftware: Bool = true
    ) throws(AttestationError) -> AttestationResult {
        var evidence = WireEvidence()
        evidence.platform = "tpm"
        evidence.report = .init(report)
        evidence.challengeHeight = 7
        evidence.challengeBlock = .init(TestLaunch.block.bytes)
        var policy = AppraisalPolicy(allowSimulated: false, allowSoftwareTpm: allowSoftware)
        policy.requireReferenceValues = required
        return try EvidenceAppraiser.appraise(
            evidence.encoded(), about: AttestationSubject(chainID: chainID, identity: identity, challengeBlock: block),
            references: references, policy: policy, at: 1_790_000_000_000)
    }
}
