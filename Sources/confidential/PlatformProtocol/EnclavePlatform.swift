import Attestation
import ChainTypes
import Crypto
import EnclaveSandbox
import Primitives

/// What an enclave stands on (ARCHITECTURE §8), without the sealing key: all that its launcher keeps.
package protocol ReportingPlatform: Sendable {
    /// As in identities and evidence: `simulated`, `tpm`, `sev-snp`, …
    var name: String { get }
    /// What the platform is worth: keys go to no enclave of a lower class.
    var assurance: AssuranceClass { get }
    /// Of the program that runs.
    var measurement: Hash32 { get }
    /// The platform's report that binds `binding`: the bytes of `Evidence.report` (docs/spec/attestation.md).
    func report(_ binding: AttestationBinding) throws(VaultError) -> [UInt8]
}

/// A platform that also gives the key that seals the vault: what the vault sees of it.
package protocol EnclavePlatform: ReportingPlatform {
    /// The same at every start of the same program on the same machine.
    func sealingKey() throws(VaultError) -> SymmetricKey
}

extension SecretPages {
    /// A copy of `key`, whose own storage is overwritten when its last reference goes (swift-crypto).
    package init(_ key: SymmetricKey) throws(SandboxError) {
        guard let pages = SecretPages(count: key.bitCount / 8) else { throw .cannotHarden }
        key.withUnsafeBytes { secret in pages.withBytes { $0.copyMemory(from: secret) } }
        self = pages
    }
}
