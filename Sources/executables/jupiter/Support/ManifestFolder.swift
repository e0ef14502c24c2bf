import Attestation
import Foundation
import Glibc

/// Reads a manifest's files: regular ones of bounded size that lie below its folder, links resolved.
struct ManifestFolder {
    private let root: String

    /// - Parameter path: of the manifest.
    init(of path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard let root = Self.resolve(folder) else { throw ManifestError.fileUnreadable(path) }
        self.root = root
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// - Parameters:
    ///   - path: relative to the manifest.
    ///   - position: of the entry that names it.
    func read(_ path: String, position: Int) throws -> [UInt8] {
        guard let resolved = Self.resolve(root + "/" + path) else { throw ManifestError.fileUnreadable(path) }
        guard resolved.hasPrefix(root == "/" ? "/" : root + "/") else { throw ManifestError.pathOutside(position) }
        return try Self.read(file: resolved, limit: EvidenceFiles.maximumBytes)
    }

    /// The bytes of a regular file of at most `limit` bytes.
    static func read(file path: String, limit: Int) throws -> [UInt8] {
        // A named pipe must not make anybody wait.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ManifestError.fileUnreadable(path) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw ManifestError.fileUnreadable(path) }
        guard status.st_size <= limit, let data = try? handle.read(upToCount: limit + 1) ?? Data() else {
            throw ManifestError.fileTooLarge(path)
        }
        guard data.count <= limit else { throw ManifestError.fileTooLarge(path) }
        return [UInt8](data)
    }
}
