import Glibc

/// The system's files as the doctor reads them, under a root that tests choose.
struct Machine: Sendable {
    private static let maximumFile = 1 << 20

    let root: String

    func exists(_ path: String) -> Bool { access(root + path, F_OK) == 0 }

    func mayUse(_ path: String) -> Bool { access(root + path, R_OK | W_OK) == 0 }

    /// The file's text without white space at its end; `nil` when it cannot be read.
    func text(_ path: String) -> String? {
        let descriptor = open(root + path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < Self.maximumFile {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { return nil }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the processor has a feature, by the kernel's name for it.
    func hasProcessorFlag(_ flag: String) -> Bool {
        guard let line = text("/proc/cpuinfo")?.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else { return false }
        return line.split(separator: " ").contains { $0 == flag }
    }

    /// Of the running kernel, as in 6.7.
    var kernel: (major: Int, minor: Int)? {
        guard let release = text("/proc/sys/kernel/osrelease") else { return nil }
        let parts = release.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) ?? 0 }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
}
