import Cryptography
import Glibc
import Primitives

/// A validator's memory of what it signed: appended and synced before anything is sent, so that a restart never contradicts it.
///
/// One file of frames (`LogFrame`) behind a header that names chain and validator. A frame that was being written when the power went
/// is dropped; damage before the end is refused, since a vote may have been there. `compact` writes a new file with what still matters
/// and puts it in the old one's place. Used from one thread.
package struct WriteAheadLog: ~Copyable {
    /// Format 1 ‖ the hash that names chain and validator.
    private static let header = Array("jupiter-wal-1\n".utf8)

    package let path: String
    private let identity: Hash32
    private var descriptor: Int32
    private var sequence: UInt64
    private var pending: [UInt8] = []
    /// Bytes in the file.
    package private(set) var size: Int
    private let isSynced: Bool

    /// Makes a log that holds no votes.
    /// - Parameter name: `nil` for a validator that never signed anything on this chain. Otherwise votes may be forgotten, and it must not
    ///   vote before the chain has heard of the log by this name.
    package static func create(_ path: String, chain: Hash32, validator: Hash32, name: Hash32? = nil) throws(WriteAheadLogError) {
        guard access(path, F_OK) != 0 else { throw .io("\(path) exists") }
        // Made beside its place, so that a crash leaves no half of one.
        let new = path + ".new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(new) }
        defer { close(descriptor) }
        var records: [UInt8] = []
        if let name {
            LogRecord.name(name).append(to: &records)
            LogRecord.votesFrom(.max).append(to: &records)
        }
        let frame = records.isEmpty ? [] : LogFrame.encode(records, sequence: 0)
        do throws(WriteAheadLogError) {
            try write(header + identity(chain, validator).bytes + frame, to: descriptor, path: new)
            guard fdatasync(descriptor) == 0, rename(new, path) == 0 else { throw failure(path) }
        } catch {
            unlink(new)
            throw error
        }
        try syncFolder(of: path)
    }

    /// Opens a log and gives its records in order.
    /// - Parameter isSynced: only a test that wants to see votes lost says no.
    package init(
        _ path: String, chain: Hash32, validator: Hash32, isSynced: Bool = true, records: inout [LogRecord]
    ) throws(WriteAheadLogError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing(path) : Self.failure(path) }
        let identity = Self.identity(chain, validator)
        do throws(WriteAheadLogError) {
            try Self.lock(descriptor, path: path)
            // Half of a compaction: payloads in it would stay until the next one.
            guard unlink(path + ".new") == 0 || errno == ENOENT else { throw Self.failure(path + ".new") }
            let found = try Self.recover(descriptor, path: path, identity: identity)
            records = found.records
            (sequence, size) = (found.sequence, found.size)
        } catch {
            close(descriptor)
            throw error
        }
        (self.path, self.identity, self.descriptor, self.isSynced) = (path, identity, descriptor, isSynced)
    }

    deinit { close(descriptor) }

    /// Where a log lies that was put aside because it is damaged or another one's.
    package static func old(_ path: String) -> String { path + ".old" }

    /// Removes a log that was put aside, if there is one.
    package func removeOld() throws(WriteAheadLogError) {
        guard unlink(Self.old(path)) == 0 || errno == ENOENT else { throw Self.failure(Self.old(path)) }
    }

    private static func identity(_ chain: Hash32, _ validator: Hash32) -> Hash32 {
        Digest.hash(.logIdentity, chain.bytes + validator.bytes)
    }

    private static func recover(
        _ descriptor: Int32, path: String, identity: Hash32
    ) throws(WriteAheadLogError) -> (records: [LogRecord], sequence: UInt64, size: Int) {
        let bytes = try read(descriptor, path: path)
        guard bytes.starts(with: header) else { throw .unknownFormat(path) }
        var offset = header.count + 32
        guard bytes.count >= offset, bytes[header.count..<offset].elementsEqual(identity.bytes) else { throw .foreign(path) }
        var records: [LogRecord] = []
        var sequence: UInt64 = 0
        while let frame = LogFrame.read(bytes, at: offset) {
            guard frame.sequence == sequence, let decoded = LogRecord.decode(frame.payload) else { throw .corrupt(path) }
            records += decoded
            sequence += 1
            offset = frame.end
        }
        guard !LogFrame.exists(in: bytes, from: offset) else { throw .corrupt(path) }
        if offset < bytes.count {
            // The torn last frame was never acknowledged to anybody.
            guard ftruncate(descriptor, off_t(offset)) == 0, fdatasync(descriptor) == 0 else { throw failure(path) }
        }
        guard lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else { throw failure(path) }
        return (records, sequence, offset)
    }

    /// Adds a record to the next frame.
    package mutating func append(_ record: LogRecord) { record.append(to: &pending) }

    /// Bytes that wait for `sync`.
    package var pendingBytes: Int { pending.count }

    /// Makes everything appended so far durable, as one frame; answers the bytes in the file.
    @discardableResult
    package mutating func sync() throws(WriteAheadLogError) -> Int {
        guard !pending.isEmpty else { return size }
        let frame = LogFrame.encode(pending, sequence: sequence)
        do throws(WriteAheadLogError) {
            try Self.write(frame, to: descriptor, path: path)
            guard !isSynced || fdatasync(descriptor) == 0 else { throw Self.failure(path) }
        } catch {
            // Nothing may follow half a frame.
            ftruncate(descriptor, off_t(size))
            lseek(descriptor, off_t(size), SEEK_SET)
            throw error
        }
        pending.removeAll(keepingCapacity: pending.capacity <= 16 << 20)
        sequence += 1
        size += frame.count
        return size
    }

    /// Replaces the log by one that holds `records` only. What was appended and not synced is dropped, so `records` must hold it.
    @discardableResult
    package mutating func compact(_ records: [LogRecord]) throws(WriteAheadLogError) -> Int {
        let new = path + ".new"
        unlink(new)
        let fresh = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard fresh >= 0 else { throw Self.failure(new) }
        var body: [UInt8] = []
        for record in records { record.append(to: &body) }
        let bytes = Self.header + identity.bytes + (body.isEmpty ? [] : LogFrame.encode(body, sequence: 0))
        do throws(WriteAheadLogError) {
            guard flock(fresh, LOCK_EX | LOCK_NB) == 0 else { throw .locked(new) }
            try Self.write(bytes, to: fresh, path: new)
            guard fdatasync(fresh) == 0, rename(new, path) == 0 else { throw Self.failure(new) }
            try Self.syncFolder(of: path)
        } catch {
            close(fresh)
            // It is of no use, and on a full disk it takes what little is left.
            unlink(new)
            throw error
        }
        close(descriptor)
        (descriptor, sequence, size) = (fresh, body.isEmpty ? 0 : 1, bytes.count)
        pending.removeAll()
        return size
    }
}

extension WriteAheadLog {
    /// Waits a little: a process that was killed, or a child between fork and exec, may hold the lock for a moment longer.
    private static func lock(_ descriptor: Int32, path: String) throws(WriteAheadLogError) {
        for _ in 0..<40 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            usleep(25_000)
        }
        throw .locked(path)
    }

    private static func failure(_ path: String) -> WriteAheadLogError {
        errno == ENOSPC || errno == EDQUOT ? .diskFull(path) : .io("\(path): \(String(cString: strerror(errno)))")
    }

    private static func read(_ descriptor: Int32, path: String) throws(WriteAheadLogError) -> [UInt8] {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0, lseek(descriptor, 0, SEEK_SET) == 0 else { throw failure(path) }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var offset = 0
        while offset < bytes.count {
            let start = offset
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start) }
            guard count > 0 else { throw failure(path) }
            offset += count
        }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(WriteAheadLogError) {
        var offset = 0
        while offset < bytes.count {
            let start = offset
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(path) }
            offset += count
        }
    }

    private static func syncFolder(of path: String) throws(WriteAheadLogError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }
}
