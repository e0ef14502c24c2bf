import Foundation
import Glibc

/// A file system of a few megabytes in memory, which a test can fill.
package final class SmallDisk: Sendable {
    /// What a file takes at a time.
    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

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
    ///
    /// Who else writes meanwhile takes some of what was free a moment ago; of a piece that does not fit any more nothing is taken at all,
    /// so smaller ones follow.
    package func fill(leaving bytes: Int) throws {
        let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        var piece = Int.max
        while true {
            let pages = (freeBytes - bytes) / Self.page
            guard pages > 0 else { return }
            piece = min(piece, pages)
            let code = posix_fallocate(descriptor, lseek(descriptor, 0, SEEK_END), off_t(piece * Self.page))
            guard code == 0 || code == ENOSPC else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
            if code == ENOSPC { piece = max(1, piece / 2) }
        }
    }

    package func free() { unlink(filler) }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
