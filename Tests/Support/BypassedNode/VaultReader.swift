import Crypto
import Cryptography
import EnclaveCore
import FoundationEssentials
import Primitives
import WireTypes

/// Reads the enclave's own secrets out of its vault, with the sealing key: what a test must know to look for them elsewhere.
package enum VaultReader {
    package struct Unreadable: Error {}

    /// The identity that the first batch holds (docs/spec/vault.md §2).
    package static func identity(_ vault: [UInt8], key: SymmetricKey) throws -> WireVaultIdentity {
        guard vault.count > 164 else { throw Unreadable() }
        let header = Array(vault[..<160])
        let secret = try AuthenticatedEncryption.open(header[96..<157], key: key, context: .storageKey, associated: Array(header[..<96]))
        let size = vault[160..<164].reduce(0) { $0 << 8 | Int($1) }
        guard vault.count >= 164 + size else { throw Unreadable() }
        let position = [UInt8](repeating: 0, count: 8) + Digest.hash(.vaultRoot, header).bytes
        let content = try AuthenticatedEncryption.open(
            Array(vault[164..<(164 + size)]), key: AuthenticatedEncryption.key(secret), context: .vaultEntry, associated: position)
        guard content.count > 4 else { throw Unreadable() }
        let length = content[..<4].reduce(0) { $0 << 8 | Int($1) }
        guard content.count >= 4 + length else { throw Unreadable() }
        let entry = try WireVaultEntry(strictly: Array(content[4..<(4 + length)]), limit: length)
        guard case .identity(let identity)? = entry.change else { throw Unreadable() }
        return identity
    }
}
