import EnclaveProtocol
import Foundation
import Glibc
import Synchronization

/// A program started by this one, in a process group of its own, with its output in a log file.
package final class ChildProcess: Sendable {
    package let name: String
    package let logPath: String
    package let processID: pid_t
    private let status = Mutex<Int32?>(nil)

    /// - Parameters:
    ///   - executable: absolute path.
    ///   - environment: added to this process's own.
    package init(
        name: String, executable: String, arguments: [String], environment: [String: String] = [:], logPath: String
    ) throws(LocalFederationError) {
        (self.name, self.logPath) = (name, logPath)
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // A group of its own: Ctrl-C reaches the parent alone, which then ends its children in order.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, executable, &actions, &attributes, &argv, &envp)
        guard status == 0 else { throw .cannotStart(program: executable, why: String(cString: strerror(status))) }
        processID = child
        RunningChildren.add(child)
    }

    /// Whether it has not ended yet.
    package var isRunning: Bool {
        status.withLock { status in
            guard status == nil else { return false }
            var code: Int32 = 0
            guard waitpid(processID, &code, WNOHANG) == processID else { return true }
            status = code
            RunningChildren.remove(processID)
            return false
        }
    }

    /// The exit code of a process that ended by itself; `nil` while it runs or when a signal ended it.
    package var exitStatus: Int32? {
        status.withLock { status in
            guard let status, status & 0x7f == 0 else { return nil }
            return (status >> 8) & 0xff
        }
    }

    /// Waits until it accepts connections at `socket`, by making one: the name is there a moment before anybody listens at it.
    ///
    /// A process that was not given a processor in all that time is still tried once when it is.
    /// - Throws: `notReady` when the process ends first or `seconds` are over.
    package func untilListening(at socket: String, seconds: Double = 30) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        while isRunning {
            let isLast = ContinuousClock.now >= deadline
            if let descriptor = try? UnixSocket.connect(socket) {
                close(descriptor)
                return
            }
            if isLast { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw LocalFederationError.notReady(program: name, log: logTail)
    }

    /// Asks it to end (SIGTERM), and makes it end (SIGKILL) after `seconds`.
    package func stop(seconds: Double = 5) {
        guard isRunning else { return }
        kill(-processID, SIGTERM)
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        while isRunning, ContinuousClock.now < deadline { usleep(10_000) }
        if isRunning { kill(-processID, SIGKILL) }
        while isRunning { usleep(5_000) }
    }

    /// Lets it run on after this process ends.
    package func release() { RunningChildren.remove(processID) }

    /// The last lines of its log.
    package var logTail: String {
        guard let data = FileManager.default.contents(atPath: logPath) else { return "" }
        return String(decoding: data.suffix(4_000), as: UTF8.self).split(separator: "\n").suffix(20).joined(separator: "\n")
    }
}

/// The children that end with this process, however it ends.
package enum RunningChildren {
    private static let children = Mutex<Set<pid_t>>([])

    static func add(_ child: pid_t) { children.withLock { _ = $0.insert(child) } }
    static func remove(_ child: pid_t) { children.withLock { _ = $0.remove(child) } }

    /// Ends all of them now.
    package static func kill() {
        let all = children.withLock { $0 }
        for child in all { Glibc.kill(-child, SIGTERM) }
        let deadline = ContinuousClock.now.advanced(by: .seconds(3))
        var left = all
        while !left.isEmpty, ContinuousClock.now < deadline {
            left = left.filter { waitpid($0, nil, WNOHANG) == 0 }
            usleep(10_000)
        }
        for child in left { Glibc.kill(-child, SIGKILL) }
        for child in left { waitpid(child, nil, 0) }
    }
}
