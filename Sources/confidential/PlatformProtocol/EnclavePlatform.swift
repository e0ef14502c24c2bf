import Attestation
import ChainTypes
import Crypto
import Primitives

/// What an enclave stands on: where its sealing key comes from and what vouches for it (ARCHITECTURE §8).
package protocol EnclavePlatform: Sendable {
    /// As in identities and evidence: `simulated`, `tpm`, `sev-snp`, …
    var name: String { get }
    /// What the platform is worth: keys go to no enclave of a lower class.
    var assurance: AssuranceClass { get }
    /// Of the program that runs.
    var measurement: Hash32 { get }
    /// The key that seals the vault; the same at every start of the same program on the same machine.
    func sealingKey() throws(VaultError) -> SymmetricKey
    /// The platform's report that binds `binding`: the bytes of `Evidence.report` (docs/spec/attestation.md).
    func report(_ binding: AttestationBinding) throws(VaultError) -> [UInt8]
}
