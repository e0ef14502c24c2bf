extension EvidenceFiles {
    /// Adds a file; without a role its content tells what it is for.
    ///
    /// - Throws: `malformed` when it does not, or when there is one of this role already.
    package mutating func add(_ bytes: [UInt8], as role: Role? = nil) throws(AttestationError) {
        let found: Role? = if let role { role } else { try Self.role(of: bytes) }
        guard let role = found, files.updateValue(bytes, forKey: role) == nil else { throw .malformed }
        // The quote, signature and registers of a virtual TPM are files of their own in manifests.
        let pairs: [(Role, Role)] = [(.tpmQuote, .azureQuote), (.tpmSignature, .azureSignature), (.tpmRegisters, .azureRegisters)]
        guard files[.hclReport] != nil else { return }
        for (plain, azure) in pairs {
            guard let moved = files.removeValue(forKey: plain) else { continue }
            files[azure] = moved
        }
        if files[.tdQuote] == nil, let quote = files.removeValue(forKey: .evidence) { files[.tdQuote] = quote }
    }

    private static func role(of bytes: [UInt8]) throws(AttestationError) -> Role? {
        if bytes.starts(with: "{".utf8) {
            let members = try JsonValue(bytes, limit: IntelSignedJson.maximumBytes).object ?? [:]
            return members["tcbInfo"] != nil ? .tcbInfo : members["enclaveIdentity"] != nil ? .qeIdentity : nil
        }
        if let list = try? RevocationList(bytes) { return role(ofList: list) }
        if let chain = try? certificates(bytes), let first = chain.first, let leaf = try? VendorCertificate(first) {
            return role(of: leaf)
        }
        if bytes.starts(with: "HCLA".utf8) { return .hclReport }
        if bytes.starts(with: [0xff, 0x54, 0x43, 0x47]) { return .tpmQuote }
        if (try? TpmPublicArea(bytes)) != nil { return .attestationKey }
        if (try? TpmSignature(bytes)) != nil { return .tpmSignature }
        if (try? SnpReport(bytes)) != nil || (try? IntelQuoteReader(bytes)) != nil || (try? CborItem(bytes, limit: 16 << 10)) != nil {
            return .evidence
        }
        if (try? EventLog(bytes)) != nil { return .eventLog }
        if bytes.count == 256 { return .tpmSignature }
        return !bytes.isEmpty && bytes.count <= 24 * 32 && bytes.count.isMultiple(of: 32) ? .tpmRegisters : nil
    }

    private static func role(ofList list: RevocationList) -> Role? {
        switch list.issuerCommonName {
        case "Intel SGX Root CA": .rootList
        case let name where IntelSlots.pckList(name) != nil: .pckList
        case let name where name.hasPrefix("ARK-"): .amdList
        default: nil
        }
    }

    private static func role(of leaf: VendorCertificate) -> Role {
        switch leaf.commonName {
        case "Intel SGX TCB Signing": .tcbSigners
        case let name where IntelSlots.pckList(name) != nil: .pckListIssuers
        case "SEV-VCEK", "SEV-VLEK": .endorsementKey
        case let name where name.hasPrefix("SEV-"): .intermediate
        default: leaf.extensions.isAuthority ? .endorsementIssuers : .endorsementCertificate
        }
    }
}

extension EvidenceVector {
    /// A time like `2025-06-25T12:00:00Z`, in milliseconds since 1970.
    package static func time(_ text: String) -> UInt64? { CivilTime.milliseconds(text) }
}
