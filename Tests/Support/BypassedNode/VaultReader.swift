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
        for entry in try entries(vault, key: key) {
            if case .identity(let identity)? = entry.change { return identity }
        }
        throw Unreadable()
    }

    /// All entries, in order: what lies open to whoever has the file and the sealing key.
    package static func entries(_ vault: [UInt8], key: SymmetricKey) throws -> [WireVaultEntry] {
        let (clear, header) = (96, 160)
        guard vault.count >= header else { throw Unreadable() }
        let secret = try AuthenticatedEncryption.open(
            Array(vault[clear..<(clear + 32 + AuthenticatedEncryption.overhead)]), key: key, context: .storageKey,
            associated: Array(vault[..<clear]))
        let storageKey = try AuthenticatedEncryption.key(secret)
        var (root, offset) = (Digest.hash(.vaultRoot, Array(vault[..<header])), header)
        var entries: [WireVaultEntry] = []
        while offset + 4 <= vault.count {
            let size = vault[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            guard vault.count >= offset + 4 + size else { throw Unreadable() }
            let box = Array(vault[(offset + 4)..<(offset + 4 + size)])
            let position = withUnsafeBytes(of: (entries.last?.version ?? 0).bigEndian) { Array($0) } + root.bytes
            entries += try batch(AuthenticatedEncryption.open(box, key: storageKey, context: .vaultEntry, associated: position))
            var digest = Digest(.vaultRoot)
            digest.update(root)
            digest.updateWithLength(box)
            root = digest.finalize()
            offset += (4 + size + 15) / 16 * 16
        }
        return entries
    }

    private static func batch(_ content: [UInt8]) throws -> [WireVaultEntry] {
        var (entries, rest) = ([WireVaultEntry](), content[...])
        while !rest.isEmpty {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4 + length else { throw Unreadable() }
            entries.append(try WireVaultEntry(strictly: Array(rest.dropFirst(4).prefix(length)), limit: length))
            rest = rest.dropFirst(4 + length)
        }
        return entries
    }
}
