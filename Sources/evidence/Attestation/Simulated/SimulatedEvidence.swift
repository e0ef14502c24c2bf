import ChainTypes
import Primitives

/// The evidence of the `simulated` platform: a label and the report data. It proves nothing and says so.
package enum SimulatedEvidence {
    /// The platform's name.
    package static let platform = EvidencePlatform.simulated.rawValue
    /// In every report, so that nobody takes one for a hardware's.
    package static let label = "simulated: no hardware"
    /// What stands for a measurement: a constant, for there is nothing that could measure.
    package static let measurement = measured.hash

    static let measured = Measurement(platform: .simulated, registers: ["label": Array(label.utf8)])

    /// The report that binds `binding`.
    package static func report(_ binding: AttestationBinding) -> [UInt8] { Array(label.utf8) + binding.bytes64 }

    /// Accepts simulated evidence where the genesis allows it; its assurance is `none`.
    static func appraise(_ report: [UInt8], _ context: AppraisalContext) throws(AttestationError) -> AttestationResult {
        guard context.policy.allowSimulated else { throw .simulatedNotAllowed }
        guard report.starts(with: label.utf8), report.count == label.utf8.count + 64 else { throw .malformed }
        try context.expectation.check(reportData: report.suffix(64))
        return AttestationResult(platform: .simulated, assurance: .none, measurement: measured)
    }
}
