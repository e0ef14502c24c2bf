import Attestation
import ChainTypes
import Crypto
import Primitives

/// What vouches for an enclave on one platform: makes evidence, never judges it (RFC 9334: the attesting environment).
package protocol EvidenceSource: Sendable {
    /// As in identities and evidence: `tpm`, `sev-snp`, …
    var platform: String { get }
    /// What the platform has measured of this enclave: what a chain that accepts it names.
    var reference: ReferenceValue { get }
    /// The platform's report that binds `binding`, encoded as in evidence.proto.
    func evidence(for binding: AttestationBinding) throws(PlatformError) -> [UInt8]
}

extension EvidenceSource {
    /// What stands for the measured enclave in its identity: the hash of the registers, by name.
    package var measurement: Hash32 { reference.hash }
}

/// Where the key that seals an enclave's vault comes from.
package protocol SealingKeySource: Sendable {
    /// The same key at every start of the same programs on the same machine, and only there.
    /// - Throws: `noSealing` on platforms whose hardware offers no such key.
    func sealingKey() throws(PlatformError) -> SymmetricKey
}
