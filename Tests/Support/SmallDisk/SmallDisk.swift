import Foundation
import Glibc

/// A file system of a few megabytes in memory, which a test can fill.
package final class SmallDisk: Sendable {
    package let path: String
    private var filler: String { path + "/filler" }

    /// `nil`, with a printed reason, where mounting is not permitted.
    package init?(megabytes: Int) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("jupiter-small-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            print("skipped: no file system can be mounted here: \(String(cString: strerror(errno)))")
            try FileManager.default.removeItem(atPath: path)
            return nil
        }
    }

    /// What anybody may still write.
    package var freeBytes: Int {
        var status = statvfs()
        return statvfs(path, &status) == 0 ? Int(status.f_bavail) * Int(status.f_frsize) : 0
    }

    /// Takes all space but `bytes`, once or again.
    package func fill(leaving bytes: Int) throws {
        let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(descriptor) }
        let size = freeBytes - bytes
        guard size > 0 else { return }
        let end = lseek(descriptor, 0, SEEK_END)
        _ = posix_fallocate(descriptor, end, off_t(size))
    }

    package func free() { unlink(filler) }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
