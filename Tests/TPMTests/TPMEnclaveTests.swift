import AdversarySupport
import Attestation
import ChainTypes
import EnclavePlatforms
import EnclaveProtocol
import EnclaveSandbox
import Foundation
import Primitives
import Testing
import WireTypes

/// A real `jupiter-enclave` that stands on a test's TPM.
private final class EnclaveOnTPM {
    struct NotStarted: Error, CustomStringConvertible { let description: String }

    private let tpm: TestTPM
    private let genesis: String
    private var process: Process?

    init(_ tpm: TestTPM, _ node: BypassedNode) throws {
        self.tpm = tpm
        genesis = tpm.folder + "/genesis.bin"
        try Data(node.genesis.bytes).write(to: URL(fileURLWithPath: genesis))
    }

    deinit { stop() }

    /// The executable lies beside the test bundle.
    static var executable: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().path + "/jupiter-enclave"
    }

    var log: String { (try? String(contentsOfFile: tpm.folder + "/enclave.log", encoding: .utf8)) ?? "" }

    /// - Parameter trace: where `strace` writes every system call of all its processes to.
    func start(trace: String? = nil) async throws -> EnclaveConnection {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: trace == nil ? Self.executable : SystemCallTrace.program)
        let socket = tpm.folder + "/enclave.sock"
        process.arguments =
            (trace.map { ["-f", "-qq", "-o", $0, Self.executable] } ?? []) + [
                "--home", try tpm.home, "--socket", socket, "--genesis", genesis, "--platform", "tpm", "--tpm", tpm.text,
            ] + (trace == nil ? [] : [TracerPolicy.argument])
        _ = FileManager.default.createFile(atPath: tpm.folder + "/enclave.log", contents: nil)
        process.standardError = FileHandle(forWritingAtPath: tpm.folder + "/enclave.log")
        try process.run()
        self.process = process
        let connection = EnclaveConnection(path: socket)
        for _ in 0..<12_000 {
            if (try? connection.status()) != nil { return connection }
            guard process.isRunning else { throw NotStarted(description: log) }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw NotStarted(description: "jupiter-enclave does not answer: \(log)")
    }

    func stop() {
        guard let process, process.isRunning else { return }
        // `strace` has the launcher as its child, and ends with it.
        let traced = process.executableURL?.path == SystemCallTrace.program ? ProcessFiles.children(of: process.processIdentifier) : []
        for launcher in traced.isEmpty ? [process.processIdentifier] : traced { kill(launcher, SIGTERM) }
        process.waitUntilExit()
    }
}

@Suite struct `An enclave on a TPM` {
    private func attest(_ connection: EnclaveConnection, _ block: Hash32) throws -> WireAttestAnswer {
        var command = WireAttestCommand()
        command.challengeHeight = 1
        command.challengeBlock = .init(block.bytes)
        guard case .attest(let answer) = try connection.perform(.attest(command)) else { throw EnclaveError.malformedAnswer }
        return answer
    }

    private func appraise(
        _ answer: WireAttestAnswer, _ node: BypassedNode, _ block: Hash32, _ reference: ReferenceValue
    ) throws -> AttestationResult {
        try EvidenceAppraiser.appraise(
            [UInt8](answer.evidence),
            about: AttestationSubject(chainID: node.genesis.chainID, identity: answer.identity, challengeBlock: block),
            references: ReferenceValues([reference]), policy: AppraisalPolicy(allowSimulated: false, allowSoftwareTpm: true),
            at: 1_790_000_000_000)
    }

    @Test func `gives the evidence that its printed reference value accepts, before and after a restart`() async throws {
        let tpm = try await TestTPM()
        let node = try BypassedNode()
        let printed = try Tool.run(
            EnclaveOnTPM.executable, ["--print-reference", "--platform", "tpm", "--tpm", tpm.text])
        #expect(printed.status == 0, "\(printed.output)")
        let reference = try #require(ReferenceValue(printed: printed.output))
        let block = Hash32(0, 0, 0, 9)
        let enclave = try EnclaveOnTPM(tpm, node)
        var connection = try await enclave.start()
        let before = try attest(connection, block)
        #expect(before.identity.platform == "tpm")
        let result = try appraise(before, node, block, reference)
        #expect(result.label == "tpm (software)" && result.assurance == .none)
        #expect(throws: AttestationError.wrongChallenge) { try appraise(before, node, .zero, reference) }
        enclave.stop()
        #expect(!enclave.log.contains("error"), "\(enclave.log)")

        connection = try await enclave.start()
        let after = try attest(connection, block)
        #expect(after.identity == before.identity && after.evidence != before.evidence)
        _ = try appraise(after, node, block, reference)
        enclave.stop()

        try await tpm.restart()
        connection = try await enclave.start()
        #expect(try attest(connection, block).identity == before.identity, "the vault opens again after the machine was restarted")
        // The TPM goes away: the node gets a code, and the enclave goes on.
        tpm.kill()
        let refusal = #expect(throws: Refusal.self) { try attest(connection, block) }
        #expect(refusal?.code == 1712)
        #expect(try connection.status().chainID == node.genesis.chainID)
        #expect(enclave.log.contains("platform.tpm"), "\(enclave.log)")
        enclave.stop()
    }

    /// Its launcher speaks to the TPM while it is confined, over local sockets and nothing else.
    @Test(.enabled(if: SystemCallTrace.isPossible)) func `makes no call outside its lists, from its start to its evidence and its end`()
        async throws
    {
        let tpm = try await TestTPM()
        let enclave = try EnclaveOnTPM(tpm, BypassedNode())
        let file = tpm.folder + "/trace"
        let connection = try await enclave.start(trace: file)
        for number in 1...2 { #expect(try !attest(connection, Hash32(0, 0, 0, UInt64(number))).evidence.isEmpty) }
        enclave.stop()
        #expect(!enclave.log.contains("error"), "\(enclave.log)")
        var trace = SystemCallTrace(launcher: SystemCalls.launcher(reaching: .localSocket))
        try trace.read(contentsOf: file)
        #expect(trace.violations == [])
        #expect(trace.filteredRoles == ["launcher", "vault"])
        #expect(trace.undumpable == ["launcher", "vault"])
        // Held against the list of a launcher that reaches nothing, the sockets are what is too much: they were seen, and under the filter.
        var other = SystemCallTrace()
        try other.read(contentsOf: file)
        #expect(other.violations.contains { $0.contains("socket(AF_UNIX") })
    }

    @Test func `does not start without its TPM or on another's sealed key`() async throws {
        let (tpm, other) = (try await TestTPM(), try await TestTPM(isNew: true))
        let node = try BypassedNode()
        let enclave = try EnclaveOnTPM(tpm, node)
        _ = try await enclave.start()
        enclave.stop()
        for name in ["sealing-key.tpm", "vault.log"] {
            try FileManager.default.copyItem(atPath: "\(try tpm.home)/\(name)", toPath: "\(try other.home)/\(name)")
        }
        let thief = try EnclaveOnTPM(other, node)
        await #expect(throws: EnclaveOnTPM.NotStarted.self) { _ = try await thief.start() }
        #expect(thief.log.contains("platform.sealedForOtherTPM (1771)"), "\(thief.log)")
        tpm.kill()
        await #expect(throws: EnclaveOnTPM.NotStarted.self) { _ = try await enclave.start() }
        #expect(enclave.log.contains("platform.tpmUnreachable (1751)"), "\(enclave.log)")
    }

    @Test func `says what is wrong with its options`() throws {
        let needed = ["--home", "/nowhere", "--socket", "/nowhere/s", "--genesis", "/nowhere/g"]
        let wrong: [([String], String)] = [
            (["--platform", "sgx"], "--platform is one of simulated, tpm, sev-snp, tdx, nitro"),
            (["--platform", "replay"], "--platform is one of"),
            (["--tpm", "device:/dev/tpm0"], "--tpm goes with --platform tpm"),
            (["--platform", "tdx", "--snp-certificates", "/x"], "--snp-certificates goes with --platform sev-snp"),
            (["--platform", "tpm", "--tpm", "libevil.so:"], "platform.badTPMAddress (1750)"),
            (["--platform", "tpm", "--tpm-registers", "0,99"], "platform.badRegisters (1763)"),
            (["--platform", "tpm", "--tpm-launch-register", "23"], "platform.badRegisters (1763)"),
            (["--platform", "tpm", "--tpm"], "--tpm needs a value"),
        ]
        for (options, reason) in wrong {
            let outcome = try Tool.run(EnclaveOnTPM.executable, needed + options)
            #expect(outcome.status == 64 && outcome.output.contains(reason), "\(options): \(outcome.output)")
        }
        for platform in ["sev-snp", "tdx", "nitro"] {
            let outcome = try Tool.run(EnclaveOnTPM.executable, ["--print-reference", "--platform", platform])
            #expect(outcome.status == 1 && outcome.output.contains("platform.deviceMissing (1780)"), "\(outcome.output)")
        }
        #expect(try Tool.run(EnclaveOnTPM.executable, ["--print-reference"]).status == 1)
    }
}

extension ReferenceValue {
    /// Reads what `jupiter-enclave --print-reference` prints.
    fileprivate init?(printed: String) {
        guard let line = printed.split(separator: "\n").last(where: { $0.hasPrefix("{") }),
            let json = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let platform = (json["platform"] as? String).flatMap({ EvidencePlatform(rawValue: $0) }),
            let registers = json["registers"] as? [String: String]
        else { return nil }
        self.init(platform: platform, registers: registers.compactMapValues { Hex.decode($0) })
    }
}
