import Crypto
import Cryptography
import PlatformProtocol
import Primitives
import WireTypes

/// The vault's append-only log of sealed batches (docs/spec/vault.md §2), and its one other change: being written anew without what
/// was erased.
///
/// Each batch is one AES-GCM box, bound to its position and to the hash of everything before it, so none can be dropped, moved or
/// replaced inside the file; that the end is not cut off, only the anchor on chain can tell. The running hash is the vault's root.
struct VaultLog: ~Copyable {
    /// Bytes of entries in one batch of a file that is written anew.
    private static let rewrittenBatch = 1 << 20

    private let storage: any VaultStorage
    private let sealingKey: SymmetricKey
    private let platform: String
    private var header: VaultHeader
    private var batches: VaultBatches
    private var isBroken = false
    /// Bytes of the file; 0 before the first batch, which is written together with the header.
    private(set) var length: Int

    /// The running hash of header and batches.
    var root: Hash32 { batches.position.root }
    /// The newest entry's.
    var version: UInt64 { batches.position.version }

    /// Opens the log, or begins it, and hands every entry to `replay`. What a crash left unfinished at the end is cut off.
    /// - Parameters:
    ///   - sealingKey: the platform's, which opens the storage key in the header.
    ///   - platform: the label in the header.
    init(
        storage: any VaultStorage, sealingKey: SymmetricKey, platform: String, replay: (WireVaultEntry) throws(VaultError) -> Void
    ) throws(VaultError) {
        let file = try storage.contents()
        let opened =
            try Self.isNew(file)
            ? Self.begin(storage, platform: platform, sealingKey: sealingKey)
            : Self.load(file, storage, platform: platform, sealingKey: sealingKey, replay)
        (header, batches, length) = (opened.header, opened.batches, opened.length)
        (self.storage, self.sealingKey, self.platform) = (storage, sealingKey, platform)
    }

    private typealias Opened = (header: VaultHeader, batches: VaultBatches, length: Int)

    /// A header is written together with the first batch: a shorter file never held anything, and neither did one that grew but whose
    /// first sector was never written.
    private static func isNew(_ file: [UInt8]) throws(VaultError) -> Bool {
        guard file.count < VaultHeader.bytes || file.allSatisfy({ $0 == 0 }) else { return false }
        guard VaultHeader.isUnfinished(file) else { throw .notAVault }
        return true
    }

    private static func begin(
        _ storage: any VaultStorage, platform: String, sealingKey: SymmetricKey
    ) throws(VaultError) -> Opened {
        try storage.truncate(to: 0)
        let header = try VaultHeader(
            generation: 0, base: VaultPosition(version: 0, root: .zero), platform: platform, sealingKey: sealingKey)
        return (header, VaultBatches(header), 0)
    }

    private static func load(
        _ file: [UInt8], _ storage: any VaultStorage, platform: String, sealingKey: SymmetricKey,
        _ replay: (WireVaultEntry) throws(VaultError) -> Void
    ) throws(VaultError) -> Opened {
        let header = try VaultHeader(decoding: file, platform: platform, sealingKey: sealingKey)
        var batches = VaultBatches(header)
        while batches.offset < file.count, let entries = batches.next(file) {
            for entry in entries { try replay(entry) }
        }
        // A file that was written anew was durable before it counted: it ends behind what it replaces.
        guard header.generation == 0 || batches.position.version > header.base.version else { throw .damaged }
        guard batches.offset < file.count else { return (header, batches, file.count) }
        guard batches.isUnfinished(file) else { throw batches.count == 0 ? .cannotOpen : .damaged }
        // The first batch holds the identity: if it is whole but does not open, it was not a crash.
        guard batches.count > 0 || !batches.isWhole(file) else { throw .cannotOpen }
        let length = batches.count == 0 ? 0 : batches.offset
        try storage.truncate(to: length)
        try storage.synchronize()
        return (header, batches, length)
    }

    /// Appends `changes` as one batch and returns when it is durable, with the entries they became.
    ///
    /// After a failure nothing more is written: what the file holds then is unknown until it is opened again.
    mutating func append(_ changes: [WireVaultEntry.OneOf_Change]) throws(VaultError) -> [WireVaultEntry] {
        precondition(!changes.isEmpty, "a batch has an entry")
        guard !isBroken else { throw .ioFailed }
        let entries = Self.entries(changes, after: version)
        var next = batches
        let frame = (length == 0 ? header.encoded : []) + (try next.seal(entries))
        isBroken = true
        try storage.append(frame)
        try storage.synchronize()
        isBroken = false
        (batches, length) = (next, next.offset)
        return entries
    }

    /// Writes the log anew under a fresh storage key: `keep` says what is left of each entry, then `changes` follow. Returns when the new
    /// file is durable and the old one's key is destroyed; at every moment before, one of the two opens.
    ///
    /// Entries keep their versions, so whoever has read up to one goes on from there. The header takes up version and root of the file
    /// before, so the root stands for the whole history and the version only rises.
    /// - Returns: all entries of the new file.
    mutating func rewrite(
        keep: (WireVaultEntry) -> WireVaultEntry?, changes: [WireVaultEntry.OneOf_Change]
    ) throws(VaultError) -> [WireVaultEntry] {
        precondition(!changes.isEmpty, "a new file ends behind the old one")
        guard !isBroken, length > 0 else { throw .ioFailed }
        let kept = try entries(after: 0).compactMap(keep)
        let all = kept + Self.entries(changes, after: version)
        let newHeader = try VaultHeader(
            generation: header.generation + 1, base: batches.position, platform: platform, sealingKey: sealingKey)
        var next = VaultBatches(newHeader)
        var file = newHeader.encoded
        var (batch, size): ([WireVaultEntry], Int) = ([], 0)
        for entry in all {
            batch.append(entry)
            size += entry.encoded().count
            guard size >= Self.rewrittenBatch else { continue }
            file += try next.seal(batch)
            (batch, size) = ([], 0)
        }
        if !batch.isEmpty { file += try next.seal(batch) }
        isBroken = true
        try storage.replace(with: file)
        isBroken = false
        (header, batches, length) = (newHeader, next, next.offset)
        return all
    }

    /// The entries after `version`, oldest first, read from the file.
    func entries(after version: UInt64) throws(VaultError) -> [WireVaultEntry] {
        guard length > 0 else { return [] }
        let file = try storage.contents()
        var cursor = VaultBatches(header)
        var entries: [WireVaultEntry] = []
        while cursor.offset < length {
            guard file.count >= length, let batch = cursor.next(file) else { throw .damaged }
            entries += batch.drop { $0.version <= version }
        }
        return entries
    }

    private static func entries(_ changes: [WireVaultEntry.OneOf_Change], after version: UInt64) -> [WireVaultEntry] {
        changes.enumerated().map { position, change in
            var entry = WireVaultEntry()
            entry.version = version + UInt64(position) + 1
            entry.change = change
            return entry
        }
    }

    /// The file as it is: sealed.
    func contents() throws(VaultError) -> [UInt8] { try storage.contents() }
}
