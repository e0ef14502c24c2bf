import Primitives
import WireTypes

/// One platform's evidence, taken apart into its pieces but not yet believed.
package enum PlatformEvidence: Sendable {
    case simulated([UInt8])

    /// The evidence inside `wire`.
    package init(_ wire: WireEvidence) throws(AttestationError) {
        let report = [UInt8](wire.report)
        switch EvidencePlatform(rawValue: wire.platform) {
        case .simulated: self = .simulated(report)
        default: throw .unsupportedPlatform
        }
    }

    /// Appraises it; the first rule that is broken is thrown.
    package func appraise(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> AttestationResult {
        switch self {
        case .simulated(let report): try SimulatedEvidence.appraise(report, context)
        }
    }

    /// The slots of the endorsements it takes.
    func slots() throws(AttestationError) -> [String] {
        switch self {
        case .simulated: []
        }
    }
}
