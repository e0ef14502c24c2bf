import AdversarySupport
import DataModel
import EnclaveSandbox
import Foundation
import Testing
import WireTypes

/// The system calls of the three processes through a whole life, as `strace` saw them.
@Suite struct `A trace of the enclave's processes` {
    static let isTraceable: Bool = {
        let found = FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")
        if !found { print("skipped: strace is not installed (./dev setup --test)") }
        return found
    }()

    @Test(.enabled(if: isTraceable)) func `shows no call outside the lists, from attestation to restart`() throws {
        let node = try BypassedNode()
        let process = try EnclaveProcess(node)
        let files = (1...2).map { process.home.path + "/trace\($0)" }
        let schema = try Schema(version: 1, fields: [Field("age", .integer)])
        let scene = try EnclaveScene(node: node, driver: .socket(try process.start(trace: files[0])), schema: schema)
        try scene.start()
        var attest = WireAttestCommand()
        attest.challengeHeight = 1
        attest.challengeBlock = Data(repeating: 5, count: 32)
        _ = try scene.driver.perform(.attest(attest))
        scene.publishDataset()
        try scene.publishProgram(SpyProgram.code, output: SpyProgram.outputSchema)
        let subject = try scene.makeSubject()
        #expect(try scene.enrol([subject])[0].hasFailure == false)
        try scene.put(DataRecord(["age": .integer(42)], schema: schema), of: subject)
        let grant = try scene.grant(subject, fields: ["age"])
        let request = try scene.request(grant, fields: ["age"])
        try scene.block()
        let run = try scene.run([scene.evidence(request, grant)])[0]
        #expect(run.failure.name == "")
        #expect(try scene.open(request, run).hasFailure == false)
        _ = try scene.driver.perform(.backup(WireBackupCommand()))
        // A program that refuses, and one that is none.
        try scene.publishProgram(SpyProgram.refusingCode(named: "x"), output: SpyProgram.outputSchema)
        let other = try scene.grant(subject, fields: ["age"])
        let refused = try scene.request(other, fields: ["age"])
        try scene.block()
        #expect(try scene.run([scene.evidence(refused, other)])[0].failure.name == "program.programRefused")
        #expect(process.terminate() == 0)
        scene.driver = .socket(try process.start(trace: files[1]))
        try scene.start()
        #expect(scene.enclave.enrolled == 1)
        #expect(process.terminate() == 0)

        var seen: Set<String> = []
        for file in files {
            var trace = SystemCallTrace()
            for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") { trace.read(line) }
            #expect(trace.violations == [], "\(file)")
            #expect(trace.unfiltered > 100, "what was done before the filters is in the trace too")
            seen.formUnion(trace.filteredRoles)
        }
        #expect(seen == ["launcher", "vault", "compiling-template", "template", "worker"])
    }

    @Test(.enabled(if: isTraceable)) func `is not to be had without asking for it: under a tracer none of them goes on`() throws {
        let process = try EnclaveProcess(BypassedNode())
        let log = process.home.path + "/trace"
        let enclave = try EnclaveProcess.run(
            "/usr/bin/strace",
            [
                "-f", "-qq", "-o", log, EnclaveProcess.executable.path, "--home", process.home.path + "/vault", "--socket",
                process.socket, "--genesis", process.home.path + "/genesis.bin",
            ])
        #expect(enclave.status == 1)
        #expect(enclave.output.contains("enclave.traced (896)"))
        // What all three do first, in a program that has no launcher.
        let breaker = EnclaveProcess.executable.deletingLastPathComponent().appending(path: "sandbox-breaker").path
        #expect(try EnclaveProcess.run("/usr/bin/strace", ["-qq", "-o", log, breaker, "worker", "none"]).status == 65)
        #expect(try EnclaveProcess.run(breaker, ["worker", "none"]).status == 0)
    }

    @Test func `that shows a forbidden call is recognised as such`() {
        var trace = SystemCallTrace()
        let lines = """
            10 execve("/x/jupiter-enclave", ["…"], 0x7ff /* 5 vars */) = 0
            10 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
            10 seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {len=5, filter=0x5}) = 0
            10 clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88 <unfinished ...>
            11 execve("/x/jupiter-enclave-worker", ["…"], 0x7ff /* 1 var */) = 0
            11 openat(AT_FDCWD, "/lib/x", O_RDONLY) = 3
            10 <... clone3 resumed>) = 11
            11 seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {len=5, filter=0x5}) = 0
            11 mmap(NULL, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f
            11 seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {len=5, filter=0x5}) = 0
            11 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 12
            12 seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {len=5, filter=0x5} <unfinished ...>
            11 madvise(0x7f, 4096, MADV_DONTNEED) = 0
            12 <... seccomp resumed>) = 0
            12 recvfrom(3, "", 4, 0, NULL, NULL) = 4
            """
        for line in lines.split(separator: "\n") { trace.read(line) }
        #expect(trace.violations == [])
        #expect(trace.filteredRoles.contains("worker"))
        trace.read(#"11 mmap(NULL, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f"#)
        trace.read(#"11 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3"#)
        trace.read(#"10 socket(AF_INET, SOCK_STREAM, 0) = 3"#)
        trace.read(#"10 openat(AT_FDCWD, "/etc/passwd", O_RDWR|O_CREAT, 0600) = 3"#)
        trace.read(#"11 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_THREAD|SIGCHLD, child_tidptr=0x7f) = 13"#)
        trace.read(#"12 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 14"#)
        #expect(trace.violations.count == 6)
    }
}

/// Reads the lines of `strace -f -o`, and holds each call against the list of the filter that its process had loaded by then.
struct SystemCallTrace {
    private struct Role {
        var name = "launcher"
        /// How many filters it has loaded of its own.
        var filters = 0
    }

    /// Threads and processes by their number.
    private var roles: [Int: Role] = [:]
    /// Which process a thread belongs to.
    private var owner: [Int: Int] = [:]
    private(set) var violations: [String] = []
    /// Calls before a filter.
    private(set) var unfiltered = 0
    private(set) var filteredRoles: Set<String> = []

    mutating func read(_ line: Substring) {
        guard let space = line.firstIndex(of: " "), let task = Int(line[..<space]) else { return }
        let rest = line[space...].drop { $0 == " " }
        if rest.hasPrefix("+++") {
            if rest.contains("SIGSYS") { violations.append(String(line)) }
            return
        }
        guard !rest.hasPrefix("---") else { return }
        if roles[task] == nil, owner[task] == nil, let parent = pendingCopies.last { roles[task] = roles[parent] }
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
            default: ("launcher", SystemCalls.launcher)
            }
        filteredRoles.insert(label)
        let isExecutable = list.neverExecutable.contains(name) && call.contains("PROT_EXEC")
        let opensForWriting =
            name == "openat" && list.masked.contains { $0.name == name }
            && ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].contains { call.contains($0) }
        let isNoCopy =
            name == "clone" && list.masked.contains { $0.name == name }
            && !["SIGCHLD,", "SIGCHLD <"].contains { call.contains("flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|" + $0) }
        // Where a process is killed while it is busy, strace (6.1) may put its number before the killer's call: any parent that kills its
        // children shows it. A process that made such a call itself would end by SIGSYS, which is a violation of its own.
        let isOwnEnd = name == "kill" && call.hasPrefix("kill(\(process), SIGKILL <unfinished")
        guard !isOwnEnd else { return }
        if !list.names.contains(name) || isExecutable || opensForWriting || isNoCopy { violations.append("\(label): \(line)") }
    }

    /// The number after the last `= `.
    private static func result(_ call: Substring) -> Int? {
        guard let equals = call.range(of: "= ", options: .backwards) else { return nil }
        return Int(call[equals.upperBound...].prefix { $0.isNumber })
    }
}
