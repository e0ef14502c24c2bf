import FoundationEssentials
import Primitives
import SwiftProtobuf
import WireTypes

extension PlatformEvidence {
    /// The evidence inside `wire`: the message that its platform's name promises.
    package init(_ wire: WireEvidence) throws(AttestationError) {
        guard let platform = EvidencePlatform(rawValue: wire.platform) else { throw .unsupportedPlatform }
        let report = [UInt8](wire.report)
        switch platform {
        case .simulated: self = .simulated(report)
        case .sevSnp: self = .sevSnp(try Self.snp(report))
        case .tdx, .sgx: self = .intel(try Self.intel(report, platform))
        case .nitro: self = .nitro(NitroEvidence(document: [UInt8](try Self.read(WireNitroReport.self, report).document)))
        case .tpm: self = .tpm(try Self.tpm(report))
        case .azureSnp, .azureTdx: self = .azure(try Self.azure(report, platform))
        }
    }

    private static func read<M: SwiftProtobuf.Message>(_ type: M.Type, _ bytes: [UInt8]) throws(AttestationError) -> M {
        guard let message = try? M(strictly: bytes, limit: EvidenceAppraiser.maximumEvidence) else { throw .malformed }
        return message
    }

    private static func snp(_ report: [UInt8]) throws(AttestationError) -> SnpEvidence {
        let wire = try read(WireSevSnpReport.self, report)
        return SnpEvidence(
            report: [UInt8](wire.report), endorsementKey: [UInt8](wire.endorsementKey), issuers: [[UInt8](wire.intermediate)])
    }

    /// The name and the quote must agree: a chain that excludes SGX is not to be told it is TDX.
    private static func intel(_ report: [UInt8], _ platform: EvidencePlatform) throws(AttestationError) -> IntelEvidence {
        let quote = [UInt8](try read(WireIntelQuote.self, report).quote)
        guard try IntelQuoteReader(quote).isTdx == (platform == .tdx) else { throw .malformed }
        return IntelEvidence(quote: quote)
    }

    private static func tpm(_ report: [UInt8]) throws(AttestationError) -> TpmEvidence {
        let wire = try read(WireTpmReport.self, report)
        return TpmEvidence(
            quote: [UInt8](wire.quote), signature: [UInt8](wire.signature), attestationKey: [UInt8](wire.akPublic),
            registers: try registers(wire.pcrs), endorsementCertificates: wire.ekCertificates.map { [UInt8]($0) })
    }

    private static func registers(_ values: [WirePcrValue]) throws(AttestationError) -> TpmRegisters {
        guard values.count <= 24, values.allSatisfy({ $0.index < 24 && $0.value.count == 32 }) else { throw .malformed }
        return TpmRegisters(indices: values.map { Int($0.index) }, concatenated: values.flatMap { [UInt8]($0.value) })
    }

    private static func azure(_ report: [UInt8], _ platform: EvidencePlatform) throws(AttestationError) -> AzureEvidence {
        let wire = try read(WireAzureVtpmReport.self, report)
        let hcl = [UInt8](wire.hclReport)
        guard (try HclReport(hcl).hardware == .sevSnp) == (platform == .azureSnp) else { throw .malformed }
        let isSnp = platform == .azureSnp
        guard wire.tdQuote.isEmpty == isSnp, wire.endorsementKey.isEmpty != isSnp, wire.intermediate.isEmpty != isSnp else {
            throw .malformed
        }
        return AzureEvidence(
            hclReport: hcl, quote: [UInt8](wire.quote), signature: [UInt8](wire.signature), registers: try registers(wire.pcrs),
            endorsementKey: isSnp ? [UInt8](wire.endorsementKey) : nil, issuers: isSnp ? [[UInt8](wire.intermediate)] : [],
            tdQuote: isSnp ? nil : [UInt8](wire.tdQuote))
    }
}
