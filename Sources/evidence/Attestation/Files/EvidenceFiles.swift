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

    /// - Throws: `noEvidence` when there is nothing that a platform signed, `malformed` when a part of it is missing.
    package func piece() throws(AttestationError) -> PlatformEvidence {
        if files[.hclReport] != nil { return .azure(try azure()) }
        if files[.tpmQuote] != nil || files[.attestationKey] != nil { return .tpm(try tpm()) }
        guard let evidence = files[.evidence] else {
            guard files[.endorsementKey] != nil else { throw .noEvidence }
            return .sevSnp(try snp(nil))
        }
        if files[.endorsementKey] != nil { return .sevSnp(try snp(evidence)) }
        if files[.tcbInfo] != nil || Self.beginsQuote(evidence) { return .intel(try intel(evidence)) }
        return .nitro(NitroEvidence(document: evidence))
    }

    /// Version 3 to 5, then the type of an ECDSA P-256 key: how every quote begins, and nothing in CBOR.
    private static func beginsQuote(_ bytes: [UInt8]) -> Bool {
        bytes.count > 4 && 3...5 ~= bytes[0] && bytes[1] == 0 && bytes[2] == 2 && bytes[3] == 0
    }

    private func required(_ role: Role) throws(AttestationError) -> [UInt8] {
        guard let bytes = files[role] else { throw .malformed }
        return bytes
    }

    private func certificates(_ role: Role) throws(AttestationError) -> [[UInt8]] {
        guard let bytes = files[role] else { return [] }
        return try Self.certificates(bytes)
    }

    private func single(_ role: Role) throws(AttestationError) -> [UInt8] {
        let found = try certificates(role)
        guard found.count == 1 else { throw .malformed }
        return found[0]
    }

    private func snp(_ report: [UInt8]?) throws(AttestationError) -> SnpEvidence {
        SnpEvidence(
            report: report, endorsementKey: try single(.endorsementKey), issuers: try certificates(.intermediate),
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

    private func tpm() throws(AttestationError) -> TpmEvidence {
        TpmEvidence(
            quote: try required(.tpmQuote), signature: try required(.tpmSignature), attestationKey: try required(.attestationKey),
            registers: files[.tpmRegisters].map { TpmRegisters(indices: nil, concatenated: $0) },
            endorsementCertificates: try certificates(.endorsementCertificate) + certificates(.endorsementIssuers))
    }

    private func azure() throws(AttestationError) -> AzureEvidence {
        AzureEvidence(
            hclReport: try required(.hclReport), quote: try required(.azureQuote), signature: try required(.azureSignature),
            registers: TpmRegisters(indices: nil, concatenated: try required(.azureRegisters)),
            endorsementKey: files[.endorsementKey] == nil ? nil : try single(.endorsementKey), issuers: try certificates(.intermediate),
            revocationList: files[.amdList], tdQuote: files[.tdQuote], collateral: try collateral())
    }
}
