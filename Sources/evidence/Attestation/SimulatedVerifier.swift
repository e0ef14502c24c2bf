import Cryptography
import Primitives
import WireTypes

/// The evidence of the `simulated` platform: a label and the report data. It proves nothing and says so.
package enum SimulatedEvidence {
    /// The platform's name.
    package static let platform = "simulated"
    /// In every report, so that nobody takes one for a hardware's.
    package static let label = "simulated: no hardware"
    /// What stands for a measurement: a constant, for there is nothing that could measure.
    package static let measurement = Digest.hash(.measurement, Array(label.utf8))

    /// The report that binds `reportData`.
    package static func report(_ reportData: Hash32) -> [UInt8] { Array(label.utf8) + reportData.bytes }
}

/// Accepts `simulated` evidence where the genesis allows it; its assurance is `none`.
package struct SimulatedVerifier: AttestationVerifier {
    package init() {}

    package var platform: String { SimulatedEvidence.platform }

    package func appraise(
        report: [UInt8], reportData: Hash32, identity: WireEnclaveIdentity, policy: AttestationPolicy, at time: UInt64
    ) throws(AttestationError) -> Appraisal {
        guard policy.allowSimulated else { throw .simulatedNotAllowed }
        guard Hash32(identity.measurement) == SimulatedEvidence.measurement else { throw .badIdentity }
        guard report == SimulatedEvidence.report(reportData) else { throw .wrongBinding }
        return Appraisal(platform: platform, assurance: .none)
    }
}
