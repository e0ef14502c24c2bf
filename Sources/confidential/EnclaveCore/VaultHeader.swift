import Crypto
import Cryptography
import PlatformProtocol
import Primitives

/// The beginning of a vault's file: what it is, what it continues, and its storage key, sealed (docs/spec/vault.md §2).
///
/// Each file has a storage key of its own, which lies nowhere but here, in a box that only the platform's sealing key opens. A file
/// whose header is overwritten is closed for good, whatever becomes of the rest of its bytes.
struct VaultHeader {
    static let bytes = 160
    /// What is overwritten of a file that is let go of: the sectors that hold its header.
    static let sector = 512

    private static let magic = Array("JUPVAULT".utf8)
    private static let formatVersion: UInt32 = 3
    private static let labelBytes = 32
    private static let clearBytes = 96
    private static let boxBytes = 32 + AuthenticatedEncryption.overhead

    /// How many files there were before this one.
    let generation: UInt64
    /// Version and root of the file that this one replaces.
    let base: VaultPosition
    let storageKey: SymmetricKey
    let encoded: [UInt8]

    /// The header of a new file with a fresh storage key.
    init(generation: UInt64, base: VaultPosition, platform: String, sealingKey: SymmetricKey) throws(VaultError) {
        (self.generation, self.base) = (generation, base)
        storageKey = AuthenticatedEncryption.randomKey()
        var header = Self.magic
        withUnsafeBytes(of: Self.formatVersion.bigEndian) { header.append(contentsOf: $0) }
        header.append(contentsOf: repeatElement(0, count: 4))
        let label = Array(platform.utf8).prefix(Self.labelBytes)
        header.append(contentsOf: label)
        header.append(contentsOf: repeatElement(0, count: Self.labelBytes - label.count))
        withUnsafeBytes(of: generation.bigEndian) { header.append(contentsOf: $0) }
        header.append(contentsOf: base.bytes)
        let secret = storageKey.withUnsafeBytes { [UInt8]($0) }
        do throws(CryptographyError) {
            header += try AuthenticatedEncryption.seal(secret, key: sealingKey, context: .storageKey, associated: header)
        } catch { throw .cannotOpen }
        header.append(contentsOf: repeatElement(0, count: Self.bytes - header.count))
        encoded = header
    }

    /// The header that `file` begins with.
    /// - Throws: `notAVault`, `unknownVersion`, `wrongPlatform`, or `cannotOpen` for another sealing key.
    init(decoding file: [UInt8], platform: String, sealingKey: SymmetricKey) throws(VaultError) {
        guard file.count >= Self.bytes, file[..<8] == Self.magic[...] else { throw .notAVault }
        let header = Array(file[..<Self.bytes])
        guard Self.integer(header[8..<12]) == UInt64(Self.formatVersion) else { throw .unknownVersion }
        let label = Array(platform.utf8).prefix(Self.labelBytes)
        guard header[16..<48].elementsEqual(label + repeatElement(0, count: Self.labelBytes - label.count)) else {
            throw .wrongPlatform
        }
        guard header[12..<16].allSatisfy({ $0 == 0 }), header[(Self.clearBytes + Self.boxBytes)...].allSatisfy({ $0 == 0 }),
            let root = Hash32(header[64..<96])
        else { throw .notAVault }
        generation = Self.integer(header[48..<56])
        base = VaultPosition(version: Self.integer(header[56..<64]), root: root)
        let box = header[Self.clearBytes..<(Self.clearBytes + Self.boxBytes)]
        guard
            let secret = try? AuthenticatedEncryption.open(
                box, key: sealingKey, context: .storageKey, associated: Array(header[..<Self.clearBytes])),
            let key = try? AuthenticatedEncryption.key(secret)
        else { throw .cannotOpen }
        (storageKey, encoded) = (key, header)
    }

    /// The generation that the file beginning with `start` claims; `nil` when it is no vault.
    static func generation(_ start: [UInt8]) -> UInt64? {
        guard start.count >= bytes, start[..<8] == magic[...] else { return nil }
        return integer(start[48..<56])
    }

    /// Whether `start` can be what an interrupted first write left of a header.
    static func isUnfinished(_ start: [UInt8]) -> Bool {
        start.allSatisfy { $0 == 0 } || start.count < bytes && start.prefix(8).elementsEqual(magic.prefix(start.count))
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

/// A place in the vault's history.
struct VaultPosition: Equatable {
    /// Of the newest entry.
    var version: UInt64
    /// The running hash of all before.
    var root: Hash32

    /// Eight bytes, big-endian, and 32.
    var bytes: [UInt8] { withUnsafeBytes(of: version.bigEndian) { Array($0) } + root.bytes }
}
