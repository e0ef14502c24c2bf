import Primitives
import WireTypes

/// One platform's evidence, taken apart into its pieces but not yet believed.
package enum PlatformEvidence: Sendable {
    case simulated([UInt8])
    case sevSnp(SnpEvidence)
    case intel(IntelEvidence)
    case nitro(NitroEvidence)
    case tpm(TpmEvidence)
    case azure(AzureEvidence)

    /// Appraises it; the first rule that is broken is thrown.
    package func appraise(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> AttestationResult {
        switch self {
        case .simulated(let report): try SimulatedEvidence.appraise(report, context)
        case .sevSnp(let evidence): try evidence.appraise(context, &trail)
        case .intel(let evidence): try evidence.appraise(context, &trail)
        case .nitro(let evidence): try evidence.appraise(context, &trail)
        case .tpm(let evidence): try evidence.appraise(context, &trail)
        case .azure(let evidence): try evidence.appraise(context, &trail)
        }
    }

    /// The slots of the endorsements it takes.
    func slots() throws(AttestationError) -> [String] {
        switch self {
        case .simulated, .nitro, .tpm: []
        case .sevSnp(let evidence): [try AmdSlot.crl(issuers: evidence.issuers)]
        case .intel(let evidence): try evidence.slots()
        case .azure(let evidence):
            if let quote = evidence.tdQuote {
                try IntelEvidence(quote: quote).slots()
            } else {
                [try AmdSlot.crl(issuers: evidence.issuers)]
            }
        }
    }
}
