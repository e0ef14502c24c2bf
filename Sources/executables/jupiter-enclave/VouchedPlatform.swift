import Attestation
import ChainTypes
import EnclavePlatforms
import PlatformProtocol
import Primitives

/// A platform that something outside the process vouches for, as the enclave sees it.
struct VouchedPlatform: ReportingPlatform {
    let name: String
    let assurance: AssuranceClass
    let measurement: Hash32
    private let source: any EvidenceSource

    init(_ source: some EvidenceSource, _ assurance: AssuranceClass) {
        (name, measurement, self.source) = (source.platform, source.measurement, source)
        self.assurance = assurance
    }

    /// The node learns that there is no evidence; the operator's log says why.
    func report(_ binding: AttestationBinding) throws(VaultError) -> [UInt8] {
        do { return try source.evidence(for: binding) } catch {
            log("no evidence: \(error.text)")
            throw .noEvidence
        }
    }
}
