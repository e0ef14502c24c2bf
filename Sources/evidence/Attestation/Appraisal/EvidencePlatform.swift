/// The kinds of platform whose evidence is appraised; the raw value is the name in identities, evidence and results.
package enum EvidencePlatform: String, Sendable, CaseIterable, Comparable {
    case simulated
    case tpm
    case sevSnp = "sev-snp"
    case tdx
    case sgx
    case nitro
    case azureSnp = "azure-snp"
    case azureTdx = "azure-tdx"

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// How much a platform's evidence is worth (ARCHITECTURE §8).
package enum AssuranceClass: String, Sendable, CaseIterable {
    /// Nothing outside the machine vouches for it: `simulated`, a software TPM.
    case none
    /// A measured launch: TPM.
    case measured
    /// Encrypted memory: SEV-SNP, TDX, SGX, Nitro.
    case confidential
}
