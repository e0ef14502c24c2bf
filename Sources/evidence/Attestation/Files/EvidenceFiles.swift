import Primitives

/// One piece of evidence as files: what each is for, and its bytes. Which files there are and what is in them decides the platform.
package struct EvidenceFiles: Sendable {
    /// What a file is for: the keys of a manifest's `files`.
    package enum Role: String, Sendable, CaseIterable {
        case evidence
        case endorsementKey = "endorsement_key_cert"
        case intermediate
        case amdList = "crl"
        case tcbInfo = "tcb_info"
        case qeIdentity = "qe_identity"
        case tcbSigners = "tcb_signing_chain"
        case pckList = "pck_crl"
        case pckListIssuers = "pck_crl_issuer_chain"
        case rootList = "root_ca_crl"
        case tpmQuote = "quote_msg"
        case tpmSignature = "quote_sig"
        case attestationKey = "ak_public"
        case tpmRegisters = "pcr_values_concat"
        case endorsementCertificate = "ek_cert"
        case endorsementIssuers = "ek_ca"
        case hclReport = "hcl_report"
        case azureQuote = "tpm_quote_msg"
        case azureSignature = "tpm_quote_sig"
        case azureRegisters = "tpm_pcrs_sha256"
        case tdQuote = "td_quote"
        case eventLog = "event_log"
    }

    /// Bytes of one file that are looked at.
    package static let maximumBytes = 1 << 20

    package var files: [Role: [UInt8]]

    package init(_ files: [Role: [UInt8]] = [:]) { self.files = files }

    /// The certificates of a file: PEM, or one in DER.
    package static func certificates(_ bytes: [UInt8]) throws(AttestationError) -> [[UInt8]] {
        bytes.starts(with: "-----BEGIN".utf8) ? try PemChain.read(bytes) : [bytes]
    }

    /// As below, with nobody who wants to follow it.
    package func piece() throws(AttestationError) -> PlatformEvidence {
        var trail = AppraisalTrail.none
        return try piece(&trail)
    }

    /// - Throws: `noEvidence` when there is nothing that a platform signed, `evidenceIncomplete` when a part of it is missing: `trail`
    ///   then says of what, and which.
    package func piece(_ trail: inout AppraisalTrail) throws(AttestationError) -> PlatformEvidence {
        if has(.hclReport, .azureQuote, .azureSignature, .tdQuote) { return .azure(try azure(&trail)) }
        if has(.tpmQuote, .attestationKey) { return .tpm(try tpm(&trail)) }
        guard let evidence = files[.evidence] else {
            if has(.endorsementKey) { return .sevSnp(try snp(nil)) }
            guard has(.tpmSignature) else { throw .noEvidence }
            return .tpm(try tpm(&trail))
        }
        // A report without its key's certificate is AMD's all the same: what is missing is the endorsement.
        if has(.endorsementKey) || (try? SnpReport(evidence)) != nil { return .sevSnp(try snp(evidence)) }
        if has(.tcbInfo) || Self.beginsQuote(evidence) { return .intel(try intel(evidence)) }
        return .nitro(NitroEvidence(document: evidence))
    }

    /// Version 3 to 5, then the type of an ECDSA P-256 key: how every quote begins, and nothing in CBOR.
    private static func beginsQuote(_ bytes: [UInt8]) -> Bool {
        bytes.count > 4 && 3...5 ~= bytes[0] && bytes[1] == 0 && bytes[2] == 2 && bytes[3] == 0
    }

    private func has(_ roles: Role...) -> Bool { roles.contains { files[$0] != nil } }

    private func certificates(_ role: Role) throws(AttestationError) -> [[UInt8]] {
        guard let bytes = files[role] else { return [] }
        return try Self.certificates(bytes)
    }

    /// The one certificate of a file; `nil` without the file.
    private func optional(_ role: Role) throws(AttestationError) -> [UInt8]? {
        guard has(role) else { return nil }
        let found = try certificates(role)
        guard found.count == 1 else { throw .malformed }
        return found[0]
    }

    private func snp(_ report: [UInt8]?) throws(AttestationError) -> SnpEvidence {
        SnpEvidence(
            report: report, endorsementKey: try optional(.endorsementKey), issuers: try certificates(.intermediate),
            revocationList: files[.amdList])
    }

    private func intel(_ quote: [UInt8]) throws(AttestationError) -> IntelEvidence {
        IntelEvidence(quote: quote, collateral: try collateral(), eventLog: files[.eventLog])
    }

    /// All of it or none: a part alone would hide what the other part says.
    private func collateral() throws(AttestationError) -> IntelCollateral? {
        let roles: [Role] = [.tcbInfo, .qeIdentity, .tcbSigners, .pckList, .pckListIssuers, .rootList]
        guard roles.contains(where: { files[$0] != nil }) else { return nil }
        guard let tcbInfo = files[.tcbInfo], let identity = files[.qeIdentity], let pckList = files[.pckList],
            let rootList = files[.rootList]
        else { throw .endorsementMissing }
        let signers = try certificates(.tcbSigners)
        return IntelCollateral(
            tcbInfo: .init(body: tcbInfo, issuers: signers), qeIdentity: .init(body: identity, issuers: signers),
            pckList: .init(body: pckList, issuers: try certificates(.pckListIssuers)), rootList: rootList)
    }

    private func tpm(_ trail: inout AppraisalTrail) throws(AttestationError) -> TpmEvidence {
        guard let quote = files[.tpmQuote], let signature = files[.tpmSignature], let key = files[.attestationKey] else {
            throw incomplete(try tpmParts(), without: [.tpmQuote, .tpmSignature, .attestationKey], &trail)
        }
        return TpmEvidence(
            quote: quote, signature: signature, attestationKey: key,
            registers: files[.tpmRegisters].map { TpmRegisters(indices: nil, concatenated: $0) },
            endorsementCertificates: try certificates(.endorsementCertificate) + certificates(.endorsementIssuers))
    }

    private func azure(_ trail: inout AppraisalTrail) throws(AttestationError) -> AzureEvidence {
        guard let report = files[.hclReport], let quote = files[.azureQuote], let signature = files[.azureSignature],
            let registers = files[.azureRegisters]
        else { throw incomplete(try azureParts(), without: try azureRoles(), &trail) }
        return AzureEvidence(
            hclReport: report, quote: quote, signature: signature, registers: TpmRegisters(indices: nil, concatenated: registers),
            endorsementKey: try optional(.endorsementKey), issuers: try certificates(.intermediate), revocationList: files[.amdList],
            tdQuote: files[.tdQuote], collateral: try collateral())
    }
}
