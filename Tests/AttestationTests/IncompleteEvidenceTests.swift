import Attestation
import Foundation
import Primitives
import TestVectors
import Testing

/// A person has one file and wants to know what it is: the answer names its platform and what is missing, and never is `accept`.
@Suite struct `Evidence of which a part is missing` {
    /// The judgement of these of a vector's files, whose purposes are seen from their bytes.
    private func judge(_ id: String, _ roles: [EvidenceFiles.Role]) throws -> EvidenceVector.Judgement {
        var vector = try VectorSet.committed().vector(id)
        var files = EvidenceFiles()
        for role in roles { try files.add(#require(vector.files.files[role])) }
        vector.files = files
        return vector.judge(recording: true)
    }

    private func detail(_ check: String, _ judgement: EvidenceVector.Judgement) -> String {
        judgement.trail.steps.first { $0.check == check }?.detail ?? ""
    }

    @Test(arguments: [
        ("snp-genoa-v5", "SEV-SNP report, version 5, signed by the VCEK"),
        ("snp-milan-v3-vlek-aws", "SEV-SNP report, version 3, signed by the VLEK"),
        ("snp-milan-debug", "SEV-SNP report, version 2, signed by the VCEK"),
    ]) func `a report of AMD's alone lacks its endorsement`(id: String, form: String) throws {
        for roles in [[.evidence], [.evidence, .intermediate]] as [[EvidenceFiles.Role]] {
            let judgement = try judge(id, roles)
            #expect(judgement.verdict == .reject && judgement.code == "endorsement_missing")
            #expect(detail("form", judgement) == form)
            #expect(detail("missing", judgement) == "the certificate of the key that signed the report")
            #expect(judgement.trail.steps.last?.check == "certificates" && judgement.trail.steps.last?.outcome == .failed)
        }
    }

    @Test func `a report of AMD's is one in a manifest's files too, whatever lies beside it`() throws {
        var vector = try VectorSet.committed().vector("snp-synth-good")
        vector.files.files[.endorsementKey] = nil
        #expect(vector.judge().code == "endorsement_missing")
        vector.files.files[.tcbInfo] = [1]
        #expect(vector.judge().code == "endorsement_missing")
    }

    @Test(arguments: [
        ("tdx-v4-uptodate", "TDX quote, version 4"), ("tdx-v5-td15-uptodate", "TDX quote, version 5"),
        ("sgx-v3-conf-swhardening", "SGX quote, version 3"),
    ]) func `a quote of Intel's alone is bound, and its platform's state unknown`(id: String, form: String) throws {
        let judgement = try judge(id, [.evidence])
        #expect(judgement.verdict == .inconclusive && judgement.code == "binding_only")
        #expect(detail("form", judgement) == form)
        #expect(detail("collateral", judgement).hasPrefix("none given"))
        // A part of the collateral would hide what the rest says.
        #expect(try judge(id, [.evidence, .tcbInfo]).code == "endorsement_missing")
    }

    @Test func `a TPM's quote, key or signature alone says which others it takes`() throws {
        for (roles, form, missing) in [
            ([.tpmQuote], "a TPM 2.0 quote of 2 registers", "quote_sig, ak_public"),
            ([.attestationKey], "a TPM 2.0 public key", "quote_msg, quote_sig"),
            ([.tpmSignature], "a TPM 2.0 signature", "quote_msg, ak_public"),
            ([.tpmQuote, .tpmSignature], "a TPM 2.0 quote of 2 registers, a TPM 2.0 signature", "ak_public"),
        ] as [([EvidenceFiles.Role], String, String)] {
            let judgement = try judge("tpm-ecc-good-2pcrs", roles)
            #expect(judgement.verdict == .reject && judgement.code == "evidence_incomplete", "\(roles)")
            #expect(detail("form", judgement) == form && detail("missing", judgement) == missing)
        }
    }

    @Test func `a report of Azure's paravisor alone says of which processor it is, and what it takes`() throws {
        let snp = try judge("az-snp-milan", [.hclReport])
        #expect(snp.verdict == .reject && snp.code == "evidence_incomplete")
        #expect(detail("form", snp) == "a report of Azure's paravisor over SEV-SNP")
        #expect(detail("missing", snp) == "tpm_quote_msg, tpm_quote_sig, tpm_pcrs_sha256, endorsement_key_cert, intermediate")
        let tdx = try judge("az-tdx", [.hclReport])
        #expect(tdx.verdict == .reject && tdx.code == "evidence_incomplete")
        #expect(detail("form", tdx) == "a report of Azure's paravisor over TDX")
        #expect(detail("missing", tdx) == "tpm_quote_msg, tpm_quote_sig, tpm_pcrs_sha256, td_quote")
    }

    @Test func `Azure's evidence lacks its processor's part like any other part`() throws {
        let snp = try judge("az-snp-milan", [.hclReport, .azureQuote, .azureSignature, .azureRegisters])
        #expect(snp.code == "endorsement_missing" && detail("paravisor's report", snp) == "over SEV-SNP")
        let tdx = try judge("az-tdx", [.hclReport, .azureQuote, .azureSignature, .azureRegisters])
        #expect(tdx.code == "evidence_incomplete" && detail("missing", tdx) == "the TD quote over the same report data")
        var vector = try VectorSet.committed().vector("az-tdx")
        vector.files.files[.hclReport] = nil
        let judgement = vector.judge(recording: true)
        #expect(judgement.verdict == .reject && judgement.code == "evidence_incomplete" && detail("missing", judgement) == "hcl_report")
    }

    @Test func `a part that is not what its role says is malformed, not merely alone`() throws {
        for role in [.tpmQuote, .tpmSignature, .attestationKey, .hclReport, .tdQuote, .azureQuote] as [EvidenceFiles.Role] {
            let vector = EvidenceVector(files: EvidenceFiles([role: [1, 2, 3]]), time: 0, anchors: .pinned)
            #expect(vector.judge().code == "malformed", "\(role.rawValue)")
        }
    }

    @Test func `no vector without one of its parts is accepted, but for what is optional`() throws {
        let optional: Set<EvidenceFiles.Role> = [.amdList, .tpmRegisters, .endorsementCertificate, .endorsementIssuers, .eventLog]
        for set in try VectorSet.all() {
            for entry in set.manifest.entries {
                for role in entry.paths.keys where !optional.contains(role) {
                    var vector = try set.vector(entry.id)
                    vector.files.files[role] = nil
                    #expect(vector.judge().verdict != .accept, "\(entry.name) without \(role.rawValue)")
                }
            }
        }
    }
}
