import Foundation
import Glibc

/// A raw HTTP connection that reads its answer line by line.
final class EventReader {
    private let descriptor: Int32
    private var buffer = ""

    init(port: Int, path: String, host: String? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else { throw POSIXError(.ECONNREFUSED) }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(host ?? "127.0.0.1:\(port)")\r\n\r\n"
        _ = request.utf8CString.withUnsafeBytes { write(descriptor, $0.baseAddress, request.utf8.count) }
    }

    deinit { close(descriptor) }

    /// What comes up to the blank line after `text`; `nil` when nothing more comes.
    func next(containing text: String) throws -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            if let found = buffer.range(of: text), let end = buffer.range(of: "\n\n", range: found.upperBound..<buffer.endIndex) {
                let event = String(buffer[found.lowerBound..<end.lowerBound])
                buffer = String(buffer[end.lowerBound...])
                return event
            }
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return buffer.contains(text) ? buffer : nil }
            buffer += String(decoding: bytes[..<count], as: UTF8.self)
            // A plain answer has no blank line at its end.
            if text.allSatisfy(\.isNumber), buffer.contains(text) { return buffer }
        }
    }
}
