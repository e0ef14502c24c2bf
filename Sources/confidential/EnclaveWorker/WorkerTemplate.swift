import ContractVM
import EnclaveSandbox
import Glibc
import ProgramInterface
import WorkerProtocol

/// What workers of one program are copies of: compiles it once, and makes a worker whenever the vault asks for one.
///
/// It sees the program and nothing else. It does not run it: whatever a program does to its engine, it does in a worker, to one run.
package struct WorkerTemplate {
    /// Makes a worker that calls `serve` with its end of a pair of sockets, and with what confines it, and then ends. Both ends are closed
    /// here afterwards. `false` if there is no worker to be had.
    package typealias Divide = (_ stream: Int32, _ other: Int32, _ serve: @escaping Serve) -> Bool
    package typealias Serve = @Sendable (_ stream: Int32, _ confine: () -> Bool) -> Void

    /// A module of no effect (WebAssembly 1.0 §5): memory of one page, and `run`, which returns 0.
    static let idle: [UInt8] = [
        0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7F, 0x03, 0x02, 0x01, 0x00, 0x05, 0x03, 0x01,
        0x00, 0x01, 0x07, 0x10, 0x02, 0x06, 0x6D, 0x65, 0x6D, 0x6F, 0x72, 0x79, 0x02, 0x00, 0x03, 0x72, 0x75, 0x6E, 0x00, 0x00, 0x0A, 0x06,
        0x01, 0x04, 0x00, 0x41, 0x00, 0x0B,
    ]

    private let descriptor: Int32
    private let confine: (SystemCalls.List) throws(SandboxError) -> Void
    private let divide: Divide

    /// - Parameters:
    ///   - descriptor: the connected stream to the vault.
    ///   - confine: loads a filter.
    ///   - divide: makes a worker.
    package init(
        descriptor: Int32, confine: @escaping (SystemCalls.List) throws(SandboxError) -> Void, divide: @escaping Divide
    ) {
        (self.descriptor, self.confine, self.divide) = (descriptor, confine, divide)
    }

    /// Serves until the vault closes the stream or breaks the protocol.
    package func run() throws(SandboxError) {
        // What Wasmtime sets up once, its signal handlers and its pool, it sets up here; from then on nothing is opened.
        let engine: ProgramEngine
        do throws(ProgramError) {
            engine = try ProgramEngine(concurrentRuns: 1)
            _ = try engine.compile(Self.idle).run([])
        } catch { throw .cannotStart }
        try confine(SystemCalls.compilingTemplate)
        guard let message = receive(), let (code, limits) = message.loaded else { return }
        let program: CompiledProgram
        do throws(ProgramError) { program = try engine.compile(code) } catch {
            _ = Worker.send(WorkerFrame(.answer, value: error.code), limits, to: descriptor)
            return
        }
        try confine(SystemCalls.template)
        guard Worker.send(WorkerFrame(.answer), limits, to: descriptor) else { return }
        while let order = receive(), order.kind == .worker, makeWorker(program, limits) {}
    }

    private func makeWorker(_ program: CompiledProgram, _ limits: ProgramLimits) -> Bool {
        guard let (stream, other) = PacketChannel.streamPair() else { return false }
        defer {
            close(stream)
            close(other)
        }
        let isMade = divide(stream, other) { stream, confine in Worker.serve(program, limits, on: stream, confine: confine) }
        return isMade && WorkerFrame.made.withUnsafeBytes { WorkerStream.pass(other, with: $0, to: descriptor) }
    }

    private func receive() -> WorkerFrame? {
        var prefix: UInt32 = 0
        guard withUnsafeMutableBytes(of: &prefix, { WorkerStream.read($0, from: descriptor) }),
            let length = WorkerFrame.length(UInt32(littleEndian: prefix))
        else { return nil }
        var frame = [UInt8](repeating: 0, count: length)
        guard frame.withUnsafeMutableBytes({ WorkerStream.read($0, from: descriptor) }) else { return nil }
        return WorkerFrame(frame)
    }
}

extension WorkerTemplate {
    /// How much of a processor a worker may use, in seconds; the vault waits no longer for it.
    private static let processorSeconds: UInt32 = 60

    /// Makes workers as copies of this process, which must have one thread.
    ///
    /// - Parameter descriptor: this process's stream to the vault, which no worker keeps.
    package static func copies(without descriptor: Int32) -> Divide {
        let template = getpid()
        return { stream, other, serve in
            let child = Confinement.copy()
            guard child == 0 else { return child > 0 }
            close(descriptor)
            close(other)
            serve(stream) {
                do throws(SandboxError) {
                    try Confinement.dieWith(parent: template)
                    try Confinement.limitProcessor(seconds: processorSeconds)
                    try SystemCallFilter.load(SystemCalls.worker)
                    return true
                } catch { return false }
            }
            _exit(0)
        }
    }
}
