/// AMD's SEV-SNP ATTESTATION_REPORT (SEV-SNP ABI, publication 56860, §7.3): 1184 bytes, little-endian.
package struct SnpReport: Sendable {
    package static let size = 1184

    /// Which key signed, SIGNING_KEY.
    enum Signer: UInt32, Sendable {
        /// Versioned chip endorsement key: of one chip at one TCB.
        case vcek = 0
        /// Versioned loaded endorsement key: of a cloud provider.
        case vlek = 1
    }

    let layout: FixedLayout
    let version: UInt32
    let policy: UInt64
    let vmpl: UInt32
    let signer: Signer
    /// r ‖ s, 48 bytes each, big-endian.
    let signature: [UInt8]

    /// - Throws: `malformed` for another size, an unknown version, set reserved bits or a signature of another form.
    package init(_ bytes: [UInt8]) throws(AttestationError) {
        layout = try FixedLayout(bytes[...], size: Self.size)
        version = layout.littleEndian(0x000)
        policy = layout.littleEndian(0x008)
        vmpl = layout.littleEndian(0x030)
        let flags = layout.littleEndian(0x048, UInt32.self)
        guard 2...5 ~= version, layout.littleEndian(0x034, UInt32.self) == 1, vmpl <= 3, flags >> 5 == 0,
            let signer = Signer(rawValue: flags >> 2 & 7), policy >> 17 & 1 == 1
        else { throw .malformed }
        self.signer = signer
        signature = try Self.signature(layout)
        guard Self.reservedIsZero(layout, version) else { throw .malformed }
    }

    private static func reservedIsZero(_ layout: FixedLayout, _ version: UInt32) -> Bool {
        layout.isZero(0x04c, 4) && layout.isZero(0x18b, 21) && layout.isZero(0x1eb, 1) && layout.isZero(0x1ef, 1)
            && layout.isZero(0x208, 152) && (version >= 3 || layout.isZero(0x188, 3)) && (version >= 5 || layout.isZero(0x1f8, 16))
    }

    /// R and S are 72 bytes each, little-endian, of which P-384 fills 48.
    private static func signature(_ layout: FixedLayout) throws(AttestationError) -> [UInt8] {
        guard layout.isZero(0x2a0 + 48, 24), layout.isZero(0x2a0 + 72 + 48, 24), layout.isZero(0x2a0 + 144, 368) else { throw .malformed }
        return layout[0x2a0, 48].reversed() + layout[0x2a0 + 72, 48].reversed()
    }

    var signed: ArraySlice<UInt8> { layout[0, 0x2a0] }
    var isDebug: Bool { policy >> 19 & 1 == 1 }
    var mayMigrate: Bool { policy >> 18 & 1 == 1 }
    var hasAliasCheck: Bool { layout.littleEndian(0x040, UInt64.self) >> 5 & 1 == 1 }
    var reportData: ArraySlice<UInt8> { layout[0x050, 64] }
    var measurement: ArraySlice<UInt8> { layout[0x090, 48] }
    /// CPUID's family, model and stepping; `nil` in version 2, which has none.
    var cpuid: (family: UInt8, model: UInt8, stepping: UInt8)? {
        version >= 3 ? (layout.byte(0x188), layout.byte(0x189), layout.byte(0x18a)) : nil
    }
    var chipID: ArraySlice<UInt8> { layout[0x1a0, 64] }

    func currentTcb(_ product: AmdProduct) -> AmdTcb { tcb(0x038, product) }
    func reportedTcb(_ product: AmdProduct) -> AmdTcb { tcb(0x180, product) }
    func committedTcb(_ product: AmdProduct) -> AmdTcb { tcb(0x1e0, product) }
    func launchTcb(_ product: AmdProduct) -> AmdTcb { tcb(0x1f0, product) }

    private func tcb(_ offset: Int, _ product: AmdProduct) -> AmdTcb {
        let bytes = Array(layout[offset, 8])
        if product == .turin { return AmdTcb(fmc: bytes[0], bootloader: bytes[1], tee: bytes[2], snp: bytes[3], microcode: bytes[7]) }
        return AmdTcb(bootloader: bytes[0], tee: bytes[1], snp: bytes[6], microcode: bytes[7])
    }

    /// The product line that the CPUID fields name; `nil` in version 2, which has none.
    ///
    /// - Throws: `endorsementMismatch` for a processor of no known line.
    func product() throws(AttestationError) -> AmdProduct? {
        guard let cpuid else { return nil }
        switch (cpuid.family, cpuid.model) {
        case (0x19, 0x00...0x0f): return .milan
        case (0x19, 0x10...0x1f), (0x19, 0xa0...0xaf): return .genoa
        case (0x1a, 0x00...0x11): return .turin
        default: throw .endorsementMismatch
        }
    }
}
