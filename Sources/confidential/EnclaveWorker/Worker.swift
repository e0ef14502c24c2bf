import CHardening
import ContractVM
import EnclaveSandbox
import Glibc
import ProgramInterface
import WorkerProtocol

/// A worker: gets the input of one run, answers with an output or a code, and ends.
package enum Worker {
    /// Bytes of the largest frame that is taken.
    private static let bufferBytes = WorkerFrame.maximumBytes + 4096

    /// Serves the one run that comes on `descriptor`; returns when it is answered, or when the vault has no use for it any more. A second
    /// run is not even read.
    ///
    /// - Parameter confine: called once the memory for the input is there, before a byte is read.
    package static func serve(
        _ program: CompiledProgram, _ limits: ProgramLimits, on descriptor: Int32, confine: () -> Bool
    ) {
        // The input is nowhere but here and in the instance, which the engine clears; both end with the process.
        guard let start = jupiter_secret_pages_on_touch(bufferBytes) else { return }
        let buffer = UnsafeMutableRawBufferPointer(start: start, count: bufferBytes)
        // Only what was read is overwritten: the rest was never touched.
        defer { jupiter_release_pages(start, bufferBytes) }
        guard confine(), let frame = receive(into: buffer, from: descriptor), let header = WorkerFrame.header(frame), header.kind == .run
        else { return }
        let first = WorkerFrame.headerBytes
        let input = UnsafeRawBufferPointer(rebasing: frame[first..<first + header.contentBytes])
        var reply = WorkerFrame(.answer)
        do throws(ProgramError) {
            reply = WorkerFrame(.answer, content: try program.run(input, limits: limits).output)
        } catch { reply = WorkerFrame(.answer, value: error.code) }
        jupiter_wipe(start, frame.count)
        _ = send(reply, limits, to: descriptor)
    }

    /// The next frame, in `buffer`.
    private static func receive(into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> UnsafeRawBufferPointer? {
        let prefix = UnsafeMutableRawBufferPointer(rebasing: buffer[..<WorkerFrame.prefixBytes])
        guard WorkerStream.read(prefix, from: descriptor),
            let length = WorkerFrame.length(UInt32(littleEndian: prefix.loadUnaligned(as: UInt32.self)))
        else { return nil }
        let frame = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
        return WorkerStream.read(frame, from: descriptor) ? UnsafeRawBufferPointer(frame) : nil
    }

    /// Answers, padded to the one length that all answers of a program have.
    static func send(_ message: WorkerFrame, _ limits: ProgramLimits, to descriptor: Int32) -> Bool {
        var answer: [UInt8] = []
        message.append(to: &answer, padded: WorkerFrame.answerBytes(outputBytes: limits.outputBytes))
        return answer.withUnsafeMutableBytes { bytes in
            defer { jupiter_wipe(bytes.baseAddress, bytes.count) }
            return WorkerStream.write(UnsafeRawBufferPointer(bytes), to: descriptor)
        }
    }
}
