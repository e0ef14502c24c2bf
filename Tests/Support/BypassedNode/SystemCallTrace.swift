import EnclaveSandbox
import Foundation

/// Reads the lines of `strace -f -o`, and holds each call against the list of the filter that its process had loaded by then.
package struct SystemCallTrace {
    package static let program = "/usr/bin/strace"
    /// Whether there is anything to trace with; says so if not.
    package static let isPossible: Bool = {
        let found = FileManager.default.isExecutableFile(atPath: program)
        if !found { print("skipped: strace is not installed (./dev setup --test)") }
        return found
    }()

    private struct Role {
        var name = "launcher"
        /// How many filters it has loaded of its own.
        var filters = 0
    }

    /// Threads and processes by their number.
    private var roles: [Int: Role] = [:]
    /// Which process a thread belongs to.
    private var owner: [Int: Int] = [:]
    package private(set) var violations: [String] = []
    /// Calls before a filter.
    package private(set) var unfiltered = 0
    package private(set) var filteredRoles: Set<String> = []
    /// Programs that have made themselves neither to be traced nor dumped.
    package private(set) var undumpable: Set<String> = []
    private let launcher: SystemCalls.List

    /// - Parameter launcher: what its filter allows.
    package init(launcher: SystemCalls.List = SystemCalls.launcher) { self.launcher = launcher }

    /// Reads a whole file.
    package mutating func read(contentsOf path: String) throws {
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") { read(line) }
    }

    package mutating func read(_ line: Substring) {
        guard let space = line.firstIndex(of: " "), let task = Int(line[..<space]) else { return }
        let rest = line[space...].drop { $0 == " " }
        if rest.hasPrefix("+++") {
            if rest.contains("SIGSYS") { violations.append(String(line)) }
            return
        }
        guard !rest.hasPrefix("---") else { return }
        if roles[task] == nil, owner[task] == nil, let parent = pendingCopies.last { roles[task] = roles[parent] }
        if roles[task] == nil, owner[task] == nil, pendingThreads.count == 1, let maker = pendingThreads.first {
            owner[task] = owner[maker] ?? maker
        }
        let process = owner[task] ?? task
        if rest.hasPrefix("<... ") {
            let name = rest.dropFirst(5).prefix { $0 != " " }
            if name == "seccomp", pendingFilters.remove(task) != nil, rest.hasSuffix("= 0") { roles[process, default: Role()].filters += 1 }
            if name.hasPrefix("clone") { pendingCopies.removeAll { $0 == process } }
            if name.hasPrefix("clone"), let child = Self.result(rest) {
                adopt(child, by: process, isThread: pendingThreads.remove(task) != nil)
            }
            return
        }
        let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        check(name, rest, process, line)
        if name.hasPrefix("clone") || name == "vfork" {
            let isThread = rest.contains("CLONE_THREAD")
            if let child = Self.result(rest) {
                adopt(child, by: process, isThread: isThread)
            } else if isThread {
                pendingThreads.insert(task)
            } else {
                pendingCopies.append(process)
            }
        }
        if name == "execve", rest.hasSuffix("= 0") || rest.contains("<unfinished") {
            var role = Role()
            if rest.contains("jupiter-enclave-vault\"") { role.name = "vault" }
            if rest.contains("jupiter-enclave-worker\"") { role.name = "worker" }
            roles[process] = role
        }
        if name == "prctl", rest.contains("PR_SET_DUMPABLE, SUID_DUMP_DISABLE"), rest.hasSuffix("= 0") {
            undumpable.insert((roles[process] ?? Role()).name)
        }
        guard name == "seccomp", rest.contains("SET_MODE_FILTER") else { return }
        if rest.hasSuffix("= 0") { roles[process, default: Role()].filters += 1 }
        if rest.contains("<unfinished") { pendingFilters.insert(task) }
    }

    private var pendingThreads: Set<Int> = []
    /// Tasks whose filter is being loaded.
    private var pendingFilters: Set<Int> = []
    /// Processes whose copy may be seen before the call that makes it returns.
    private var pendingCopies: [Int] = []

    private mutating func adopt(_ child: Int, by process: Int, isThread: Bool) {
        if isThread { owner[child] = process } else if roles[child] == nil { roles[child] = roles[process] }
    }

    private mutating func check(_ name: String, _ call: Substring, _ process: Int, _ line: Substring) {
        let role = roles[process] ?? Role()
        guard role.filters > 0 else {
            unfiltered += 1
            return
        }
        let (label, list): (String, SystemCalls.List) =
            switch (role.name, role.filters) {
            case ("vault", _): ("vault", SystemCalls.vault)
            case ("worker", 1): ("compiling-template", SystemCalls.compilingTemplate)
            case ("worker", 2): ("template", SystemCalls.template)
            case ("worker", _): ("worker", SystemCalls.worker)
            default: ("launcher", launcher)
            }
        filteredRoles.insert(label)
        let isExecutable = list.neverExecutable.contains(name) && call.contains("PROT_EXEC")
        let opensForWriting =
            name == "openat" && list.masked.contains { $0.name == name }
            && ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].contains { call.contains($0) }
        let isOtherFamily =
            name == "socket" && list.masked.filter { $0.name == name }.map(\.value) == [1] && !call.hasPrefix("socket(AF_UNIX,")
        let isNoCopy =
            name == "clone" && list.masked.contains { $0.name == name }
            && !["SIGCHLD,", "SIGCHLD <"].contains { call.contains("flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|" + $0) }
        // Where a process is killed while it is busy, strace (6.1) may put its number before the killer's call: any parent that kills its
        // children shows it. A process that made such a call itself would end by SIGSYS, which is a violation of its own.
        let isOwnEnd = name == "kill" && call.hasPrefix("kill(\(process), SIGKILL <unfinished")
        guard !isOwnEnd else { return }
        if !list.names.contains(name) || isExecutable || opensForWriting || isOtherFamily || isNoCopy {
            violations.append("\(label): \(line)")
        }
    }

    /// The number after the last `= `.
    private static func result(_ call: Substring) -> Int? {
        guard let equals = call.range(of: "= ", options: .backwards) else { return nil }
        return Int(call[equals.upperBound...].prefix { $0.isNumber })
    }
}
