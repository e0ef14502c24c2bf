import AdversarySupport
import ChainTypes
import DataModel
import EnclaveCore
import EnclaveProtocol
import EnclaveSandbox
import EnclaveWorker
import Foundation
import PlatformProtocol
import Primitives
import ProgramInterface
import Synchronization
import Testing
import WireTypes
import WorkerProtocol

/// Runs programs in this process and remembers what it was given.
final class SpyingRunner: ProgramRunner {
    struct Seen {
        var inputs: [[UInt8]] = []
        var padded: [Int] = []
        var live = 0
        var mostLive = 0
    }

    let seen = Mutex(Seen())
    private let inner = InProcessPrograms()

    func prepare(_ code: [UInt8], limits: ProgramLimits) throws(RunnerError) -> any PreparedProgram {
        let program = try inner.prepare(code, limits: limits)
        seen.withLock {
            $0.live += 1
            $0.mostLive = max($0.mostLive, $0.live)
        }
        return Program(inner: program, runner: self)
    }

    private final class Program: PreparedProgram {
        let inner: any PreparedProgram
        let runner: SpyingRunner

        init(inner: any PreparedProgram, runner: SpyingRunner) { (self.inner, self.runner) = (inner, runner) }
        deinit { runner.seen.withLock { $0.live -= 1 } }

        func begin(_ input: [UInt8], padded: Int) throws(RunnerError) {
            runner.seen.withLock {
                $0.inputs.append(input)
                $0.padded.append(padded)
            }
            try inner.begin(input, padded: padded)
        }
        func finish() throws(RunnerError) -> [UInt8] { try inner.finish() }
    }
}

@Suite struct `What goes to a worker` {
    @Test func `is the consented and requested fields of one run, padded by their bounds alone`() throws {
        let runner = SpyingRunner()
        let small = try SmallScene(programs: runner)
        let scene = small.scene
        // A second subject whose every value is of another length.
        let second = try scene.makeSubject()
        try scene.enrol([second])
        let long = String(repeating: "x", count: 500)
        try scene.put(DataRecord(["age": .integer(-1), "amount": .number(0), "secret": .text(long)], schema: scene.schema), of: second)
        let grants = try [small.subject, second].map { try scene.grant($0, fields: ["age", "secret"]) { $0.maximumUses = 10 } }
        let ages = try grants.map { try scene.request($0, fields: ["age"]) }
        try scene.block()
        let outcomes = try scene.run(zip(ages, grants).map { try scene.evidence($0, $1) })
        #expect(outcomes.map(\.failure.name) == ["", ""])
        let seen = runner.seen.withLock { $0 }
        #expect(seen.inputs.count == 2)
        for input in seen.inputs {
            #expect(!input.contains(Array(SmallScene.canary.utf8)) && !input.contains(Array(long.utf8)))
            #expect(!input.contains(Array("secret".utf8)) && !input.contains(Array("amount".utf8)))
        }
        // Texts of different lengths travel in messages of one length.
        let texts = try grants.map { try scene.request($0, fields: ["secret"], use: 2) }
        try scene.block()
        _ = try scene.run(zip(texts, grants).map { try scene.evidence($0, $1) })
        let all = runner.seen.withLock { $0 }
        #expect(all.inputs[2].count != all.inputs[3].count)
        #expect(all.padded[2] == all.padded[3])
        #expect(all.padded[2] >= max(all.inputs[2].count, all.inputs[3].count))
        #expect(Set(outcomes.map(\.sealedResult.count)).count == 1)
    }

    @Test func `is bounded in number: the program that was not used for longest goes first`() throws {
        let runner = SpyingRunner()
        let small = try SmallScene(programs: runner)
        for number in 0..<12 {
            try small.scene.publishProgram(SpyProgram.refusingCode(named: "program \(number)"), output: SpyProgram.outputSchema)
            let grant = try small.grant()
            #expect(try small.refusal(small.request(grant), grant) == "program.programRefused")
        }
        #expect(runner.seen.withLock { $0.mostLive } <= 9)
        #expect(runner.seen.withLock { $0.live } == 8)
    }
}

@Suite struct `A worker` {
    private static let limits: ProgramLimits = {
        var limits = ProgramLimits.standard
        limits.outputBytes = 2_048
        return limits
    }()

    /// A template and its workers in threads of this process, without filters; the vault's end of the stream to it.
    private func template() throws -> Int32 {
        let (vault, stream) = try #require(PacketChannel.streamPair())
        let thread = Thread {
            let template = WorkerTemplate(
                descriptor: stream, confine: { (_) throws(SandboxError) in },
                divide: { stream, _, serve in
                    let own = dup(stream)
                    let worker = Thread {
                        serve(own) { true }
                        close(own)
                    }
                    worker.stackSize = 8 << 20
                    worker.start()
                    return true
                })
            try? template.run()
            close(stream)
        }
        thread.stackSize = 8 << 20
        thread.start()
        return vault
    }

    private func send(_ frame: WorkerFrame, padded: Int, to stream: Int32) -> Bool {
        var bytes: [UInt8] = []
        frame.append(to: &bytes, padded: padded)
        return bytes.withUnsafeBytes { WorkerStream.write($0, to: stream) }
    }

    /// What came on `stream` until it ended.
    private func frames(_ stream: Int32) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        while let frame = try frame(stream) { frames.append(frame) }
        return frames
    }

    private func frame(_ stream: Int32) throws -> [UInt8]? {
        var prefix = [UInt8](repeating: 0, count: 4)
        guard prefix.withUnsafeMutableBytes({ WorkerStream.read($0, from: stream) }) else { return nil }
        let length = try #require(WorkerFrame.length(prefix.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) }))
        var frame = [UInt8](repeating: 0, count: length)
        let isWhole = frame.withUnsafeMutableBytes { WorkerStream.read($0, from: stream) }
        #expect(isWhole)
        return frame
    }

    /// The stream to the next worker.
    private func worker(of template: Int32) -> Int32? {
        guard send(WorkerFrame(.worker), padded: 0, to: template) else { return nil }
        var bytes = WorkerFrame.made
        return bytes.withUnsafeMutableBytes { WorkerStream.receive($0, from: template) }
    }

    /// What the template answered to the program, and a worker each to its input.
    private func answers(_ code: [UInt8], _ inputs: [(input: [UInt8], padded: Int)]) throws -> [[UInt8]] {
        let template = try template()
        defer { close(template) }
        #expect(send(.load(code, limits: Self.limits), padded: 0, to: template))
        var answers = [try #require(try frame(template))]
        for (input, padded) in inputs {
            let stream = try #require(worker(of: template))
            defer { close(stream) }
            #expect(send(WorkerFrame(.run, content: input), padded: padded, to: stream))
            answers += try frames(stream)
        }
        return answers
    }

    @Test func `refuses a second run: it answers one, and ends`() throws {
        let template = try template()
        defer { close(template) }
        #expect(send(.load(SpyProgram.code, limits: Self.limits), padded: 0, to: template))
        _ = try #require(try frame(template))
        let stream = try #require(worker(of: template))
        defer { close(stream) }
        // Both are there before it has answered the first.
        var both: [UInt8] = []
        for age in [Int64(1), 2] { WorkerFrame(.run, content: try input(age)).append(to: &both, padded: 4_096) }
        #expect(both.withUnsafeBytes { WorkerStream.write($0, to: stream) })
        let answers = try frames(stream)
        #expect(answers.count == 1)
        let seen = try SpyProgram.seen(#require(WorkerFrame(answers[0])).content)
        #expect(try Array(seen.prefix(input(1).count)) == input(1))
        #expect(!send(WorkerFrame(.run, content: try input(3)), padded: 4_096, to: stream))
        // A template runs nothing at all.
        #expect(send(WorkerFrame(.run, content: try input(4)), padded: 4_096, to: template))
        #expect(try frame(template) == nil)
    }

    private func input(_ age: Int64) throws -> [UInt8] {
        var batch = try RowBatch(schema: Schema(version: 1, fields: [Field("age", .integer)]), fields: ["age"])
        try batch.appendRow([.integer(age)])
        return batch.encode()
    }

    @Test func `answers outputs, refusals and broken programs with messages of one length`() throws {
        let results = try answers(SpyProgram.code, [(input(1), 4_096), (input(2), 8_192), ([], 4_096)])
        let refusals = try answers(SpyProgram.refusingCode(named: "canary-in-code"), [(input(7), 4_096), (input(0x5EC2_E7), 4_096)])
        let broken = try answers([0, 1, 2], [])
        #expect(results.count == 4 && refusals.count == 3 && broken.count == 1)
        #expect(Set((results + refusals + broken).map(\.count)).count == 1)
        let seen = try SpyProgram.seen(#require(WorkerFrame(results[2])).content)
        #expect(try Array(seen.prefix(input(2).count)) == input(2), "a fresh instance for each run")
        // Whatever a program refuses with: one code, no text, not a bit of what it saw.
        #expect(refusals[1] == refusals[2])
        #expect(try #require(WorkerFrame(refusals[1])).value == 1115)
        #expect(try #require(WorkerFrame(refusals[1])).content == [])
    }

    @Test func `ends at bytes that are no protocol`() throws {
        #expect(try answers(SpyProgram.code, [([UInt8](repeating: 1, count: 8 << 20), 8 << 20)]).count == 2)
        let garbage = [UInt8](repeating: 0xFF, count: 64)
        let template = try template()
        defer { close(template) }
        #expect(garbage.withUnsafeBytes { WorkerStream.write($0, to: template) })
        #expect(try frame(template) == nil)
        let other = try self.template()
        defer { close(other) }
        #expect(send(.load(SpyProgram.code, limits: Self.limits), padded: 0, to: other))
        _ = try #require(try frame(other))
        let stream = try #require(worker(of: other))
        defer { close(stream) }
        #expect(garbage.withUnsafeBytes { WorkerStream.write($0, to: stream) })
        #expect(try frame(stream) == nil)
    }

    @Test func `that does not answer, or does not read, is waited for no longer than the vault allows`() throws {
        let (vault, worker) = try #require(PacketChannel.streamPair())
        defer {
            close(vault)
            close(worker)
        }
        let soon = WorkerDeadline(seconds: 0)
        var byte: UInt8 = 0
        let isRead = withUnsafeMutableBytes(of: &byte) { WorkerStream.read($0, from: vault, by: soon) }
        #expect(!isRead)
        let much = [UInt8](repeating: 0, count: 8 << 20)
        #expect(!much.withUnsafeBytes { WorkerStream.write($0, to: vault, by: WorkerDeadline(seconds: 1)) })
    }

    @Test func `and the launcher are decoded strictly (fuzz)`() {
        let seed: UInt64 = 0x3C0B
        var generator = SeededGenerator(seed: seed)
        var good: [[UInt8]] = []
        for frame in [
            WorkerFrame.load(SpyProgram.code, limits: .standard), WorkerFrame(.run, content: [1, 2, 3]), WorkerFrame(.answer, value: 1115),
        ] {
            var bytes: [UInt8] = []
            frame.append(to: &bytes, padded: 64)
            #expect(WorkerFrame(Array(bytes.dropFirst(4))) == frame)
            good.append(Array(bytes.dropFirst(4)))
        }
        for round in 0..<20_000 {
            var bytes = good[round % good.count]
            for _ in 0...(generator.next() % 3) {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            if round % 5 == 0 { bytes = Array(bytes.prefix(Int(generator.next() % 20))) }
            guard let frame = WorkerFrame(bytes) else { continue }
            #expect(frame.content.count <= bytes.count, "seed \(seed) round \(round)")
            if let (code, limits) = frame.loaded {
                #expect(code.count + 12 == frame.content.count && limits.fuel <= ProgramLimits.standard.fuel, "seed \(seed) round \(round)")
            }
        }
        for round in 0..<20_000 {
            let bytes = generator.bytes(Int(generator.next() % 80))
            guard let message = LauncherMessage(bytes) else { continue }
            #expect(message.encoded == bytes, "seed \(seed) round \(round)")
        }
    }
}

@Suite struct `A program that wants to tell more than its output` {
    @Test func `tells one code`() throws {
        let secrets: [Int64] = [0x5EC2_E701, 0x0BAD_CAFE]
        var failures: [WireEnclaveFailure] = []
        for secret in secrets {
            let small = try SmallScene()
            try small.scene.put(
                DataRecord(
                    ["age": .integer(secret), "amount": .number(1), "secret": .text(SmallScene.canary)], schema: small.scene.schema),
                of: small.subject)
            try small.scene.publishProgram(SpyProgram.refusingCode(named: "secret-\(secret)"), output: SpyProgram.outputSchema)
            let grant = try small.grant()
            let request = try small.request(grant)
            let outcome = try small.scene.run([small.scene.evidence(request, grant)])[0]
            failures.append(outcome.failure)
            let bytes = outcome.encoded()
            #expect(!bytes.contains(Array("\(secret)".utf8)) && !bytes.contains(Array("secret-".utf8)))
        }
        #expect(failures[0].code == 1115)
        #expect(failures[0] == failures[1])
    }

    @Test func `not even in the names of a module that is refused`() throws {
        let small = try SmallScene()
        // An import that no program has, named after a secret.
        var code = SpyProgram.code
        let range = try #require(code.firstRange(of: Array("output_write".utf8)))
        code.replaceSubrange(range, with: Array("my_secret_42".utf8))
        try small.scene.publishProgram(code, output: SpyProgram.outputSchema)
        let grant = try small.grant()
        let request = try small.request(grant)
        let outcome = try small.scene.run([small.scene.evidence(request, grant)])[0]
        #expect(outcome.failure.name == "program.importRefused")
        #expect(!outcome.encoded().contains(Array("my_secret_42".utf8)))
    }
}

@Suite struct `An output budget` {
    /// What one use of the spying program counts.
    private func each() throws -> UInt64 { UInt64(try SpyProgram.outputSchema.maximumBytes) }

    @Test func `holds inside the enclave, even when the host resets the chain's count`() throws {
        let small = try SmallScene()
        let bytes = try each()
        let grant = try small.grant {
            $0.maximumUses = 10
            $0.maximumOutputBytes = 2 * bytes
        }
        for number in UInt32(1)...2 {
            let request = try small.request(grant, use: number)
            small.scene.write(grant) { ($0.uses, $0.outputBytes) = (number, bytes * UInt64(number)) }
            try small.scene.block()
            #expect(try small.refusal(request, grant) == "")
        }
        let third = try small.request(grant, use: 3)
        small.scene.write(grant) { ($0.uses, $0.outputBytes) = (3, bytes) }
        try small.scene.block()
        #expect(try small.refusal(third, grant) == "consent.outputSpent", "the vault counted by itself")
        small.scene.write(grant) { ($0.uses, $0.outputBytes) = (3, 3 * bytes) }
        try small.scene.block()
        #expect(try small.refusal(third, grant) == "consent.outputSpent", "and so did the chain")
    }

    @Test func `is not below one output`() throws {
        let small = try SmallScene()
        let bytes = try each()
        let grant = try small.grant { $0.maximumOutputBytes = bytes - 1 }
        let request = try small.request(grant)
        small.scene.write(grant) { ($0.uses, $0.outputBytes) = (1, bytes) }
        try small.scene.block()
        #expect(try small.refusal(request, grant) == "consent.outputSpent")
    }
}

@Suite struct `A node that asks too much` {
    private let limits = CommandLimits(
        commands: .init(burst: 10, perSecond: 2), bytes: .init(burst: 1_000, perSecond: 100), brokenEvidence: .init(burst: 3, perSecond: 1))

    @Test func `is told to wait, by commands, bytes and broken evidence`() {
        var limiter = CommandLimiter(limits)
        func admits(_ bytes: Int, evidence: Bool = false, at time: UInt64) -> Bool {
            limiter.admit(bytes: bytes, bringsEvidence: evidence, at: time)
        }
        for _ in 0..<10 { #expect(admits(1, at: 0)) }
        #expect(!admits(1, at: 0))
        #expect(!admits(1, at: 499))
        #expect(admits(1, at: 500))
        #expect(admits(1_000, at: 10_000))
        #expect(!admits(101, at: 11_000))
        #expect(admits(100, at: 11_000))
        limiter.count(broken: 5, at: 20_000)
        #expect(!admits(1, evidence: true, at: 20_000))
        #expect(admits(1, at: 20_000), "its state can still be asked for")
        #expect(admits(1, evidence: true, at: 21_000))
        // A clock that stands still or jumps gives nothing that was not earned.
        #expect(admits(1_000, at: .max))
        #expect(!admits(1_000, at: .max))
    }

    @Test func `gets a typed answer that it can repeat`() throws {
        let node = try BypassedNode()
        let enclave = try Enclave(
            platform: MemoryPlatform(), storage: MemoryVaultStorage(), genesis: node.genesis, programs: InProcessPrograms(), limits: limits)
        func code(_ command: WireEnclaveRequest.OneOf_Command, at time: UInt64) throws -> UInt32 {
            var request = WireEnclaveRequest()
            request.id = 9
            request.command = command
            let response = try WireEnclaveResponse(
                strictly: enclave.handle(request.encoded(), at: time), limit: EnclaveFraming.maximumBytes)
            #expect(response.id == 9)
            return response.failure.code
        }
        var bad = WireImportHeadersCommand()
        bad.headers = [WireCertifiedHeader()]
        for _ in 0..<3 { #expect((700...799).contains(try code(.importHeaders(bad), at: 0))) }
        #expect(try code(.importHeaders(bad), at: 0) == 828)
        #expect(try code(.status(WireStatusCommand()), at: 0) == 0)
        #expect((700...799).contains(try code(.importHeaders(bad), at: 1_000)))
    }
}
