import Cryptography
import Glibc
import Primitives

/// The kernel's own folder of report entries.
package struct ReportFolder: ReportEntries {
    package static let standardPath = "/sys/kernel/config/tsm/report"

    /// EBUSY and EINTR are passing states: a report takes the secure processor a while, and it serves one guest at a time.
    private static let attempts = 40
    private static let pause: UInt32 = 50_000

    let path: String

    package init(path: String = standardPath) { self.path = path }

    package func make() throws(PlatformError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .deviceMissing(path: path) }
        let entry = "jupiter-\(getpid())-\(Hex.encode(SecureRandom.bytes(8)))"
        guard mkdir("\(path)/\(entry)", 0o700) == 0 else { throw .deviceRefused(path: path, system: errno) }
        return entry
    }

    package func remove(_ entry: String) { rmdir("\(path)/\(entry)") }

    package func write(_ bytes: [UInt8], to attribute: String, in entry: String) throws(PlatformError) {
        try retrying("\(path)/\(entry)/\(attribute)", O_WRONLY) { descriptor in
            let count = Glibc.write(descriptor, bytes, bytes.count)
            guard count < 0 || count == bytes.count else {
                errno = EIO
                return false
            }
            return count == bytes.count
        }
    }

    package func read(_ attribute: String, in entry: String, limit: Int) throws(PlatformError) -> [UInt8] {
        var found: [UInt8] = []
        try retrying("\(path)/\(entry)/\(attribute)", O_RDONLY) { descriptor in
            var buffer = [UInt8](repeating: 0, count: limit + 1)
            var filled = 0
            while filled < buffer.count {
                let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled) }
                guard count >= 0 else { return false }
                guard count > 0 else { break }
                filled += count
            }
            guard filled <= limit else {
                errno = EFBIG
                return false
            }
            found = Array(buffer[..<filled])
            return true
        }
        return found
    }

    /// Opens `file` anew for each attempt: what was read half would not go on where it stopped.
    private func retrying(_ file: String, _ flags: Int32, _ body: (Int32) -> Bool) throws(PlatformError) {
        for _ in 0..<Self.attempts {
            let descriptor = open(file, flags | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else {
                guard errno == EBUSY || errno == EINTR else { throw .deviceRefused(path: file, system: errno) }
                usleep(Self.pause)
                continue
            }
            let done = body(descriptor)
            let failure = errno
            close(descriptor)
            if done { return }
            guard [EBUSY, EINTR, EAGAIN].contains(failure) else { throw .deviceRefused(path: file, system: failure) }
            usleep(Self.pause)
        }
        throw .reportBusy
    }
}
