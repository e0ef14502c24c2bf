import Crypto
import Cryptography
import PlatformProtocol
import Primitives
import WireTypes

/// The vault's append-only log of sealed batches (docs/spec/vault.md §2).
///
/// Each batch is one AES-GCM box, bound to its position and to the hash of everything before it, so none can be dropped, moved or
/// replaced inside the file; that the end is not cut off, only the anchor on chain can tell. The running hash is the vault's root,
/// the number of entries its version.
struct VaultLog: ~Copyable {
    private static let magic = Array("JUPVAULT".utf8)
    private static let formatVersion: UInt32 = 1
    private static let headerBytes = 64
    private static let labelBytes = 32
    /// Batches begin at multiples of this, so that a length never lies across two disk sectors.
    private static let alignment = 16
    private static let maximumBatch = 80 << 20
    /// Random nonces under one key: NIST SP 800-38D §8.3 allows 2³².
    private static let maximumBatches = 1 << 31

    private let storage: any VaultStorage
    private let key: SymmetricKey
    private var batches = 0
    private var isBroken = false

    /// The running hash of header and batches.
    private(set) var root: Hash32
    /// How many entries there are.
    private(set) var version: UInt64 = 0
    /// Bytes of the file.
    private(set) var length: Int

    /// Opens the log, or begins it, and hands every entry to `replay`. What a crash left unfinished at the end is cut off.
    /// - Parameter platform: the label in the header.
    init(
        storage: any VaultStorage, key: SymmetricKey, platform: String, replay: (WireVaultEntry) throws(VaultError) -> Void
    ) throws(VaultError) {
        self.storage = storage
        self.key = key
        let header = Self.header(platform)
        root = Digest.hash(.vaultRoot, header)
        length = Self.headerBytes
        let bytes = try storage.contents()
        guard bytes.count >= Self.headerBytes else {
            // A header is written together with the first batch: a shorter file never held anything.
            guard header.starts(with: bytes) || bytes.allSatisfy({ $0 == 0 }) else { throw .notAVault }
            try begin()
            return
        }
        // A file that grew but whose first sector was never written.
        guard !bytes.allSatisfy({ $0 == 0 }) else {
            try begin()
            return
        }
        try Self.check(Array(bytes[..<Self.headerBytes]), platform: platform)
        try load(bytes, replay)
    }

    private mutating func begin() throws(VaultError) {
        try storage.truncate(to: 0)
        length = 0
    }

    private static func header(_ platform: String) -> [UInt8] {
        var header = magic
        withUnsafeBytes(of: formatVersion.bigEndian) { header.append(contentsOf: $0) }
        header.append(contentsOf: repeatElement(0, count: 4))
        header.append(contentsOf: Array(platform.utf8).prefix(labelBytes))
        header.append(contentsOf: repeatElement(0, count: headerBytes - header.count))
        return header
    }

    private static func check(_ header: [UInt8], platform: String) throws(VaultError) {
        guard header[..<8] == magic[...] else { throw .notAVault }
        let expected = Self.header(platform)
        guard header[8..<12] == expected[8..<12] else { throw .unknownVersion }
        guard header == expected else { throw .wrongPlatform }
    }

    private mutating func load(_ bytes: [UInt8], _ replay: (WireVaultEntry) throws(VaultError) -> Void) throws(VaultError) {
        while length < bytes.count {
            guard let batch = open(bytes, at: length) else {
                guard Self.isUnfinished(bytes, from: length) else { throw batches == 0 ? .cannotOpen : .damaged }
                // The first batch is written with the header; if it is whole but does not open, the key is another.
                guard batches > 0 || Self.end(bytes, at: length).map({ $0 > bytes.count }) ?? true else { throw .cannotOpen }
                break
            }
            for entry in batch.entries { try replay(entry) }
            advance(batch.box, entries: batch.entries.count)
        }
        guard length < bytes.count else { return }
        if batches == 0 { length = 0 }
        try storage.truncate(to: length)
        try storage.synchronize()
    }

    /// Where the batch at `offset` ends by its own length; `nil` when no length was written.
    private static func end(_ bytes: [UInt8], at offset: Int) -> Int? {
        guard offset + 4 <= bytes.count else { return bytes.count + 1 }
        let size = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
        guard size > 0 else { return nil }
        return offset + framed(size)
    }

    private static func framed(_ size: Int) -> Int { (4 + size + alignment - 1) / alignment * alignment }

    /// Whether what begins at `offset` can be the rest of one interrupted write: at most one batch was ever under way.
    private static func isUnfinished(_ bytes: [UInt8], from offset: Int) -> Bool {
        guard let end = end(bytes, at: offset) else { return true }
        return end >= bytes.count
    }

    private func open(_ bytes: [UInt8], at offset: Int) -> (box: [UInt8], entries: [WireVaultEntry])? {
        guard let end = Self.end(bytes, at: offset), end <= bytes.count else { return nil }
        let size = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
        let box = Array(bytes[(offset + 4)..<(offset + 4 + size)])
        guard bytes[(offset + 4 + size)..<end].allSatisfy({ $0 == 0 }),
            let content = try? AuthenticatedEncryption.open(box, key: key, context: .vaultEntry, associated: position),
            let entries = entries(content)
        else { return nil }
        return (box, entries)
    }

    /// What a batch is bound to: the version before it, and the hash of everything before it.
    private var position: [UInt8] { withUnsafeBytes(of: version.bigEndian) { Array($0) } + root.bytes }

    /// The entries of an opened batch: each with four bytes of length before it, versions rising by one.
    private func entries(_ content: [UInt8]) -> [WireVaultEntry]? {
        var entries: [WireVaultEntry] = []
        var offset = 0
        while offset < content.count {
            guard offset + 4 <= content.count else { return nil }
            let size = content[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
            offset += 4
            guard size <= content.count - offset,
                let entry = try? WireVaultEntry(strictly: Array(content[offset..<(offset + size)]), limit: size),
                entry.version == version + UInt64(entries.count) + 1
            else { return nil }
            entries.append(entry)
            offset += size
        }
        return entries.isEmpty ? nil : entries
    }

    private mutating func advance(_ box: [UInt8], entries: Int) {
        var digest = Digest(.vaultRoot)
        digest.update(root)
        digest.updateWithLength(box)
        root = digest.finalize()
        version += UInt64(entries)
        batches += 1
        length += Self.framed(box.count)
    }

    /// Appends `changes` as one batch and returns when it is durable, with the versions it gave them.
    ///
    /// After a failure nothing more is written: what the file holds then is unknown until it is opened again.
    mutating func append(_ changes: [WireVaultEntry.OneOf_Change], platform: String) throws(VaultError) -> [WireVaultEntry] {
        precondition(!changes.isEmpty, "a batch has an entry")
        guard !isBroken, batches < Self.maximumBatches else { throw .ioFailed }
        var entries: [WireVaultEntry] = []
        var content: [UInt8] = []
        for change in changes {
            var entry = WireVaultEntry()
            entry.version = version + UInt64(entries.count) + 1
            entry.change = change
            let bytes = entry.encoded()
            withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { content.append(contentsOf: $0) }
            content.append(contentsOf: bytes)
            entries.append(entry)
        }
        guard content.count + AuthenticatedEncryption.overhead <= Self.maximumBatch else { throw .tooLarge }
        guard let box = try? AuthenticatedEncryption.seal(content, key: key, context: .vaultEntry, associated: position) else {
            throw .cannotOpen
        }
        var frame = length == 0 ? Self.header(platform) : []
        let start = frame.count
        withUnsafeBytes(of: UInt32(box.count).bigEndian) { frame.append(contentsOf: $0) }
        frame.append(contentsOf: box)
        frame.append(contentsOf: repeatElement(0, count: start + Self.framed(box.count) - frame.count))
        isBroken = true
        try storage.append(frame)
        try storage.synchronize()
        isBroken = false
        length += start
        advance(box, entries: entries.count)
        return entries
    }

    /// The file as it is: sealed.
    func contents() throws(VaultError) -> [UInt8] { try storage.contents() }
}
