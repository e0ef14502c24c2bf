import Attestation
import ChainTypes
import Crypto
import Cryptography
import Glibc
import PlatformProtocol
import Primitives

/// No hardware: an ordinary process whose sealing key lies in a file beside the vault.
///
/// It protects nothing against whoever owns the machine, and says so in every artefact: identity, evidence, results, key file, vault.
package struct SimulatedPlatform: EnclavePlatform {
    private static let heading = "jupiter sealing key, version 1, \(SimulatedEvidence.label)"

    private let home: String

    /// - Parameter home: the enclave's directory.
    package init(home: String) { self.home = home }

    package var name: String { SimulatedEvidence.platform }
    package var assurance: AssuranceClass { .none }
    package var measurement: Hash32 { SimulatedEvidence.measurement }
    package func report(_ binding: AttestationBinding) -> [UInt8] { SimulatedEvidence.report(binding) }

    private var path: String { home + "/sealing-key.simulated" }

    package func sealingKey() throws(VaultError) -> SymmetricKey {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw .ioFailed }
            return try create()
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 == 0 else {
            throw .badSealingKey
        }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { throw .badSealingKey }
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
        guard lines.count == 2, lines[0] == Self.heading, var secret = Hex.decode(lines[1])
        else { throw .badSealingKey }
        // The text is left: it is in the file too.
        defer { explicit_bzero(&secret, secret.count) }
        guard let key = try? AuthenticatedEncryption.key(secret) else { throw .badSealingKey }
        return key
    }

    /// A new key, durable before it is used; refused beside an existing vault, which it could never open.
    private func create() throws(VaultError) -> SymmetricKey {
        for name in ["/vault.log", "/vault.log.2"] {
            var status = stat()
            guard lstat(home + name, &status) != 0 || status.st_size == 0 else { throw .missing }
        }
        let key = AuthenticatedEncryption.randomKey()
        var secret = key.withUnsafeBytes { [UInt8]($0) }
        defer { explicit_bzero(&secret, secret.count) }
        let text = Self.heading + "\n" + Hex.encode(secret) + "\n"
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .ioFailed }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw .ioFailed
        }
        let folder = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .ioFailed }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .ioFailed }
        return key
    }
}
