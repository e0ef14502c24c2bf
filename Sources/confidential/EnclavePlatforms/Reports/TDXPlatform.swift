import Attestation
import ChainTypes
import Crypto
import FoundationEssentials
import Primitives
import WireTypes

/// An Intel TDX guest: the host's quoting enclave signs a quote over the guest's measurements.
package struct TDXPlatform: EvidenceSource, SealingKeySource {
    package let reference: ReferenceValue
    private let kernel: KernelReport

    package var platform: String { EvidencePlatform.tdx.rawValue }

    /// Asks for a first quote, for the guest's own measurements.
    package init() throws(PlatformError) { try self.init(entries: ReportFolder()) }

    /// With the kernel's interface at another place.
    package init(entries: any ReportEntries) throws(PlatformError) {
        kernel = KernelReport(files: entries)
        let answer = try kernel.report(on: [UInt8](repeating: 0, count: 64), from: .intel)
        reference = ReferenceValue(platform: .tdx, registers: try Self.registers(answer.report))
    }

    /// Where the measurements are in a quote of version 4 or 5 (Intel TDX DCAP quoting library API, appendix A.3).
    package static func registers(_ quote: [UInt8]) throws(PlatformError) -> [String: [UInt8]] {
        let body = quote.first == 5 ? 54 : 48
        guard let version = quote.first, version == 4 || version == 5, quote.count >= body + 584 else { throw .malformedReport }
        var registers = ["mrtd": Array(quote[body + 136..<body + 184])]
        for index in 0..<4 {
            let start = body + 328 + 48 * index
            registers["rtmr\(index)"] = Array(quote[start..<start + 48])
        }
        return registers
    }

    package func evidence(for binding: AttestationBinding) throws(PlatformError) -> [UInt8] {
        let answer = try kernel.report(on: binding.bytes64, from: .intel)
        _ = try Self.registers(answer.report)
        var quote = WireIntelQuote()
        quote.quote = .init(answer.report)
        return quote.encoded()
    }

    /// TDX derives no keys for guests.
    package func sealingKey() throws(PlatformError) -> SymmetricKey { throw .noSealing(platform: platform) }
}
