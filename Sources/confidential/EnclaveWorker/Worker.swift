import CHardening
import ContractVM
import EnclaveSandbox
import Glibc
import ProgramInterface
import WorkerProtocol

/// A worker: gets one program, then inputs, and answers each with an output or a code. It keeps nothing of a run.
package struct Worker: ~Copyable {
    /// Fuel of the call before the filter: enough to have the engine set up what it sets up once.
    private static let warmFuel: UInt64 = 10_000

    private let descriptor: Int32
    private let confine: (SystemCalls.List) throws(SandboxError) -> Void
    /// Where frames are read to; nothing of a run is anywhere else but in the instance, which the engine clears.
    private var buffer: UnsafeMutableRawBufferPointer
    private var answer: [UInt8] = []

    /// - Parameters:
    ///   - descriptor: the connected stream to the vault.
    ///   - confine: loads a filter.
    package init(descriptor: Int32, confine: @escaping (SystemCalls.List) throws(SandboxError) -> Void) throws(SandboxError) {
        guard let start = jupiter_secret_pages(WorkerFrame.maximumBytes + 4096) else { throw .cannotHarden }
        self.descriptor = descriptor
        self.confine = confine
        buffer = UnsafeMutableRawBufferPointer(start: start, count: WorkerFrame.maximumBytes + 4096)
    }

    deinit { jupiter_free_secret_pages(buffer.baseAddress, buffer.count) }

    /// Serves until the vault closes the stream or breaks the protocol.
    package mutating func run() throws(SandboxError) {
        // Wasmtime sets up its signal handlers and its pool here; from then on nothing is opened.
        let engine: ProgramEngine
        do throws(ProgramError) { engine = try ProgramEngine(concurrentRuns: 1) } catch { throw .cannotStart }
        try confine(SystemCalls.compilingWorker)
        guard let frame = receive(), let message = WorkerFrame(Array(frame)), let (code, limits) = message.loaded else { return }
        do throws(ProgramError) {
            let program = try engine.compile(code)
            var warm = limits
            warm.fuel = Self.warmFuel
            _ = try? program.run(UnsafeRawBufferPointer(start: nil, count: 0), limits: warm)
            wipe(frame.count)
            try confined()
            guard send(WorkerFrame(.answer), limits) else { return }
            serve(program, limits)
        } catch { _ = send(WorkerFrame(.answer, value: error.code), limits) }
    }

    private func confined() throws(ProgramError) {
        do throws(SandboxError) { try confine(SystemCalls.worker) } catch { throw .engineFailure("") }
    }

    private mutating func serve(_ program: CompiledProgram, _ limits: ProgramLimits) {
        while let frame = receive(), let header = WorkerFrame.header(frame), header.kind == .run {
            let start = WorkerFrame.headerBytes
            let input = UnsafeRawBufferPointer(rebasing: frame[start..<start + header.contentBytes])
            var reply = WorkerFrame(.answer)
            do throws(ProgramError) {
                reply = WorkerFrame(.answer, content: try program.run(input, limits: limits).output)
            } catch { reply = WorkerFrame(.answer, value: error.code) }
            wipe(frame.count)
            guard send(reply, limits) else { return }
        }
    }

    /// The next frame, in `buffer`.
    private func receive() -> UnsafeRawBufferPointer? {
        let prefix = UnsafeMutableRawBufferPointer(rebasing: buffer[..<WorkerFrame.prefixBytes])
        guard WorkerStream.read(prefix, from: descriptor),
            let length = WorkerFrame.length(UInt32(littleEndian: prefix.loadUnaligned(as: UInt32.self)))
        else { return nil }
        let frame = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
        return WorkerStream.read(frame, from: descriptor) ? UnsafeRawBufferPointer(frame) : nil
    }

    private func wipe(_ count: Int) { jupiter_wipe(buffer.baseAddress, count) }

    private mutating func send(_ message: WorkerFrame, _ limits: ProgramLimits) -> Bool {
        answer.removeAll(keepingCapacity: true)
        message.append(to: &answer, padded: WorkerFrame.answerBytes(outputBytes: limits.outputBytes))
        return answer.withUnsafeMutableBytes { bytes in
            defer { jupiter_wipe(bytes.baseAddress, bytes.count) }
            return WorkerStream.write(UnsafeRawBufferPointer(bytes), to: descriptor)
        }
    }
}
