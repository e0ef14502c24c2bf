import AdversarySupport
import DataModel
import EnclaveSandbox
import Foundation
import Testing
import WireTypes

@Suite struct `The filter of a role` {
    private static let everything = [
        "open", "open-for-writing", "socket", "connect", "listen", "thread", "process", "execve", "executable-mmap", "executable-mprotect",
        "kill", "unlink",
    ]

    /// Role and the one forbidden call that it makes.
    static let forbidden: [(String, String)] =
        ["worker", "vault"].flatMap { role in everything.map { (role, $0) } }
        + everything.filter { !$0.hasPrefix("executable") }.map { ("compiling-worker", $0) }
        + ["open-for-writing", "socket", "connect", "listen"].map { ("launcher", $0) } + [("worker", "write-standard-error")]

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
        ("worker", "none"), ("vault", "none"), ("compiling-worker", "none"), ("launcher", "none"), ("launcher", "open"),
        ("compiling-worker", "executable-mmap"),
    ]) func `lets pass what is allowed`(_ role: String, _ call: String) throws {
        let process = try Self.run(role, call)
        #expect(process.terminationReason == .exit, "\(role): \(call)")
        #expect(process.terminationStatus == 0, "\(role): \(call)")
    }

    @Test func `knows every name on its lists`() throws {
        let lists = [SystemCalls.vault, SystemCalls.worker, SystemCalls.compilingWorker, SystemCalls.launcher]
        for list in lists { #expect(list.names.count == list.allowed.count + list.neverExecutable.count + list.masked.count) }
        // Nobody narrows into something wider.
        #expect(SystemCalls.worker.names.isSubset(of: SystemCalls.compilingWorker.names))
        #expect(SystemCalls.vault.names.isSubset(of: SystemCalls.launcher.names))
        #expect(SystemCalls.compilingWorker.names.isSubset(of: SystemCalls.launcher.names))
    }
}

/// What the kernel says of the three processes while they serve.
@Suite(.serialized) struct `The processes of a running enclave` {
    /// A served enclave with a program that has run once, so that there is a worker.
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
            let worker = try #require(process.role("jupiter-enclave-worker").first)
            for role in [launcher, vault, worker] {
                #expect(ProcessFiles.status(role, "Seccomp") == "2")
                #expect(ProcessFiles.status(role, "NoNewPrivs") == "1")
                #expect(ProcessFiles.limit(role, "Max core file size") == "0")
                #expect((ProcessFiles.limit(role, "Max open files").flatMap { Int($0) }).map { $0 <= 64 } == true)
                #expect(ProcessFiles.maps(role).allSatisfy { !$0.contains(" rwxp ") }, "nothing is writable and executable")
            }
            let open = ProcessFiles.descriptors(vault)
            let files = open.values.filter { $0.hasPrefix("/") && $0 != "/dev/null" }
            #expect(Set(files.map { ($0 as NSString).lastPathComponent }) == ["vault.log", "vault.log.2"])
            // Launcher, stop, listener, one node, one worker.
            #expect(open.values.filter { $0.hasPrefix("socket:") }.count == 5)
            #expect(open.count == 3 + 2 + 5, "\(open)")
            let given = ProcessFiles.descriptors(worker)
            #expect(Set(given.keys) == [0, 1, 2, 3], "\(given)")
            #expect(given[3]?.hasPrefix("socket:") == true)
            #expect([given[0], given[1], given[2]] == ["/dev/null", "/dev/null", "/dev/null"], "it has no way to the host's log")
            if geteuid() == 0 {
                for role in [vault, worker] { #expect(ProcessFiles.status(role, "VmLck") != "0 kB") }
            }
        }
    }

    @Test func `lose one run when a worker dies, and start another`() throws {
        try Self.running { process, _, run in
            let worker = try #require(process.role("jupiter-enclave-worker").first)
            // It is in the middle of a run for as long as it is stopped.
            kill(worker, SIGSTOP)
            let killer = Thread {
                usleep(200_000)
                kill(worker, SIGKILL)
            }
            killer.start()
            let lost = try run()
            #expect(lost.failure.name == "enclave.workerLost")
            #expect(lost.signature.isEmpty, "it can be tried again")
            #expect(try run().failure.name == "")
            let next = try #require(process.role("jupiter-enclave-worker").first)
            #expect(next != worker)
            // One that died between two runs.
            kill(next, SIGKILL)
            #expect(ProcessFiles.becomes { !ProcessFiles.isThere(next) })
            #expect(try run().failure.name == "enclave.workerLost")
            #expect(try run().failure.name == "")
            let launcher = try #require(process.launcher)
            #expect(ProcessFiles.children(of: launcher).count == 2, "no zombies")
            #expect(process.terminate() == 0)
        }
    }

    @Test(arguments: ["launcher", "vault"]) func `all end when one of the two does`(_ which: String) throws {
        try Self.running { process, _, _ in
            let launcher = try #require(process.launcher)
            let others = process.role("jupiter-enclave-vault") + process.role("jupiter-enclave-worker")
            #expect(others.count == 2)
            kill(which == "launcher" ? launcher : others[0], SIGKILL)
            #expect(process.wait() == (which == "launcher" ? SIGKILL : 1))
            #expect(ProcessFiles.becomes { others.allSatisfy { !ProcessFiles.isThere($0) } })
        }
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
