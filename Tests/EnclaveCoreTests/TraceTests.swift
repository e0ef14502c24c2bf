import AdversarySupport
import Cryptography
import DataModel
import EnclaveSandbox
import Foundation
import Testing
import WireTypes

/// The system calls of the three processes through a whole life, as `strace` saw them.
@Suite struct `A trace of the enclave's processes` {
    @Test(.enabled(if: SystemCallTrace.isPossible)) func `shows no call outside the lists, from attestation to restart`() throws {
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
        try Self.giveAggregateAndErase(scene, subject)
        #expect(process.terminate() == 0)
        scene.driver = .socket(try process.start(trace: files[1]))
        try scene.start()
        #expect(scene.enclave.enrolled == 2)
        #expect(process.terminate() == 0)

        var seen: Set<String> = []
        for file in files {
            var trace = SystemCallTrace()
            try trace.read(contentsOf: file)
            #expect(trace.violations == [], "\(file)")
            #expect(trace.undumpable.isSuperset(of: ["launcher", "vault"]))
            #expect(trace.unfiltered > 100, "what was done before the filters is in the trace too")
            seen.formUnion(trace.filteredRoles)
        }
        #expect(seen == ["launcher", "vault", "compiling-template", "template", "worker"])
    }

    /// A key grant, a subscription over two subjects with its opening, and an erasure, after which the key is given to nobody.
    private static func giveAggregateAndErase(_ scene: EnclaveScene, _ subject: SceneSubject) throws {
        let given = try scene.requestKeyGrant(
            subject, to: scene.requester.address, key: try SealingPrivateKey(suite: .x25519).publicKey)
        #expect(try !scene.grantKeys(given.grant, given.transaction, given.record).hasFailure)
        let other = try scene.makeSubject()
        #expect(try scene.enrol([other])[0].hasFailure == false)
        try scene.put(DataRecord(["age": .integer(43)], schema: scene.schema), of: other)
        try scene.publishProgram(SpyProgram.code, output: SpyProgram.outputSchema, kind: .subscription)
        let grants = try [subject, other].map { try scene.grant($0, fields: ["age"]) }
        let (id, transaction) = try scene.requestSubscription(["age"], minimumCohort: 2, parameters: [])
        try scene.block()
        let outcome = try scene.runSubscription(id, transaction, grants)
        #expect(outcome.failure.name == "" && outcome.grants.count == 2)
        #expect(try scene.openSubscription(id, outcome).failure.name == "")
        scene.puncture(.record, subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try scene.block()
        #expect(try scene.provePunctures().acknowledgement.sequence == 1)
        #expect(try scene.grantKeys(given.grant, given.transaction, given.record).failure.name == "enclave.recordErased")
    }

    @Test(.enabled(if: SystemCallTrace.isPossible)) func `is not to be had without asking for it: under a tracer none of them goes on`()
        throws
    {
        let process = try EnclaveProcess(BypassedNode())
        let log = process.home.path + "/trace"
        let enclave = try EnclaveProcess.run(
            SystemCallTrace.program,
            [
                "-f", "-qq", "-o", log, EnclaveProcess.executable.path, "--home", process.home.path + "/vault", "--socket",
                process.socket, "--genesis", process.home.path + "/genesis.bin",
            ])
        #expect(enclave.status == 1)
        #expect(enclave.output.contains("enclave.traced (896)"))
        // What all three do first, in a program that has no launcher.
        let breaker = EnclaveProcess.executable.deletingLastPathComponent().appending(path: "sandbox-breaker").path
        #expect(try EnclaveProcess.run(SystemCallTrace.program, ["-qq", "-o", log, breaker, "worker", "none"]).status == 65)
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
        // On a local software TPM, sockets of the machine are allowed, and no others.
        var onTPM = SystemCallTrace(launcher: SystemCalls.launcher(reaching: .localSocket))
        for line in lines.split(separator: "\n").prefix(3) { onTPM.read(line) }
        onTPM.read(#"10 socket(AF_UNIX, SOCK_STREAM, 0) = 3"#)
        #expect(onTPM.violations == [])
        onTPM.read(#"10 socket(AF_INET, SOCK_STREAM, 0) = 3"#)
        #expect(onTPM.violations.count == 1)
    }
}
