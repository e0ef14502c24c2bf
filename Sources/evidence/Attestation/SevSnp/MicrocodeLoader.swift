/// From which microcode on a processor loads AMD's patches only.
///
/// Before, the key that patches are checked with could be forged (CVE-2024-56161, AMD bulletins 3019 and 7033): whoever owns the machine
/// loads microcode of its own, and its reports vouch for nothing. The numbers are one above the last affected revision that Linux lists
/// (`arch/x86/kernel/cpu/microcode/amd.c`, `need_sha_check`); a TCB's microcode is the lowest byte of the revision. They differ by
/// stepping, which a floor under a product line cannot say: Genoa's counts to 0x54 where Siena's counts to 0x19.
enum MicrocodeLoader {
    private struct Processor: Hashable {
        let family: UInt8
        let model: UInt8
        let stepping: UInt8
    }

    private static let least: [AmdProduct: [Processor: UInt8]] = [
        .milan: [
            Processor(family: 0x19, model: 0x01, stepping: 0): 0x7b, Processor(family: 0x19, model: 0x01, stepping: 1): 0xdb,
            Processor(family: 0x19, model: 0x01, stepping: 2): 0x44,
        ],
        // Genoa, Genoa-X, Bergamo and Siena.
        .genoa: [
            Processor(family: 0x19, model: 0x11, stepping: 1): 0x54, Processor(family: 0x19, model: 0x11, stepping: 2): 0x4f,
            Processor(family: 0x19, model: 0xa0, stepping: 1): 0x17, Processor(family: 0x19, model: 0xa0, stepping: 2): 0x19,
        ],
        .turin: [
            Processor(family: 0x1a, model: 0x02, stepping: 1): 0x47, Processor(family: 0x1a, model: 0x11, stepping: 0): 0x47,
        ],
    ]

    /// The least microcode of the processor that made `report`. One that the report does not name, or that is not known here, is held to
    /// the greatest of its product line.
    static func leastGenuine(_ report: SnpReport, _ product: AmdProduct) -> UInt8 {
        let known = least[product] ?? [:]
        let named = report.cpuid.flatMap { known[Processor(family: $0.family, model: $0.model, stepping: $0.stepping)] }
        return named ?? known.values.max() ?? .max
    }
}
