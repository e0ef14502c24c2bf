import CHardening
import Glibc

/// What a process of the enclave does when somebody watches it through ptrace, and so reads its memory.
package enum TracerPolicy: Sendable {
    /// It does not go on.
    case refuse
    #if DEBUG
        /// It goes on: for the test that watches its system calls. There is no such policy in a release build.
        case allow
    #endif

    /// On the launcher's command line, and on that of what it starts.
    package static let argument = "--allow-tracer"

    /// Returns if nobody traces this process. Called when it can no longer be attached to, so that nobody comes after the look.
    ///
    /// - Throws: `traced`. Only the tracers of this process's own PID namespace are seen: whoever owns the machine outside of it, or is
    ///   root on it, needs no ptrace either.
    func check() throws(SandboxError) {
        guard case .refuse = self else { return }
        guard Self.tracer == 0 else { throw .traced }
    }

    /// The process that traces this one, 0 for none, or `nil` if the system does not say (proc(5), TracerPid).
    private static var tracer: pid_t? {
        let file = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        for line in bytes[..<count].split(separator: UInt8(ascii: "\n")) where line.starts(with: Array("TracerPid:".utf8)) {
            return pid_t(String(decoding: line.dropFirst(10).filter { (0x30...0x39).contains($0) }, as: UTF8.self))
        }
        return nil
    }
}

/// The environment of a process of the enclave: nothing in it chooses what code it loads or how it behaves.
package enum EmptyEnvironment {
    /// No crash report: it would show memory, and it takes a program of its own.
    static let entry = "SWIFT_BACKTRACE=enable=no"

    /// Returns in a process that has no other entry; executes this program anew without them if it has. So no variable of whoever starts
    /// it (LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH, …) has put code into the process that goes on.
    package static func enter() throws(SandboxError) {
        guard isForeign else { return }
        var variables: [UnsafeMutablePointer<CChar>?] = [strdup(entry), nil]
        execve("/proc/self/exe", CommandLine.unsafeArgv, &variables)
        throw .foreignEnvironment
    }

    private static var isForeign: Bool {
        guard var next = jupiter_environment() else { return false }
        while let variable = next.pointee {
            guard strcmp(variable, entry) == 0 else { return true }
            next += 1
        }
        return false
    }
}
