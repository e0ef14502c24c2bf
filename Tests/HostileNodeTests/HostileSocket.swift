import Foundation
import Primitives

/// A host's end of the socket that keeps to no rule: whatever bytes, in whatever pieces.
///
/// It shares no code with the project's own framing.
final class HostileSocket {
    struct Broken: Error, CustomStringConvertible { let description: String }

    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // What is complete is closed by `deinit`, also when this throws.
        guard status == 0 else { throw Broken(description: "cannot connect: \(errno)") }
    }

    deinit { close(descriptor) }

    static func frame(_ message: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(message.count).bigEndian) { Array($0) } + message
    }

    /// Writes raw bytes; `false` when the other end has hung up.
    @discardableResult
    func write(_ bytes: some Collection<UInt8>) -> Bool {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Says that nothing more will be written.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Up to `count` bytes; fewer at the end of the stream. A silent enclave fails the test after a minute.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(count, 1 << 16))
        while bytes.count < count {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 60_000) > 0 else { throw Broken(description: "no answer within a minute") }
            let size = recv(descriptor, &buffer, min(buffer.count, count - bytes.count), 0)
            guard size > 0 else { return bytes }
            bytes += buffer[..<size]
        }
        return bytes
    }

    /// One framed answer; `nil` when the other end hung up before it.
    func answer() throws -> [UInt8]? {
        let header = try read(4)
        guard header.count == 4 else { return nil }
        let length = header.reduce(0) { $0 << 8 | Int($1) }
        let message = try read(length)
        guard message.count == length else { throw Broken(description: "an answer ends after \(message.count) of \(length) bytes") }
        return message
    }

    /// One message and its answer.
    func exchange(_ message: [UInt8]) throws -> [UInt8] {
        guard write(Self.frame(message)), let answer = try answer() else { throw Broken(description: "the enclave hung up") }
        return answer
    }

    /// Whether the other end hangs up without a word.
    func isHungUp() throws -> Bool { try read(1).isEmpty }
}
