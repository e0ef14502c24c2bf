import Attestation
import ChainTypes
import Crypto
import EnclavePlatforms
import PlatformProtocol
import Primitives

/// A platform that something outside the process vouches for, as the enclave sees it.
struct VouchedPlatform: EnclavePlatform {
    let name: String
    let assurance: AssuranceClass
    let measurement: Hash32
    private let source: any EvidenceSource
    private let key: SymmetricKey

    /// Fetches the sealing key at once: without it there is nothing to start.
    init(_ platform: some EvidenceSource & SealingKeySource, _ assurance: AssuranceClass) throws(PlatformError) {
        (name, measurement, source) = (platform.platform, platform.measurement, platform)
        self.assurance = assurance
        key = try platform.sealingKey()
    }

    func sealingKey() -> SymmetricKey { key }

    /// The node learns that there is no evidence; the operator's log says why.
    func report(_ binding: AttestationBinding) throws(VaultError) -> [UInt8] {
        do { return try source.evidence(for: binding) } catch {
            log("no evidence: \(error.text)")
            throw .noEvidence
        }
    }
}
