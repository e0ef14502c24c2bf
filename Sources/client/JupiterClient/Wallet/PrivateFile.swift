import Foundation
import Primitives

/// Files that only their owner reads, replaced whole: a crash leaves the old file or the new one, never half of either.
package enum PrivateFile {
    package static func read(_ path: String, limit: Int) throws(ClientError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(path) }
        guard status.st_size <= limit else { throw .file(path: path, why: "larger than \(limit) bytes") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Foundation.read(file, $0.baseAddress?.advanced(by: count), $0.count - count) }
            guard got > 0 else { throw failure(path) }
            count += got
        }
        return bytes
    }

    /// - Parameters:
    ///   - overwrite: whether a file that is there already is replaced.
    ///   - durable: whether to wait until the disk has it (fsync of file and folder).
    package static func write(_ bytes: [UInt8], to path: String, overwrite: Bool, durable: Bool = true) throws(ClientError) {
        let folder = (path as NSString).deletingLastPathComponent
        let temporary = path + ".\(getpid()).new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        let written = writeAll(bytes, file) && (!durable || fsync(file) == 0)
        let why = errno
        close(file)
        // link refuses to replace a file, rename does not.
        let placed = written && (overwrite ? rename(temporary, path) == 0 : link(temporary, path) == 0)
        let failed = written ? errno : why
        if !placed || !overwrite { unlink(temporary) }
        guard placed else { throw failed == EEXIST ? .walletExists(path) : .file(path: path, why: String(cString: strerror(failed))) }
        guard durable else { return }
        let directory = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure(folder) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure(folder) }
    }

    /// Makes the folder and those above it, readable by the owner only.
    package static func makeFolder(_ path: String) throws(ClientError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw .file(path: path, why: "the folder cannot be made") }
    }

    private static func writeAll(_ bytes: [UInt8], _ file: Int32) -> Bool {
        var count = 0
        while count < bytes.count {
            let done = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress?.advanced(by: count), $0.count - count) }
            guard done > 0 else { return false }
            count += done
        }
        return true
    }

    private static func failure(_ path: String) -> ClientError { .file(path: path, why: String(cString: strerror(errno))) }
}
