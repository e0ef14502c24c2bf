import Glibc
import PlatformProtocol
import Primitives

/// Where the vault's bytes lie: files, or in tests a disk that loses what was not synchronised.
package protocol VaultStorage: AnyObject {
    /// Everything, from the start.
    func contents() throws(VaultError) -> [UInt8]
    /// Adds to the end; not durable before `synchronize`.
    func append(_ bytes: [UInt8]) throws(VaultError)
    /// Cuts off everything from `length` on; not durable before `synchronize`.
    func truncate(to length: Int) throws(VaultError)
    /// Returns when all changes are durable.
    func synchronize() throws(VaultError)
    /// Puts `bytes` in the place of everything and returns when they are durable and the beginning of what was there, which holds its
    /// key, is overwritten. Until then a crash leaves one or the other, never a mixture.
    func replace(with bytes: [UInt8]) throws(VaultError)
}

/// The vault's two files, of which one counts; locked against a second enclave for as long as this object lives.
///
/// A new vault is written into the file that does not count: first everything behind the header, then the header, whose one sector makes
/// it count. Then the other file's header is overwritten in place and the file emptied. No name is ever changed, so a process needs no
/// more than the two open descriptors.
package final class VaultFile: VaultStorage {
    /// The most bytes that are read.
    package static let maximumBytes = 2 << 30

    private let descriptors: [Int32]
    private var current = 0
    private var length = 0

    /// Opens the file at `path` and its second (`path` with ".2"), or creates them (0600), makes their names durable, and locks them
    /// against a second enclave.
    package convenience init(path: String, directory: String) throws(VaultError) {
        let (first, second) = try Self.open(path: path, directory: directory)
        try self.init(locked: first, second: second)
    }

    /// The two files at `path`, open for reading and writing (never for appending: they are written in place) and locked.
    package static func open(path: String, directory: String) throws(VaultError) -> (first: Int32, second: Int32) {
        let first = try open(path)
        do throws(VaultError) {
            guard flock(first, LOCK_EX | LOCK_NB) == 0 else { throw .inUse }
            let second = try open(path + ".2")
            do throws(VaultError) { try synchronize(directory: directory) } catch {
                close(second)
                throw error
            }
            return (first, second)
        } catch {
            close(first)
            throw error
        }
    }

    /// Takes over two files as `open` gives them; closes them in the end. What a crash left of a replacement is finished here.
    package init(locked first: Int32, second: Int32) throws(VaultError) {
        descriptors = [first, second]
        let generations = [
            VaultHeader.generation(try read(first, from: 0, count: min(try size(first), VaultHeader.bytes))),
            VaultHeader.generation(try read(second, from: 0, count: min(try size(second), VaultHeader.bytes))),
        ]
        switch (generations[0], generations[1]) {
        case (let first?, let second?): current = second > first ? 1 : 0
        case (nil, .some): current = 1
        default: current = 0
        }
        // Only what a replacement left is wiped: a first file without a header may be some other file, which is refused later.
        if current == 1 || generations[0] != nil { try wipe(1 - current) }
        length = try size(descriptors[current])
    }

    private static func open(_ path: String) throws(VaultError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .ioFailed }
        return descriptor
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    package func contents() throws(VaultError) -> [UInt8] { try read(descriptors[current], from: 0, count: length) }

    package func append(_ bytes: [UInt8]) throws(VaultError) {
        try write(descriptors[current], bytes[...], at: length)
        length += bytes.count
    }

    package func truncate(to length: Int) throws(VaultError) {
        guard ftruncate(descriptors[current], length) == 0 else { throw .ioFailed }
        self.length = length
    }

    package func synchronize() throws(VaultError) { try synchronize(current) }

    package func replace(with bytes: [UInt8]) throws(VaultError) {
        let other = 1 - current
        guard ftruncate(descriptors[other], 0) == 0 else { throw .ioFailed }
        try write(descriptors[other], bytes.dropFirst(VaultHeader.sector), at: VaultHeader.sector)
        try synchronize(other)
        // From here on the new file counts.
        try write(descriptors[other], bytes.prefix(VaultHeader.sector), at: 0)
        try synchronize(other)
        let old = current
        (current, length) = (other, bytes.count)
        try wipe(old)
    }

    /// Overwrites a file's header in place, so that its key is gone, and then empties it.
    private func wipe(_ index: Int) throws(VaultError) {
        guard try size(descriptors[index]) > 0 else { return }
        try write(descriptors[index], ArraySlice(repeatElement(0, count: VaultHeader.sector)), at: 0)
        try synchronize(index)
        guard ftruncate(descriptors[index], 0) == 0 else { throw .ioFailed }
        try synchronize(index)
    }

    private func synchronize(_ index: Int) throws(VaultError) {
        guard fdatasync(descriptors[index]) == 0 else { throw .ioFailed }
    }

    private func size(_ descriptor: Int32) throws(VaultError) -> Int {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw .ioFailed }
        guard size <= Self.maximumBytes else { throw .tooLarge }
        return size
    }

    private func read(_ descriptor: Int32, from start: Int, count: Int) throws(VaultError) -> [UInt8] {
        var offset = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while offset < count {
                let size = pread(descriptor, buffer.baseAddress.map { $0 + offset }, count - offset, start + offset)
                if size < 0, errno == EINTR { continue }
                guard size > 0 else { break }
                offset += size
            }
            filled = offset
        }
        guard offset == count else { throw .ioFailed }
        return bytes
    }

    private func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>, at start: Int) throws(VaultError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written, start + written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .ioFailed }
            written += count
        }
    }

    /// Makes names in `directory` durable.
    private static func synchronize(directory: String) throws(VaultError) {
        let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .ioFailed }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .ioFailed }
    }
}
