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

    /// Whether registers of these names say which program runs. A reference value with fewer is met by anybody's: on Azure, for example,
    /// whoever has a processor of the kind can stand in for the paravisor and answer for any virtual TPM.
    package func isDecided(by registers: Set<String>) -> Bool {
        // Registers 16 and 23 can be reset by any program of the machine (TCG PC Client Platform TPM Profile §4.6).
        let hasBootRegister = (0..<24).contains { ![16, 23].contains($0) && registers.contains("pcr\($0)") }
        return switch self {
        case .simulated: true
        case .tpm: hasBootRegister
        case .sevSnp: registers.contains("measurement")
        // The firmware is everybody's; the boot loader, the kernel and what they load are in the first two run-time registers after it.
        case .tdx: registers.isSuperset(of: ["mrtd", "rtmr1", "rtmr2"])
        case .sgx: registers.contains("mrenclave")
        case .nitro: registers.contains("pcr0")
        case .azureSnp: registers.contains("measurement") && hasBootRegister
        case .azureTdx: registers.contains("mrtd") && hasBootRegister
        }
    }

    /// Those whose word its evidence rests on: if one of them is broken, all of its platforms are.
    private var vouchers: Set<String> {
        switch self {
        case .simulated, .tpm: [rawValue]
        case .sevSnp: ["amd"]
        case .tdx, .sgx: ["intel"]
        case .nitro: ["aws"]
        // The paravisor is one program on both.
        case .azureSnp: ["amd", "azure"]
        case .azureTdx: ["intel", "azure"]
        }
    }

    /// Whether platforms of these names can be broken by one break; names that this build does not know, when they are the same.
    package static func fallTogether(_ a: String, _ b: String) -> Bool {
        guard let first = Self(rawValue: a), let second = Self(rawValue: b) else { return a == b }
        return !first.vouchers.isDisjoint(with: second.vouchers)
    }

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
