import Glibc
import Primitives
import Synchronization

/// A file of records that are appended and then read once in order: what one run of the program need not hold in memory.
///
/// Nothing of it survives the run: it is empty when it is made, and not synced. Per record its size (u32, little-endian) and bytes.
package final class RecordFile: Sendable {
    /// The most bytes of a record.
    package static let maximumRecord = 16 << 20

    private let path: String
    /// Guards the end of the file.
    private let descriptor: Mutex<Int32>

    /// Makes the file, or empties it.
    package init(_ path: String) throws(StorageError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Files.failure("make", path) }
        self.path = path
        self.descriptor = Mutex(descriptor)
    }

    deinit { _ = descriptor.withLock { close($0) } }

    /// Removes the file; what is open stays usable.
    package func remove() throws(StorageError) { try Files.remove(path) }

    package func append(_ records: [[UInt8]]) throws(StorageError) {
        var bytes: [UInt8] = []
        for record in records {
            precondition(record.count <= Self.maximumRecord, "records are bounded where they are taken in")
            bytes.append(littleEndian: UInt32(record.count))
            bytes += record
        }
        try descriptor.withLock { descriptor throws(StorageError) in
            var offset = 0
            while offset < bytes.count {
                let start = offset
                let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Files.failure("write", path) }
                offset += count
            }
        }
    }

    /// Calls `body` with every record, in order; one is in memory at a time.
    package func forEach(_ body: ([UInt8]) throws -> Void) throws {
        var offset = 0
        while let size = try read(4, at: offset) {
            var reader = ByteReader(size)
            let count = Int(try reader.integer(UInt32.self))
            guard count <= Self.maximumRecord, let record = try read(count, at: offset + 4) else { throw StorageError.corrupt(path) }
            offset += 4 + count
            try body(record)
        }
    }

    /// `nil` at the end of the file.
    private func read(_ count: Int, at offset: Int) throws(StorageError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let start = done
            let got = descriptor.withLock { descriptor in
                bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress.map { $0 + start }, count - start, off_t(offset + start)) }
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Files.failure("read", path) }
            guard got > 0 else {
                guard done == 0 else { throw .corrupt(path) }
                return nil
            }
            done += got
        }
        return bytes
    }
}
