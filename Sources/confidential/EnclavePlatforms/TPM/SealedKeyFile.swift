import Glibc
import Primitives

/// The file beside the vault with the key that the TPM sealed. Without the TPM in the same state it opens nothing.
package struct SealedKeyFile: Sendable {
    package struct Content: Sendable, Equatable {
        /// What the TPM's policy is about, rising.
        package let registers: [Int]
        package let secret: TPMSealedSecret

        package init(registers: [Int], secret: TPMSealedSecret) { (self.registers, self.secret) = (registers, secret) }
    }

    private static let heading = "jupiter sealed key, version 1, tpm"
    package static let maximumBytes = 8192

    private let home: String

    init(home: String) { self.home = home }

    private var path: String { home + "/sealing-key.tpm" }

    /// A vault that a new key could never open.
    var vaultExists: Bool {
        ["/vault.log", "/vault.log.2"].contains { name in
            var status = stat()
            return lstat(home + name, &status) == 0 && status.st_size > 0
        }
    }

    /// `nil` when there is no file.
    func read() throws(PlatformError) -> Content? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw .keyFileFailed }
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o022 == 0 else {
            throw .badSealedKey
        }
        var bytes = [UInt8](repeating: 0, count: Self.maximumBytes)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { throw .badSealedKey }
        return try Self.decode(Array(bytes[..<count]))
    }

    /// Durable before it returns.
    func write(_ content: Content) throws(PlatformError) {
        let bytes = Self.encode(content)
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .keyFileFailed }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw .keyFileFailed
        }
        let folder = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .keyFileFailed }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .keyFileFailed }
    }

    /// Four lines: heading, registers, and both halves of the secret in hexadecimal.
    package static func encode(_ content: Content) -> [UInt8] {
        let lines = [
            heading, content.registers.map(String.init).joined(separator: ","), Hex.encode(content.secret.publicArea),
            Hex.encode(content.secret.privateArea),
        ]
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    /// - Throws: `badSealedKey` for anything but what `encode` gives.
    package static func decode(_ bytes: [UInt8]) throws(PlatformError) -> Content {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard bytes.count <= maximumBytes, lines.count == 5, lines[0] == heading, lines[4].isEmpty,
            let registers = try? TPMOptions.registers(String(lines[1])), !registers.isEmpty, registers == Set(registers).sorted(),
            let publicArea = Hex.decode(lines[2]), let privateArea = Hex.decode(lines[3]), !publicArea.isEmpty, !privateArea.isEmpty
        else { throw .badSealedKey }
        let content = Content(registers: registers, secret: TPMSealedSecret(publicArea: publicArea, privateArea: privateArea))
        // One text for one content.
        guard encode(content) == bytes else { throw .badSealedKey }
        return content
    }
}
