import Primitives
import ProgramInterface

/// Messages between vault, templates and workers (docs/spec/enclave.md §1): all little-endian,
///
///     u32 length of what follows · u8 kind · u32 value · u32 content length · content · zeros
///
/// The zeros make the length of a message depend on the program and the declared bounds of its data alone.
package struct WorkerFrame: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// To a template. Content: u64 fuel, u32 output bytes, code. Once, first.
        case load = 1
        /// To a worker. Content: the input. Once.
        case run = 2
        /// Value: 0, or the error's code. Content, of a run: the output.
        case answer = 3
        /// To a template: make a worker. From it, with no padding: the stream to that worker comes with it.
        case worker = 4
    }

    package static let prefixBytes = 4
    package static let headerBytes = 9
    /// The longest frame after its prefix.
    package static let maximumBytes = headerBytes + max(ProgramLimits.standard.inputBytes, ProgramLimits.standard.moduleBytes + 12)

    /// Lengths are multiples of this.
    private static let block = 4096

    package let kind: Kind
    package let value: UInt32
    package let content: [UInt8]

    package init(_ kind: Kind, value: UInt32 = 0, content: [UInt8] = []) {
        (self.kind, self.value, self.content) = (kind, value, content)
    }

    /// What inputs are padded to whose largest possible encoding has `bound` bytes.
    package static func bucket(_ bound: Int) -> Int {
        min(max(bound, 1) + block - 1, ProgramLimits.standard.inputBytes + block - 1) / block * block
    }

    /// What the answers of a program are padded to that may say `outputBytes` at most.
    package static func answerBytes(outputBytes: Int) -> Int { outputBytes }

    /// Appends the frame, its content padded to `padded` bytes (longer content is not cut).
    package func append(to bytes: inout [UInt8], padded: Int) {
        let room = max(padded, content.count)
        bytes.append(littleEndian: UInt32(Self.headerBytes + room))
        bytes.append(kind.rawValue)
        bytes.append(littleEndian: value)
        bytes.append(littleEndian: UInt32(content.count))
        bytes.append(contentsOf: content)
        bytes.append(contentsOf: repeatElement(0, count: room - content.count))
    }

    /// What comes with the stream to a new worker.
    package static var made: [UInt8] {
        var bytes: [UInt8] = []
        WorkerFrame(.worker).append(to: &bytes, padded: 0)
        return bytes
    }

    /// The length in a prefix, if a frame can be that long.
    package static func length(_ prefix: UInt32) -> Int? {
        let length = Int(prefix)
        return (headerBytes...maximumBytes + block).contains(length) ? length : nil
    }

    /// Kind, value and length of the content of a frame without its prefix; `nil` if it is none. The padding is not looked at: it means
    /// nothing.
    package static func header(_ frame: UnsafeRawBufferPointer) -> (kind: Kind, value: UInt32, contentBytes: Int)? {
        guard frame.count >= headerBytes, let kind = Kind(rawValue: frame[0]) else { return nil }
        let value = UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
        let count = Int(UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: 5, as: UInt32.self)))
        guard count <= frame.count - headerBytes else { return nil }
        return (kind, value, count)
    }

    /// A whole frame without its prefix.
    package init?(_ frame: [UInt8]) {
        let header = frame.withUnsafeBytes { Self.header($0) }
        guard let header else { return nil }
        self.init(
            header.kind, value: header.value,
            content: Array(frame[Self.headerBytes..<Self.headerBytes + header.contentBytes]))
    }

    /// The frame that loads `code`.
    package static func load(_ code: [UInt8], limits: ProgramLimits) -> WorkerFrame {
        var content: [UInt8] = []
        content.reserveCapacity(code.count + 12)
        content.append(littleEndian: limits.fuel)
        content.append(littleEndian: UInt32(clamping: limits.outputBytes))
        content.append(contentsOf: code)
        return WorkerFrame(.load, content: content)
    }

    /// Code and limits of a `load` frame; `nil` if its limits are beyond the standard ones.
    package var loaded: (code: [UInt8], limits: ProgramLimits)? {
        guard kind == .load else { return nil }
        var reader = ByteReader(content)
        var limits = ProgramLimits.standard
        guard let fuel = try? reader.integer(UInt64.self), let output = try? reader.integer(UInt32.self),
            fuel <= limits.fuel, Int(output) <= limits.outputBytes, let code = try? reader.take(reader.remaining)
        else { return nil }
        (limits.fuel, limits.outputBytes) = (fuel, Int(output))
        return (Array(code), limits)
    }
}
