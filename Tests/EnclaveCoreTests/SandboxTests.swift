import AdversarySupport
import DataModel
import EnclaveSandbox
import Foundation
import Testing
import WireTypes
import WorkerProtocol

@Suite struct `The filter of a role` {
    private static let everything = [
        "open", "open-for-writing", "socket", "connect", "listen", "thread", "process", "execve", "executable-mmap", "executable-mprotect",
        "kill", "unlink",
    ]

    /// Role and the one forbidden call that it makes.
    static let forbidden: [(String, String)] = {
        let notExecutable = everything.filter { !$0.hasPrefix("executable") }
        let calls: [String: [String]] = [
            "worker": everything + ["copy", "write-standard-error"], "vault": everything + ["copy"],
            "template": everything + ["other-pair", "write-standard-error"], "compiling-template": notExecutable + ["other-pair"],
        ].merging(LauncherReach.allCases.map { ("launcher-\($0.rawValue)", forbidden(to: $0)) }) { $1 }
        return calls.keys.sorted().flatMap { role in (calls[role] ?? []).map { (role, $0) } }
    }()

    /// What no launcher may, and what one may that reaches something. All may execute programs: they start templates.
    private static func forbidden(to reach: LauncherReach) -> [String] {
        let never = [
            "open-for-writing", "open-to-truncate", "open-to-append", "packet-socket", "listen", "other-pair", "trace", "read-memory",
            "type-into-terminal", "rename", "open-mkdir",
        ]
        let except: [String: [LauncherReach]] = [
            "open-device": [.device], "open-attribute": [.reportFolder], "mkdir": [.reportFolder], "rmdir": [.reportFolder],
            "local-socket": [.localSocket, .network], "connect": [.localSocket, .network], "socket": [.network],
            "newer-socket": [.network], "bind": [.network], "security-module": [.securityModule],
        ]
        return never + except.keys.sorted().filter { except[$0]?.contains(reach) == false }
    }

    private static func run(_ role: String, _ call: String) throws -> Process {
        let process = Process()
        process.executableURL = EnclaveProcess.executable.deletingLastPathComponent().appending(path: "sandbox-breaker")
        process.arguments = [role, call]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process
    }

    @Test(arguments: forbidden) func `kills at a forbidden call`(_ role: String, _ call: String) throws {
        let process = try Self.run(role, call)
        #expect(process.terminationReason == .uncaughtSignal, "\(role): \(call)")
        #expect(process.terminationStatus == SIGSYS, "\(role): \(call)")
    }

    @Test(arguments: [
        ("worker", "none"), ("vault", "none"), ("compiling-template", "none"), ("template", "none"), ("template", "copy"),
        ("launcher-nothing", "none"), ("launcher-nothing", "open"), ("compiling-template", "executable-mmap"),
        // What the platforms' code does, and what the enclave's host has no other list for.
        ("launcher-device", "command"), ("launcher-local-socket", "command"), ("launcher-network", "command"),
        ("launcher-report-folder", "command"), ("launcher-security-module", "command"),
    ]) func `lets pass what is allowed`(_ role: String, _ call: String) throws {
        let process = try Self.run(role, call)
        #expect(process.terminationReason == .exit, "\(role): \(call)")
        #expect(process.terminationStatus == 0, "\(role): \(call)")
    }

    @Test func `knows every name on its lists`() throws {
        let lists = [SystemCalls.vault, SystemCalls.worker, SystemCalls.template, SystemCalls.compilingTemplate, SystemCalls.launcher]
        for list in lists { #expect(list.names.count == list.allowed.count + list.neverExecutable.count + list.masked.count) }
        // Nobody narrows into something wider.
        #expect(SystemCalls.worker.names.isSubset(of: SystemCalls.template.names))
        #expect(SystemCalls.template.names.isSubset(of: SystemCalls.compilingTemplate.names))
        #expect(SystemCalls.vault.names.isSubset(of: SystemCalls.launcher.names))
        #expect(SystemCalls.compilingTemplate.names.isSubset(of: SystemCalls.launcher.names))
        for reach in LauncherReach.allCases {
            let list = SystemCalls.launcher(reaching: reach)
            #expect(SystemCalls.launcher.names.isSubset(of: list.names))
            #expect(!list.masked.contains { list.allowed.contains($0.name) }, "what is narrowed is not allowed as a whole: \(reach)")
        }
    }
}

/// What the kernel says of the enclave's processes while they serve.
@Suite(.serialized) struct `The processes of a running enclave` {
    /// A served enclave with a program that has run once, so that there are a template and workers.
    private static func running(_ body: (EnclaveProcess, EnclaveScene, @escaping () throws -> WireRunOutcome) throws -> Void) throws {
        let node = try BypassedNode()
        let process = try EnclaveProcess(node)
        let schema = try Schema(version: 1, fields: [Field("age", .integer)])
        let scene = try EnclaveScene(node: node, driver: .socket(try process.start()), schema: schema)
        try scene.start()
        scene.publishDataset()
        try scene.publishProgram(SpyProgram.code, output: SpyProgram.outputSchema)
        let subject = try scene.makeSubject()
        #expect(try scene.enrol([subject])[0].hasFailure == false)
        try scene.put(DataRecord(["age": .integer(42)], schema: schema), of: subject)
        let grant = try scene.grant(subject, fields: ["age"]) { $0.maximumUses = 100 }
        var use: UInt32 = 0
        let run = {
            use += 1
            let request = try scene.request(grant, fields: ["age"], use: use)
            try scene.block()
            return try scene.run([scene.evidence(request, grant)])[0]
        }
        #expect(try run().failure.name == "")
        try body(process, scene, run)
    }

    @Test func `are confined, and have no descriptor that they do not need`() throws {
        try Self.running { process, _, _ in
            let launcher = try #require(process.launcher)
            let vault = try #require(process.role("jupiter-enclave-vault").first)
            let template = try #require(process.role("jupiter-enclave-worker").first)
            #expect(ProcessFiles.becomes { process.workers.count == ProgramRuns.spares })
            let worker = try #require(process.workers.first)
            // A copy that was made this moment has not given up what is its template's: its filter is one more than the template's.
            let filters = try #require(ProcessFiles.status(template, "Seccomp_filters").flatMap { Int($0) })
            #expect(ProcessFiles.becomes { ProcessFiles.status(worker, "Seccomp_filters") == "\(filters + 1)" })
            for role in [launcher, vault, template, worker] {
                #expect(ProcessFiles.status(role, "Seccomp") == "2")
                #expect(ProcessFiles.status(role, "NoNewPrivs") == "1")
                #expect(ProcessFiles.limit(role, "Max core file size") == "0")
                #expect((ProcessFiles.limit(role, "Max open files").flatMap { Int($0) }).map { $0 <= 64 } == true)
                #expect(ProcessFiles.maps(role).allSatisfy { !$0.contains(" rwxp ") }, "nothing is writable and executable")
            }
            let open = ProcessFiles.descriptors(vault)
            let files = open.values.filter { $0.hasPrefix("/") && $0 != "/dev/null" }
            #expect(Set(files.map { ($0 as NSString).lastPathComponent }) == ["vault.log", "vault.log.2"])
            // Launcher, stop, listener, one node, one template, and the workers that it has heard of.
            let sockets = open.values.count { $0.hasPrefix("socket:") }
            #expect((5...5 + ProgramRuns.spares).contains(sockets))
            #expect(open.count == 3 + 2 + sockets, "\(open)")
            #expect(Set(ProcessFiles.descriptors(template).keys) == [0, 1, 2, 3])
            var seen: Set<String> = []
            for process in [template, worker] {
                let given = ProcessFiles.descriptors(process)
                #expect([given[0], given[1], given[2]] == ["/dev/null", "/dev/null", "/dev/null"], "it has no way to the host's log")
                #expect(given.count == 4 && given.values.count { $0.hasPrefix("socket:") } == 1, "\(given)")
                seen.formUnion(given.values)
            }
            #expect(seen.count == 3, "a worker has another socket than its template")
            if geteuid() == 0 {
                // The whole of launcher and vault, and the memory for a worker's input, as they touch it.
                for role in [launcher, vault, worker] { #expect(ProcessFiles.status(role, "VmLck") != "0 kB") }
            }
        }
    }

    /// The launcher has had the sealing key, and handed it over: the vault needs it for as long as it rewrites its store.
    @Test func `leave no sealing key with the launcher`() throws {
        let process = try EnclaveProcess(BypassedNode())
        // The first start makes the key, the second reads it.
        for start in 1...2 {
            _ = try process.start()
            let launcher = try #require(process.launcher)
            let vault = try #require(process.role("jupiter-enclave-vault").first)
            let key = try process.sealingKey()
            for role in [launcher, vault] {
                // Not even its own user looks into it; root finds the key where it has to be, and not where it was.
                let expected = geteuid() == 0 ? role == vault : nil
                #expect(ProcessFiles.holds(role, key) == expected, "start \(start)")
            }
            #expect(process.terminate() == 0)
        }
    }

    @Test func `lose one run when a worker dies, and start another`() throws {
        try Self.running { process, _, run in
            let template = try #require(process.role("jupiter-enclave-worker").first)
            #expect(ProcessFiles.becomes { process.workers.count == ProgramRuns.spares })
            // The next one is in the middle of its run for as long as it is stopped.
            let workers = process.workers
            for worker in workers { kill(worker, SIGSTOP) }
            let killer = Thread {
                // Long after the run has begun, also on a busy machine.
                usleep(2_000_000)
                for worker in workers { kill(worker, SIGKILL) }
            }
            killer.start()
            let lost = try run()
            #expect(lost.failure.name == "enclave.workerLost")
            #expect(lost.signature.isEmpty, "it can be tried again")
            #expect(try run().failure.name == "")
            let next = try #require(process.role("jupiter-enclave-worker").first)
            #expect(next != template)
            // A template that died between two runs takes its workers with it.
            let others = process.workers
            kill(next, SIGKILL)
            #expect(ProcessFiles.becomes { ([next] + others).allSatisfy { !ProcessFiles.isThere($0) } })
            #expect(try run().failure.name == "enclave.workerLost")
            #expect(try run().failure.name == "")
            let launcher = try #require(process.launcher)
            #expect(ProcessFiles.children(of: launcher).count == 2, "no zombies")
            #expect(process.terminate() == 0)
        }
    }

    /// What breaks out of a program has seen one run, and sees no other.
    @Test func `serve every run of a program in a process of its own`() throws {
        try Self.running { process, _, run in
            let template = try #require(process.role("jupiter-enclave-worker").first)
            var served: Set<Int32> = []
            for round in 1...4 {
                #expect(ProcessFiles.becomes { process.workers.count == ProgramRuns.spares })
                let before = Set(process.workers)
                #expect(try run().failure.name == "")
                // One that was there has ended, one that was not is there.
                #expect(ProcessFiles.becomes { before.subtracting(process.workers).count == 1 })
                served.formUnion(before.subtracting(process.workers))
                #expect(served.count == round)
            }
            #expect(process.role("jupiter-enclave-worker") == [template], "the program was compiled once")
        }
    }

    @Test(arguments: ["launcher", "vault"]) func `all end when one of the two does`(_ which: String) throws {
        try Self.running { process, _, _ in
            let launcher = try #require(process.launcher)
            #expect(ProcessFiles.becomes { process.workers.count == ProgramRuns.spares })
            let others = process.role("jupiter-enclave-vault") + process.role("jupiter-enclave-worker") + process.workers
            #expect(others.count == 2 + ProgramRuns.spares)
            kill(which == "launcher" ? launcher : others[0], SIGKILL)
            #expect(process.wait() == (which == "launcher" ? SIGKILL : 1))
            #expect(ProcessFiles.becomes { others.allSatisfy { !ProcessFiles.isThere($0) } })
        }
    }

    /// Whoever starts the enclave has a library loaded into whatever it starts, and the enclave none of it.
    @Test func `have nothing of the environment of whoever starts them`() throws {
        let library = try #require(Self.library)
        let environment = ["LD_PRELOAD": library, "LD_LIBRARY_PATH": "/tmp", "LD_AUDIT": "", "CANARY": "canary-7f31"]
        let control = Process()
        let pipe = Pipe()
        control.executableURL = URL(fileURLWithPath: "/bin/cat")
        control.arguments = ["/proc/self/maps"]
        (control.environment, control.standardOutput) = (environment, pipe)
        try control.run()
        let name = (library as NSString).lastPathComponent
        #expect(String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).contains(name))
        control.waitUntilExit()
        let process = try EnclaveProcess(BypassedNode())
        _ = try process.start(environment: environment)
        let launcher = try #require(process.launcher)
        let roles = [launcher] + process.role("jupiter-enclave-vault")
        #expect(roles.count == 2)
        for role in roles where geteuid() == 0 {
            let maps = ProcessFiles.maps(role)
            #expect(!maps.isEmpty && maps.allSatisfy { !$0.contains(name) })
            #expect(ProcessFiles.environment(role) == ["SWIFT_BACKTRACE=enable=no"])
        }
        #expect(process.terminate() == 0)
    }

    /// A library of the C library's that nothing here needs.
    private static let library = ["/lib/x86_64-linux-gnu/libanl.so.1", "/lib/aarch64-linux-gnu/libanl.so.1", "/lib64/libanl.so.1"].first {
        FileManager.default.fileExists(atPath: $0)
    }

    @Test func `refuse to be started by anybody else`() throws {
        for name in ["jupiter-enclave-vault", "jupiter-enclave-worker"] {
            let process = Process()
            process.executableURL = EnclaveProcess.executable.deletingLastPathComponent().appending(path: name)
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 1)
        }
    }
}
