/// Files of which a part is missing that the platform itself makes: what those at hand are, and which are not.
extension EvidenceFiles {
    /// Says what the files are and which of `roles` are missing; the error to throw.
    func incomplete(_ parts: [String], without roles: [Role], _ trail: inout AppraisalTrail) -> AttestationError {
        trail.note("form", parts.joined(separator: ", "))
        trail.note("missing", roles.filter { files[$0] == nil }.map(\.rawValue).joined(separator: ", "))
        return .evidenceIncomplete
    }

    /// - Throws: `malformed` when one of them is not what its role says.
    func tpmParts() throws(AttestationError) -> [String] {
        var parts: [String] = []
        if let bytes = files[.tpmQuote] { parts.append(try Self.describe(TpmQuote(bytes))) }
        if let bytes = files[.tpmSignature] {
            _ = try TpmSignature(bytes)
            parts.append("a TPM 2.0 signature")
        }
        if let bytes = files[.attestationKey] {
            _ = try TpmPublicArea(bytes)
            parts.append("a TPM 2.0 public key")
        }
        return parts
    }

    /// As above.
    func azureParts() throws(AttestationError) -> [String] {
        var parts: [String] = []
        if let bytes = files[.hclReport] {
            let isSnp = try HclReport(bytes).hardware == .sevSnp
            parts.append("a report of Azure's paravisor over \(isSnp ? "SEV-SNP" : "TDX")")
        }
        if let bytes = files[.tdQuote] {
            _ = try IntelQuoteReader(bytes)
            parts.append("a TDX quote")
        }
        if let bytes = files[.azureQuote] { parts.append(try Self.describe(TpmQuote(bytes))) }
        // RSASSA without a frame: any bytes could be one.
        if files[.azureSignature] != nil { parts.append("a signature of a virtual TPM") }
        return parts
    }

    /// The parts that Azure's evidence has: which processor's they are, the paravisor's report says.
    func azureRoles() throws(AttestationError) -> [Role] {
        let both: [Role] = [.hclReport, .azureQuote, .azureSignature, .azureRegisters]
        guard let bytes = files[.hclReport] else { return both }
        return both + (try HclReport(bytes).hardware == .sevSnp ? [.endorsementKey, .intermediate] : [.tdQuote])
    }

    private static func describe(_ quote: TpmQuote) -> String {
        "a TPM 2.0 quote of " + (quote.selection.map { "\($0.count) registers" } ?? "another bank than SHA-256")
    }
}
