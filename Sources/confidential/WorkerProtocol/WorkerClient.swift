import Glibc
import Primitives
import ProgramInterface

/// The vault's end of one worker.
///
/// Not thread-safe: whoever runs programs runs them one after another.
package final class WorkerClient: PreparedProgram {
    private let descriptor: Int32
    private let answerBytes: Int
    private let dismiss: () -> Void
    private var frame: [UInt8] = []
    private var begun = 0
    private var isLost = false

    /// Sends the program and waits until the worker has compiled and confined itself.
    ///
    /// - Parameters:
    ///   - descriptor: the connected stream, closed with this object.
    ///   - dismiss: called once, at the end, so that a worker that does not end by itself is ended.
    /// - Throws: `program` for a program that does not compile; `lost`.
    package init(
        descriptor: Int32, code: [UInt8], limits: ProgramLimits, dismiss: @escaping () -> Void
    ) throws(RunnerError) {
        self.descriptor = descriptor
        self.dismiss = dismiss
        answerBytes = WorkerFrame.answerBytes(outputBytes: limits.outputBytes)
        try send(.load(code, limits: limits), padded: 0)
        begun = 1
        _ = try finish()
    }

    deinit {
        close(descriptor)
        dismiss()
    }

    package func begin(_ input: [UInt8], padded: Int) throws(RunnerError) {
        guard begun < ProgramRuns.maximumBegun else { throw .lost }
        guard input.count <= ProgramLimits.standard.inputBytes else { throw .program(.inputTooLarge) }
        try send(WorkerFrame(.run, content: input), padded: padded)
        begun += 1
    }

    package func finish() throws(RunnerError) -> [UInt8] {
        guard !isLost, begun > 0 else { throw .lost }
        begun -= 1
        // The worker is believed nothing: all its answers have the one length that the vault expects.
        var bytes = [UInt8](repeating: 0, count: WorkerFrame.prefixBytes + WorkerFrame.headerBytes + answerBytes)
        guard bytes.withUnsafeMutableBytes({ WorkerStream.read($0, from: descriptor) }) else { throw lost() }
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

    private func send(_ message: WorkerFrame, padded: Int) throws(RunnerError) {
        guard !isLost else { throw .lost }
        frame.removeAll(keepingCapacity: true)
        message.append(to: &frame, padded: padded)
        let isSent = frame.withUnsafeBytes { WorkerStream.write($0, to: descriptor) }
        frame.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } }
        guard isSent else { throw lost() }
    }

    private func lost() -> RunnerError {
        isLost = true
        return .lost
    }
}
