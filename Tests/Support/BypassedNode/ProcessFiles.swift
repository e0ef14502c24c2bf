import Foundation

/// What the kernel says of a process.
package enum ProcessFiles {
    package static func children(of process: Int32) -> [Int32] {
        text("/proc/\(process)/task/\(process)/children").split(separator: " ").compactMap { Int32($0) }
    }

    /// The path of its program.
    package static func program(_ process: Int32) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe")
    }

    /// The value of a line of /proc/PID/status, trimmed.
    package static func status(_ process: Int32, _ name: String) -> String? {
        let line = text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// The hard limit of a resource, as /proc/PID/limits names it.
    package static func limit(_ process: Int32, _ name: String) -> String? {
        let line = text("/proc/\(process)/limits").split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.dropFirst(name.count).split(separator: " ").dropFirst().first.map(String.init)
    }

    package static func descriptors(_ process: Int32) -> [Int: String] {
        let folder = "/proc/\(process)/fd"
        var found: [Int: String] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            if let number = Int(name) {
                found[number] = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) ?? ""
            }
        }
        return found
    }

    package static func maps(_ process: Int32) -> [Substring] { text("/proc/\(process)/maps").split(separator: "\n") }

    /// The environment that it was started with.
    package static func environment(_ process: Int32) -> [String] {
        text("/proc/\(process)/environ").split(separator: "\0").map(String.init)
    }

    package static func isThere(_ process: Int32) -> Bool {
        guard let state = status(process, "State") else { return false }
        return !state.hasPrefix("Z")
    }

    /// Waits until `condition` holds; `false` after two minutes.
    package static func becomes(_ condition: () -> Bool) -> Bool {
        for _ in 0..<12_000 {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }

    /// Whether `bytes` are anywhere in what it may write to; `nil` if this process may not look.
    package static func holds(_ process: Int32, _ bytes: [UInt8]) -> Bool? {
        let file = open("/proc/\(process)/mem", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var part = [UInt8](repeating: 0, count: 1 << 20)
        for line in maps(process) where line.contains(" rw") {
            let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { Int($0, radix: 16) }
            guard ends.count == 2 else { continue }
            // Parts overlap, so that none cuts what is looked for.
            for start in stride(from: ends[0], to: ends[1], by: part.count - bytes.count) {
                let count = pread(file, &part, min(part.count, ends[1] - start), off_t(start))
                if count > 0, Data(part[..<count]).range(of: Data(bytes)) != nil { return true }
            }
        }
        return false
    }

    /// The whole of a file that has no size of its own, as those of /proc; empty if it cannot be read. (Foundation reads the first page.)
    package static func text(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var (bytes, part) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while case let count = read(file, &part, part.count), count > 0 { bytes += part[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
