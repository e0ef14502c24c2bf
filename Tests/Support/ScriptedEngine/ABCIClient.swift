import ABCI
import Dispatch
import Foundation
import Glibc
import SwiftProtobuf

/// Why a scripted call has no answer.
package enum ABCIClientError: Error, Equatable {
    case cannotConnect
    case closed
    case timedOut
    /// The application ended the connection and said why.
    case exception(String)
    case unexpected
}

/// One connection of a scripted engine: it writes what the test says and reads what comes, off Swift's own threads.
package final class ABCIClient: Sendable {
    private let descriptor: Int32
    /// One for each direction: who reads must not keep the writer waiting.
    private let (reading, writing) = (DispatchQueue(label: "test.abci.read"), DispatchQueue(label: "test.abci.write"))

    /// - Parameter seconds: how long a read waits at most.
    package init(path: String, seconds: Int = 60) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        self.descriptor = try Self.ready(descriptor, isConnected, seconds)
    }

    /// - Parameter port: on 127.0.0.1.
    package init(port: Int, seconds: Int = 60) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        self.descriptor = try Self.ready(descriptor, isConnected, seconds)
    }

    private static func ready(_ descriptor: Int32, _ isConnected: Bool, _ seconds: Int) throws -> Int32 {
        guard isConnected else {
            close(descriptor)
            throw ABCIClientError.cannotConnect
        }
        var wait = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        return descriptor
    }

    deinit { close(descriptor) }

    /// Ends the connection from this side.
    package func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func perform<Value: Sendable>(
        on queue: DispatchQueue, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result { try work() }) }
        }
        return try result.get()
    }

    // MARK: Bytes

    package func send(raw bytes: [UInt8]) async throws { try await perform(on: writing) { try self.write(bytes) } }

    private func write(_ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL))
            }
            guard count > 0 else { throw ABCIClientError.closed }
            offset += count
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var offset = 0
        while offset < count {
            let received = bytes[offset...].withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if received < 0, errno == EAGAIN || errno == EWOULDBLOCK { throw ABCIClientError.timedOut }
            guard received > 0 else { throw ABCIClientError.closed }
            offset += received
        }
        return bytes
    }

    // MARK: Messages

    package static func frame(_ kind: ABCIRequest.OneOf_Kind) throws -> [UInt8] {
        var request = ABCIRequest()
        request.kind = kind
        return FrameReader.frame(try request.serializedBytes())
    }

    package func send(_ kinds: [ABCIRequest.OneOf_Kind]) async throws {
        try await send(raw: kinds.flatMap { try Self.frame($0) })
    }

    /// The next answer, whatever it is.
    package func receive() async throws -> ABCIResponse.OneOf_Kind { try await perform(on: reading) { try self.readResponse() } }

    private func readResponse() throws -> ABCIResponse.OneOf_Kind {
        var (length, shift) = (0, 0)
        while true {
            let byte = try read(1)[0]
            length |= Int(byte & 0x7f) << shift
            if byte & 0x80 == 0 { break }
            shift += 7
        }
        guard let kind = try ABCIResponse(serializedBytes: read(length)).kind else { throw ABCIClientError.unexpected }
        return kind
    }

    /// A call as CometBFT makes it: the request, a flush, and both answers. One at a time, whoever calls.
    package func call(_ kind: ABCIRequest.OneOf_Kind) async throws -> ABCIResponse.OneOf_Kind {
        let bytes = try Self.frame(kind) + Self.frame(.flush(ABCIFlushRequest()))
        return try await perform(on: reading) {
            try self.write(bytes)
            let answer = try self.readResponse()
            if case .exception(let exception) = answer { throw ABCIClientError.exception(exception.error) }
            guard case .flush = try self.readResponse() else { throw ABCIClientError.unexpected }
            return answer
        }
    }

    /// The text of the exception with which the application ends the connection: empty when it closes without one.
    package func ending() async throws -> String {
        do {
            guard case .exception(let exception) = try await receive() else { throw ABCIClientError.unexpected }
            do { _ = try await receive() } catch ABCIClientError.closed { return exception.error }
            throw ABCIClientError.unexpected
        } catch ABCIClientError.closed { return "" }
    }
}
