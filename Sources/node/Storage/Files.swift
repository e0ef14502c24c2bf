import Glibc

/// Directories on disk.
enum Files {
    /// Removes a file, or a directory with everything in it; does nothing when there is none.
    static func remove(_ path: String) throws(StorageError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM, let directory = opendir(path) else { throw failure("remove", path) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { start in
                start.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(directory)
        for name in names { try remove(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Renames inside a directory, and makes it durable.
    static func rename(_ path: String, _ target: String) throws(StorageError) {
        guard Glibc.rename(path, target) == 0 else { throw failure("rename", path) }
        try Database.syncParent(of: target)
    }

    static func failure(_ what: String, _ path: String) -> StorageError {
        let code = errno
        let text = "\(what) \(path): \(String(cString: strerror(code)))"
        return code == ENOSPC ? .diskFull(text) : .io(text)
    }
}
