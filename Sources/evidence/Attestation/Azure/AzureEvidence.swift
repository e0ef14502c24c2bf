import Primitives

/// A quote of the virtual TPM that Azure's paravisor gives to a confidential machine: the processor vouches for the paravisor, the
/// paravisor for the TPM's key, the TPM for what was booted (a layered attester, RFC 9334 §3.2).
package struct AzureEvidence: Sendable {
    package var hclReport: [UInt8]
    package var quote: [UInt8]
    package var signature: [UInt8]
    package var registers: TpmRegisters
    /// With SEV-SNP: certificates of the key that signed the report.
    package var endorsementKey: [UInt8]?
    package var issuers: [[UInt8]]
    package var revocationList: [UInt8]?
    /// With TDX: a quote over the same report data.
    package var tdQuote: [UInt8]?
    /// `nil` takes the endorsements' one.
    package var collateral: IntelCollateral?

    package init(
        hclReport: [UInt8], quote: [UInt8], signature: [UInt8], registers: TpmRegisters, endorsementKey: [UInt8]? = nil,
        issuers: [[UInt8]] = [], revocationList: [UInt8]? = nil, tdQuote: [UInt8]? = nil, collateral: IntelCollateral? = nil
    ) {
        (self.hclReport, self.quote, self.signature, self.registers) = (hclReport, quote, signature, registers)
        (self.endorsementKey, self.issuers, self.revocationList) = (endorsementKey, issuers, revocationList)
        (self.tdQuote, self.collateral) = (tdQuote, collateral)
    }

    func appraise(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> AttestationResult {
        let (hcl, parsed) = try trail.step("paravisor's report") { () throws(AttestationError) in
            let pieces = (try HclReport(hclReport), try TpmQuote(quote))
            return (pieces, pieces.0.hardware == .sevSnp ? "over SEV-SNP" : "over TDX")
        }
        let vouched = try vouch(hcl, context, &trail)
        let expected = TpmHash.sha256.hash(hcl.runtimeData) + [UInt8](repeating: 0, count: 32)
        try trail.check("attestation key", vouched.reportData.elementsEqual(expected), .akBinding) {
            "the processor's report data are the hash of the runtime data that hold it"
        }
        let key = try hcl.attestationKey()
        try trail.check("quote signature", TpmSignature(rsassa: signature).verifies(quote, by: .rsa(key)), .quoteSignature) {
            "by the attestation key"
        }
        let platform: EvidencePlatform = hcl.hardware == .sevSnp ? .azureSnp : .azureTdx
        let measurement = try TpmEvidence.measurement(platform, parsed, registers, .sha256, vouched.registers, context, &trail)
        guard !vouched.isIncomplete else { throw .bindingOnly }
        return AttestationResult(
            platform: platform, assurance: .confidential, measurement: measurement, machine: vouched.machine, product: vouched.product,
            tcbStatus: vouched.verdict?.status, advisories: vouched.verdict?.advisories ?? [], expires: vouched.expires)
    }

    /// The processor's part, whichever processor it is.
    private struct Vouched {
        var reportData: ArraySlice<UInt8>
        var registers: [String: [UInt8]]
        var machine: MachineIdentity?
        var product: String
        var verdict: IntelTcbVerdict?
        var expires: UInt64?
        var isIncomplete = false
    }

    private func vouch(
        _ hcl: HclReport, _ context: AppraisalContext, _ trail: inout AppraisalTrail
    ) throws(AttestationError) -> Vouched {
        switch hcl.hardware {
        case .sevSnp:
            guard tdQuote == nil else { throw .malformed }
            let evidence = SnpEvidence(
                report: Array(hcl.hardwareReport), endorsementKey: endorsementKey, issuers: issuers, revocationList: revocationList)
            let proof = try evidence.vouch(context, &trail)
            // Only the paravisor runs at level 0; the guest below it could ask for a report too.
            try trail.check("paravisor", proof.report.vmpl == 0, .platformPolicy) { "at VMPL 0" }
            return Vouched(
                reportData: proof.report.reportData, registers: proof.registers, machine: proof.machine, product: proof.product.rawValue,
                expires: proof.expires)
        case .tdx:
            guard endorsementKey == nil else { throw .malformed }
            guard let tdQuote else {
                trail.note("missing", "the TD quote over the same report data")
                throw .evidenceIncomplete
            }
            let proof = try IntelEvidence(quote: tdQuote, collateral: collateral).vouch(context, &trail)
            guard proof.quote.isTdx else { throw .malformed }
            return Vouched(
                reportData: proof.quote.reportData, registers: proof.registers, machine: proof.machine,
                product: Hex.encode(proof.pck.fmspc), verdict: proof.verdict, expires: proof.verdict?.expires,
                isIncomplete: proof.verdict == nil)
        }
    }
}
