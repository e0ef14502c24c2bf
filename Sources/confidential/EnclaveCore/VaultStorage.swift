import Glibc
import PlatformProtocol
import Primitives

/// Where the vault's bytes lie: a file, or in tests a disk that loses what was not synchronised.
package protocol VaultStorage: AnyObject {
    /// Everything, from the start.
    func contents() throws(VaultError) -> [UInt8]
    /// Adds to the end; not durable before `synchronize`.
    func append(_ bytes: [UInt8]) throws(VaultError)
    /// Cuts off everything from `length` on; not durable before `synchronize`.
    func truncate(to length: Int) throws(VaultError)
    /// Returns when all changes are durable.
    func synchronize() throws(VaultError)
}

/// The vault's file, locked against a second enclave for as long as this object lives.
package final class VaultFile: VaultStorage {
    /// The most bytes that are read.
    package static let maximumBytes = 2 << 30

    private let descriptor: Int32

    /// Takes over a file that is open for reading and appending and locked against a second enclave.
    package init(locked descriptor: Int32) { self.descriptor = descriptor }

    /// Opens the file at `path`, or creates it (0600) and makes its name durable.
    package init(path: String, directory: String) throws(VaultError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .ioFailed }
        self.descriptor = descriptor
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .inUse }
        try Self.synchronize(directory: directory)
    }

    deinit { close(descriptor) }

    package func contents() throws(VaultError) -> [UInt8] {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw .ioFailed }
        guard size <= Self.maximumBytes else { throw .tooLarge }
        var offset = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while offset < size {
                let count = pread(descriptor, buffer.baseAddress.map { $0 + offset }, size - offset, offset)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                offset += count
            }
            filled = offset
        }
        guard offset == size else { throw .ioFailed }
        return bytes
    }

    package func append(_ bytes: [UInt8]) throws(VaultError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .ioFailed }
            written += count
        }
    }

    package func truncate(to length: Int) throws(VaultError) {
        guard ftruncate(descriptor, length) == 0 else { throw .ioFailed }
    }

    package func synchronize() throws(VaultError) {
        guard fdatasync(descriptor) == 0 else { throw .ioFailed }
    }

    /// Makes names in `directory` durable.
    private static func synchronize(directory: String) throws(VaultError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .ioFailed }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .ioFailed }
    }
}
