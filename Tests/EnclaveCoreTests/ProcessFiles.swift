import Foundation

/// What the kernel says of a process.
enum ProcessFiles {
    static func children(of process: Int32) -> [Int32] {
        text("/proc/\(process)/task/\(process)/children").split(separator: " ").compactMap { Int32($0) }
    }

    /// The path of its program.
    static func program(_ process: Int32) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe")
    }

    /// The value of a line of /proc/PID/status, trimmed.
    static func status(_ process: Int32, _ name: String) -> String? {
        let line = text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// The hard limit of a resource, as /proc/PID/limits names it.
    static func limit(_ process: Int32, _ name: String) -> String? {
        let line = text("/proc/\(process)/limits").split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.dropFirst(name.count).split(separator: " ").dropFirst().first.map(String.init)
    }

    static func descriptors(_ process: Int32) -> [Int: String] {
        let folder = "/proc/\(process)/fd"
        var found: [Int: String] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            if let number = Int(name) {
                found[number] = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) ?? ""
            }
        }
        return found
    }

    static func maps(_ process: Int32) -> [Substring] { text("/proc/\(process)/maps").split(separator: "\n") }

    /// The environment that it was started with.
    static func environment(_ process: Int32) -> [String] { text("/proc/\(process)/environ").split(separator: "\0").map(String.init) }

    static func isThere(_ process: Int32) -> Bool {
        guard let state = status(process, "State") else { return false }
        return !state.hasPrefix("Z")
    }

    /// Waits until `condition` holds; `false` after two minutes.
    static func becomes(_ condition: () -> Bool) -> Bool {
        for _ in 0..<12_000 {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }

    private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
