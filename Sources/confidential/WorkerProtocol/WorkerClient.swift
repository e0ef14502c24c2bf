import Glibc
import Primitives
import ProgramInterface

/// The vault's end of one program's template: takes a new worker from it for every run.
///
/// Not thread-safe: whoever runs programs runs them one after another.
package final class WorkerClient: PreparedProgram {
    /// How long a worker may take for one input or answer, in seconds; fuel bounds a run well below.
    private static let answerSeconds: Int64 = 60

    private let descriptor: Int32
    private let answerBytes: Int
    private let dismiss: () -> Void
    private var frame: [UInt8] = []
    /// Streams to workers that have not been given a run.
    private var spares: [Int32] = []
    /// Streams to those that have, the oldest first.
    private var begun: [Int32] = []
    private var isLost = false

    /// Sends the program and waits until it is compiled; workers are made from then on.
    ///
    /// - Parameters:
    ///   - descriptor: the connected stream to the template, closed with this object; its own limits of time hold.
    ///   - dismiss: called once, at the end, so that a template that does not end by itself is ended, and its workers with it.
    /// - Throws: `program` for a program that does not compile; `lost`.
    package init(
        descriptor: Int32, code: [UInt8], limits: ProgramLimits, dismiss: @escaping () -> Void
    ) throws(RunnerError) {
        self.descriptor = descriptor
        self.dismiss = dismiss
        answerBytes = WorkerFrame.answerBytes(outputBytes: limits.outputBytes)
        try send(.load(code, limits: limits), padded: 0, to: descriptor, by: nil)
        for _ in 0..<ProgramRuns.spares { try order() }
        _ = try answer(from: descriptor, by: nil)
        for _ in 0..<ProgramRuns.spares { spares.append(try worker()) }
    }

    deinit {
        for stream in spares + begun { close(stream) }
        close(descriptor)
        dismiss()
    }

    package func begin(_ input: [UInt8], padded: Int) throws(RunnerError) {
        guard begun.count < ProgramRuns.maximumBegun, !isLost else { throw .lost }
        guard input.count <= ProgramLimits.standard.inputBytes else { throw .program(.inputTooLarge) }
        // It has seen no other run, and it sees no other: its stream is closed with the answer, and it ends.
        let stream = spares.isEmpty ? try worker() : spares.removeFirst()
        begun.append(stream)
        try order()
        try send(WorkerFrame(.run, content: input), padded: padded, to: stream, by: WorkerDeadline(seconds: Self.answerSeconds))
    }

    package func finish() throws(RunnerError) -> [UInt8] {
        guard !begun.isEmpty else { throw .lost }
        let stream = begun.removeFirst()
        defer { close(stream) }
        let output = try answer(from: stream, by: WorkerDeadline(seconds: Self.answerSeconds))
        // Descriptors that nobody has received count against everybody on the machine. What fails here fails the next run.
        while !isLost, WorkerStream.isReady(descriptor), let next = try? worker() { spares.append(next) }
        return output
    }

    /// Has the template make another worker, while this side goes on.
    private func order() throws(RunnerError) { try send(WorkerFrame(.worker), padded: 0, to: descriptor, by: nil) }

    /// The stream to the next worker.
    private func worker() throws(RunnerError) -> Int32 {
        var bytes = [UInt8](repeating: 0, count: WorkerFrame.prefixBytes + WorkerFrame.headerBytes)
        guard let stream = bytes.withUnsafeMutableBytes({ WorkerStream.receive($0, from: descriptor) }) else { throw lost() }
        guard bytes == WorkerFrame.made else {
            close(stream)
            throw lost()
        }
        return stream
    }

    private func answer(from stream: Int32, by deadline: WorkerDeadline?) throws(RunnerError) -> [UInt8] {
        // Neither worker nor template is believed anything: all answers have the one length that the vault expects.
        var bytes = [UInt8](repeating: 0, count: WorkerFrame.prefixBytes + WorkerFrame.headerBytes + answerBytes)
        guard bytes.withUnsafeMutableBytes({ WorkerStream.read($0, from: stream, by: deadline) }) else { throw lost() }
        let prefix = bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) }
        guard Int(prefix) == WorkerFrame.headerBytes + answerBytes, let answer = WorkerFrame(Array(bytes[WorkerFrame.prefixBytes...])),
            answer.kind == .answer
        else { throw lost() }
        guard answer.value == 0 else {
            guard let error = ProgramError(code: answer.value) else { throw lost() }
            throw .program(error)
        }
        return answer.content
    }

    private func send(_ message: WorkerFrame, padded: Int, to stream: Int32, by deadline: WorkerDeadline?) throws(RunnerError) {
        frame.removeAll(keepingCapacity: true)
        message.append(to: &frame, padded: padded)
        let isSent = frame.withUnsafeBytes { WorkerStream.write($0, to: stream, by: deadline) }
        frame.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } }
        guard isSent else { throw lost() }
    }

    private func lost() -> RunnerError {
        isLost = true
        return .lost
    }
}
