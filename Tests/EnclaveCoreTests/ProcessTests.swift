import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import EnclaveSandbox
import Foundation
import Primitives
import Testing
import WireTypes

/// A real `jupiter-enclave` process in a temporary home.
final class EnclaveProcess {
    struct NotStarted: Error, CustomStringConvertible { let description: String }

    let home: URL
    let socket: String
    private let genesis: URL
    private var process: Process?

    init(_ node: BypassedNode) throws {
        home = URL(fileURLWithPath: "/tmp/jupiter-enclave-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        socket = home.path + "/enclave.sock"
        genesis = home.appending(path: "genesis.bin")
        try Data(node.genesis.bytes).write(to: genesis)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: home)
    }

    /// The executable lies beside the test bundle.
    static var executable: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(
            path: "jupiter-enclave")
    }

    @discardableResult
    static func run(_ arguments: [String]) throws -> (status: Int32, output: String) { try run(executable.path, arguments) }

    static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// - Parameters:
    ///   - trace: where `strace` writes every system call of all its processes to.
    ///   - environment: what the enclave is started with; `nil` for this process's own.
    func start(trace: String? = nil, environment: [String: String]? = nil) throws -> EnclaveConnection {
        let process = Process()
        process.executableURL = trace == nil ? Self.executable : URL(fileURLWithPath: SystemCallTrace.program)
        process.arguments =
            (trace.map { ["-f", "-qq", "-o", $0, Self.executable.path] } ?? [])
            + ["--home", home.path + "/vault", "--socket", socket, "--genesis", genesis.path]
            + (trace == nil ? [] : [TracerPolicy.argument])
        if let environment { process.environment = environment }
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        let connection = EnclaveConnection(path: socket)
        for _ in 0..<24_000 {
            if (try? connection.status()) != nil { return connection }
            guard process.isRunning else { throw NotStarted(description: "jupiter-enclave ended with \(process.terminationStatus)") }
            usleep(5_000)
        }
        throw NotStarted(description: "jupiter-enclave does not answer")
    }

    /// The launcher's process id.
    var launcher: Int32? {
        guard let process, process.isRunning else { return nil }
        let started = process.processIdentifier
        // `strace` has the launcher as its child.
        return process.executableURL == Self.executable ? started : ProcessFiles.children(of: started).first
    }

    /// The process ids of the launcher's children whose program is `name`.
    func role(_ name: String) -> [Int32] {
        launcher.map(ProcessFiles.children)?.filter { ProcessFiles.program($0)?.hasSuffix("/" + name) == true } ?? []
    }

    /// The process ids of all templates' workers.
    var workers: [Int32] { role("jupiter-enclave-worker").flatMap(ProcessFiles.children).sorted() }

    /// The exit status, once the process has ended by itself.
    func wait() -> Int32 {
        process?.waitUntilExit()
        return process?.terminationStatus ?? -1
    }

    /// As it lies beside the vault: the enclave is simulated.
    func sealingKey() throws -> [UInt8] {
        let lines = try String(contentsOfFile: home.path + "/vault/sealing-key.simulated", encoding: .utf8).split(separator: "\n")
        guard lines.count == 2, let key = Hex.decode(lines[1]) else { throw NotStarted(description: "no sealing key") }
        return key
    }

    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func terminate() -> Int32 {
        guard let process, let launcher else { return -1 }
        Foundation.kill(launcher, SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }
}

@Suite(.serialized) struct `A real enclave process` {
    @Test func `scores an applicant for the requester, and stops cleanly`() throws {
        let data = try CreditData()
        let node = try BypassedNode()
        let process = try EnclaveProcess(node)
        let scene = try EnclaveScene(node: node, driver: .socket(try process.start()), schema: data.schema, suite: .xwing)
        try scene.start()
        scene.publishDataset()
        try scene.publishProgram(CreditData.wasm("credit-assessor"), output: CreditData.scoreSchema)
        let subject = try scene.makeSubject()
        #expect(try scene.enrol([subject])[0].hasFailure == false)
        try scene.put(data.record(data.applicants[7]), of: subject)
        let grant = try scene.grant(subject, fields: data.fields)
        let request = try scene.request(grant, fields: data.fields)
        try scene.block()
        let run = try scene.run([scene.evidence(request, grant)])[0]
        let opening = try scene.open(request, run)
        let result = try scene.read(run.sealedResult, opening.keyBox, job: request.id)
        let score = try CreditData.scoreSchema.check([UInt8](result.output)).number("probability_bad")
        #expect(abs(try #require(score) - data.expected(data.applicants[7])) <= 1e-9)
        // A refusal over the socket.
        let other = try scene.grant(subject, fields: data.fields) { $0.purpose = "DirectMarketing" }
        let refused = try scene.request(other, fields: data.fields)
        try scene.block()
        #expect(try scene.run([scene.evidence(refused, other)])[0].failure.code == 308)
        var status = stat()
        #expect(stat(process.socket, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(process.terminate() == 0)
        #expect(stat(process.socket, &status) != 0)
    }

    @Test func `loses no acknowledged enrolment when it is killed`() throws {
        let node = try BypassedNode()
        let process = try EnclaveProcess(node)
        let schema = try Schema(version: 1, fields: [Field("age", .integer)])
        let scene = try EnclaveScene(node: node, driver: .socket(try process.start()), schema: schema)
        var acknowledged: UInt32 = 0
        for round in 0..<6 {
            try scene.start()
            #expect(scene.enclave.enrolled >= acknowledged, "round \(round)")
            acknowledged = scene.enclave.enrolled
            for _ in 0..<3 { acknowledged += try scene.enrol([scene.makeSubject()])[0].hasFailure ? 0 : 1 }
            // The last one is killed while it is under way.
            guard case .socket(let connection) = scene.driver else { return }
            let enrolment = try scene.enrolment(scene.makeSubject())
            let thread = Thread {
                var command = WireEnrolCommand()
                command.enrolments = [enrolment]
                _ = try? connection.perform(.enrol(command))
            }
            thread.start()
            usleep(UInt32(round) * 400)
            process.kill()
            scene.driver = .socket(try process.start())
        }
        try scene.start()
        #expect(scene.enclave.enrolled >= acknowledged)
        #expect(acknowledged >= 18)
    }

    @Test func `does not serve with an old copy of its vault`() throws {
        let node = try BypassedNode()
        let process = try EnclaveProcess(node)
        let schema = try Schema(version: 1, fields: [Field("age", .integer)])
        let scene = try EnclaveScene(node: node, driver: .socket(try process.start()), schema: schema)
        try scene.start()
        let vault = process.home.appending(path: "vault/vault.log")
        let old = try Data(contentsOf: vault)
        _ = try scene.enrol([scene.makeSubject()])
        process.kill()
        scene.driver = .socket(try process.start())
        try scene.start()
        process.kill()
        try old.write(to: vault)
        scene.driver = .socket(try process.start())
        try scene.catchUp()
        #expect(throws: Refusal(819, "", "")) { try scene.driver.perform(.proveAnchor(scene.anchorProof())) }
        #expect(throws: Refusal(805, "", "")) { try scene.enrol([scene.makeSubject()]) }
    }

    @Test func `says what is wrong with its options`() throws {
        #expect(try EnclaveProcess.run(["--help"]).output.contains("--genesis FILE"))
        #expect(try EnclaveProcess.run(["--version"]).output == "jupiter-enclave \(EnclaveVersion.text)\n")
        let unknown = try EnclaveProcess.run(["--frob"])
        #expect(unknown.status == 64)
        #expect(unknown.output.contains("unknown option --frob"))
        let missing = try EnclaveProcess.run([
            "--home", "/tmp/jupiter-none", "--socket", "/tmp/jupiter-none.s", "--genesis", "/nonexistent",
        ])
        rmdir("/tmp/jupiter-none")
        #expect(missing.status == 1)
        #expect(missing.output.contains("enclave.noGenesis (891)"))
    }

    @Test func `refuses a second enclave in the same home, and broken frames`() throws {
        let node = try BypassedNode()
        let process = try EnclaveProcess(node)
        let connection = try process.start()
        let second = try EnclaveProcess.run([
            "--home", process.home.path + "/vault", "--socket", process.home.path + "/other.sock", "--genesis",
            process.home.path + "/genesis.bin",
        ])
        #expect(second.status == 1)
        #expect(second.output.contains("vault.inUse (1707)"))
        // A length beyond the limit: the enclave hangs up and goes on with others.
        let descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: process.socket.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(status == 0)
        #expect(send(descriptor, [UInt8](repeating: 0xFF, count: 8), 8, 0) == 8)
        var byte: UInt8 = 0
        #expect(recv(descriptor, &byte, 1, 0) <= 0)
        #expect(try connection.status().chainID == node.chainID)
    }
}
