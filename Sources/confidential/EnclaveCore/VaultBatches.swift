import Crypto
import Cryptography
import PlatformProtocol
import Primitives
import WireTypes

/// A cursor over the sealed batches of one vault file: opens them in order, and seals the next (docs/spec/vault.md §2).
struct VaultBatches {
    /// Batches begin at multiples of this, so that a length never lies across two disk sectors.
    private static let alignment = 16
    private static let maximumBatch = 80 << 20
    /// Random nonces under one key: NIST SP 800-38D §8.3 allows 2³².
    private static let maximumBatches = 1 << 31

    private let key: SymmetricKey
    /// The version that the file continues. Entries up to it keep the numbers that they had; those after it rise by one.
    private let base: UInt64
    private(set) var count = 0
    private(set) var position: VaultPosition
    /// Bytes of the file up to here.
    private(set) var offset = VaultHeader.bytes

    /// The beginning of the file with `header`.
    init(_ header: VaultHeader) {
        (key, base) = (header.storageKey, header.base.version)
        position = VaultPosition(version: 0, root: Digest.hash(.vaultRoot, header.encoded))
    }

    /// The next batch of `file`; `nil` when what comes next is not one.
    mutating func next(_ file: [UInt8]) -> [WireVaultEntry]? {
        guard let end = Self.end(file, at: offset), end <= file.count else { return nil }
        let size = Self.size(file, at: offset)
        let box = Array(file[(offset + 4)..<(offset + 4 + size)])
        guard file[(offset + 4 + size)..<end].allSatisfy({ $0 == 0 }),
            let content = try? AuthenticatedEncryption.open(box, key: key, context: .vaultEntry, associated: position.bytes),
            let entries = entries(content)
        else { return nil }
        advance(box, entries: entries)
        return entries
    }

    /// The bytes of a batch of `entries`, to stand at `offset`; the cursor is behind it then.
    mutating func seal(_ entries: [WireVaultEntry]) throws(VaultError) -> [UInt8] {
        guard count < Self.maximumBatches else { throw .tooLarge }
        var content: [UInt8] = []
        for entry in entries {
            let bytes = entry.encoded()
            withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { content.append(contentsOf: $0) }
            content.append(contentsOf: bytes)
        }
        guard content.count + AuthenticatedEncryption.overhead <= Self.maximumBatch else { throw .tooLarge }
        guard let box = try? AuthenticatedEncryption.seal(content, key: key, context: .vaultEntry, associated: position.bytes) else {
            throw .cannotOpen
        }
        var frame: [UInt8] = []
        withUnsafeBytes(of: UInt32(box.count).bigEndian) { frame.append(contentsOf: $0) }
        frame.append(contentsOf: box)
        frame.append(contentsOf: repeatElement(0, count: Self.framed(box.count) - frame.count))
        advance(box, entries: entries)
        return frame
    }

    /// Whether what `file` holds from here on can be the rest of one interrupted write: at most one batch was ever under way.
    func isUnfinished(_ file: [UInt8]) -> Bool { Self.end(file, at: offset).map { $0 >= file.count } ?? true }

    /// Whether the next batch of `file` has its whole length.
    func isWhole(_ file: [UInt8]) -> Bool { Self.end(file, at: offset).map { $0 <= file.count } ?? false }

    /// The entries of an opened batch: each with four bytes of length before it, versions as they follow on.
    private func entries(_ content: [UInt8]) -> [WireVaultEntry]? {
        var entries: [WireVaultEntry] = []
        var version = position.version
        var start = 0
        while start < content.count {
            guard start + 4 <= content.count else { return nil }
            let size = Self.size(content, at: start)
            start += 4
            guard size <= content.count - start,
                let entry = try? WireVaultEntry(strictly: Array(content[start..<(start + size)]), limit: size),
                entry.version > version, entry.version <= base || entry.version == max(version, base) + 1
            else { return nil }
            version = entry.version
            entries.append(entry)
            start += size
        }
        return entries.isEmpty ? nil : entries
    }

    private mutating func advance(_ box: [UInt8], entries: [WireVaultEntry]) {
        var digest = Digest(.vaultRoot)
        digest.update(position.root)
        digest.updateWithLength(box)
        position = VaultPosition(version: entries.last?.version ?? position.version, root: digest.finalize())
        count += 1
        offset += Self.framed(box.count)
    }

    private static func size(_ bytes: [UInt8], at offset: Int) -> Int { bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) } }

    /// Where the batch at `offset` ends by its own length; `nil` when no length was written.
    private static func end(_ bytes: [UInt8], at offset: Int) -> Int? {
        guard offset + 4 <= bytes.count else { return bytes.count + 1 }
        let size = size(bytes, at: offset)
        guard size > 0 else { return nil }
        return offset + framed(size)
    }

    private static func framed(_ size: Int) -> Int { (4 + size + alignment - 1) / alignment * alignment }
}
