/// AMD's product lines with SEV-SNP: each has its own root key.
package enum AmdProduct: String, Sendable, CaseIterable {
    case milan = "Milan"
    case genoa = "Genoa"
    case turin = "Turin"
}

/// The security versions of a processor's firmware, part by part (SEV-SNP ABI §2.2, TCB_VERSION).
package struct AmdTcb: Sendable, Equatable {
    /// Turin and later; 0 before.
    package var fmc: UInt8
    package var bootloader: UInt8
    package var tee: UInt8
    package var snp: UInt8
    package var microcode: UInt8

    package init(fmc: UInt8 = 0, bootloader: UInt8, tee: UInt8, snp: UInt8, microcode: UInt8) {
        (self.fmc, self.bootloader, self.tee, self.snp, self.microcode) = (fmc, bootloader, tee, snp, microcode)
    }

    /// Whether no part is below that of `floor`.
    package func reaches(_ floor: AmdTcb) -> Bool {
        fmc >= floor.fmc && bootloader >= floor.bootloader && tee >= floor.tee && snp >= floor.snp && microcode >= floor.microcode
    }
}
