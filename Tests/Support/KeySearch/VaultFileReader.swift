import Crypto
import Cryptography
import Foundation
import Primitives

/// Opens vault files from their description alone (docs/spec/vault.md §2), with none of the enclave's own code.
package enum VaultFileReader {
    private static let magic = Data("JUPVAULT".utf8)

    /// The plain text of every batch that opens in whatever vaults begin somewhere in `bytes`, with any of `keys` as the sealing key.
    package static func open(_ bytes: Data, keys: Set<Data>) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var from = bytes.startIndex
        while let start = bytes[from...].firstRange(of: magic)?.lowerBound {
            found += batches([UInt8](bytes[start...]), keys: keys)
            from = start + magic.count
        }
        return found
    }

    private static func batches(_ file: [UInt8], keys: Set<Data>) -> [[UInt8]] {
        guard file.count > 160 else { return [] }
        for bytes in keys {
            guard let sealing = try? AuthenticatedEncryption.key(bytes),
                let secret = try? AuthenticatedEncryption.open(
                    file[96..<157], key: sealing, context: .storageKey, associated: Array(file[..<96])),
                let storage = try? AuthenticatedEncryption.key(secret)
            else { continue }
            // The storage key itself is one of the things found.
            return [secret] + contents(file, storage)
        }
        return []
    }

    private static func contents(_ file: [UInt8], _ key: SymmetricKey) -> [[UInt8]] {
        var plain: [[UInt8]] = []
        var root = Digest.hash(.vaultRoot, Array(file[..<160]))
        var version: UInt64 = 0
        var offset = 160
        while offset + 4 < file.count {
            let size = file[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
            guard size > 0, offset + 4 + size <= file.count else { break }
            let box = Array(file[(offset + 4)..<(offset + 4 + size)])
            let position = withUnsafeBytes(of: version.bigEndian) { Array($0) } + root.bytes
            guard let content = try? AuthenticatedEncryption.open(box, key: key, context: .vaultEntry, associated: position) else { break }
            plain.append(content)
            version = lastVersion(content) ?? version
            var digest = Digest(.vaultRoot)
            digest.update(root)
            digest.updateWithLength(box)
            root = digest.finalize()
            offset += (4 + size + 15) / 16 * 16
        }
        return plain
    }

    /// The version in the last entry: field 1, a varint, at its beginning.
    private static func lastVersion(_ content: [UInt8]) -> UInt64? {
        var (offset, version): (Int, UInt64?) = (0, nil)
        while offset + 4 < content.count {
            let size = content[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
            let entry = content[(offset + 4)..<min(offset + 4 + size, content.count)]
            guard entry.first == 8 else { return nil }
            var (value, shift): (UInt64, UInt64) = (0, 0)
            for byte in entry.dropFirst() {
                value |= UInt64(byte & 127) << shift
                shift += 7
                if byte < 128 { break }
            }
            version = value
            offset += 4 + size
        }
        return version
    }
}
