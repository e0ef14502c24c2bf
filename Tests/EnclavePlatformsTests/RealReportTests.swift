import Attestation
import ChainTypes
import Cryptography
import EnclavePlatforms
import EvidenceReplay
import Foundation
import Primitives
import Testing
import WireTypes

/// Reports that real hardware made (Tests/Vectors/attestation): what an enclave reads in its own must be what appraisal finds.
@Suite struct `Measurements of real reports` {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors/attestation")

    private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: Self.folder.appending(path: path))) }

    private func registers(_ evidence: PlatformEvidence, at time: UInt64) throws -> [String: [UInt8]] {
        let context = AppraisalContext(expectation: .none, anchors: .pinned, policy: .files, time: time)
        var trail = AppraisalTrail.none
        return try evidence.appraise(context, &trail).measurement.registers
    }

    @Test func `of SEV-SNP`() throws {
        let report = try bytes("snp/snp-genoa-v5/report.bin")
        let evidence = SnpEvidence(
            report: report, endorsementKey: try bytes("snp/snp-genoa-v5/vcek.der"), issuers: [try bytes("snp/snp-genoa-v5/ask.der")])
        #expect(try SNPPlatform.registers(report) == registers(.sevSnp(evidence), at: 1_780_272_000_000))
    }

    @Test(arguments: [("tdx-v4-uptodate", UInt64(1_750_852_800_000)), ("tdx-v5-td15-uptodate", 1_772_020_800_000)])
    func `of TDX`(vector: String, time: UInt64) throws {
        let quote = try bytes("tdx/\(vector)/quote.bin")
        let files = try EvidenceFiles([
            .evidence: quote, .tcbInfo: bytes("tdx/\(vector)/tcb_info.json"), .qeIdentity: bytes("tdx/\(vector)/qe_identity.json"),
            .tcbSigners: bytes("tdx/\(vector)/tcb_signing_chain.pem"), .pckList: bytes("tdx/\(vector)/pck_crl.der"),
            .pckListIssuers: bytes("tdx/\(vector)/pck_crl_issuer_chain.pem"), .rootList: bytes("tdx/\(vector)/root_ca_crl.der"),
        ])
        #expect(try TDXPlatform.registers(quote) == registers(files.piece(), at: time))
    }

    @Test func `of Nitro`() throws {
        let document = try bytes("nitro/nitro-good-nonce/attestation.cbor")
        #expect(
            try NitroPlatform.registers(document)
                == registers(.nitro(NitroEvidence(document: document)), at: 1_665_651_542_000))
    }

    @Test func `do not make evidence that is replayed answer for other keys`() throws {
        var wire = WireSevSnpReport()
        wire.report = .init(try bytes("snp/snp-genoa-v5/report.bin"))
        wire.endorsementKey = .init(try bytes("snp/snp-genoa-v5/vcek.der"))
        wire.intermediate = .init(try bytes("snp/snp-genoa-v5/ask.der"))
        let file = FileManager.default.temporaryDirectory.appending(path: "jupiter-replay-\(UUID().uuidString)")
        try Data(wire.encoded()).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let reference = ReferenceValue(platform: .sevSnp, registers: try SNPPlatform.registers([UInt8](wire.report)))
        let source = try ReplayedEvidence(platform: .sevSnp, file: file, reference: reference)
        var identity = WireEnclaveIdentity()
        identity.platform = source.platform
        identity.measurement = .init(source.measurement.bytes)
        identity.signingKey = .init(Hash32.zero.bytes)
        identity.vaultKey = try SealingPrivateKey(suite: .xwing).publicKey.wire
        let binding = AttestationBinding(chainID: "jupiter-test", identity: identity, height: 1, block: .zero)
        var evidence = WireEvidence()
        (evidence.platform, evidence.report, evidence.challengeHeight) = (source.platform, .init(source.evidence(for: binding)), 1)
        evidence.challengeBlock = .init(Hash32.zero.bytes)
        #expect(throws: AttestationError.wrongBinding) {
            try EvidenceAppraiser.appraise(
                evidence.encoded(), about: AttestationSubject(chainID: "jupiter-test", identity: identity, challengeBlock: .zero),
                references: ReferenceValues([reference]), policy: .files, at: 1_780_272_000_000)
        }
    }
}
