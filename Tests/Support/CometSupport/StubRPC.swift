import Foundation
import Glibc
import Synchronization

/// A web server on loopback that answers each request with what a test says, one after the other.
package final class StubRPC: Sendable {
    package struct Answer: Sendable {
        package var status = 200
        package var headers = ""
        package var body: String

        package init(_ body: String, status: Int = 200, headers: String = "") {
            (self.body, self.status, self.headers) = (body, status, headers)
        }
    }

    package let port: Int
    private let listener: Int32
    private let asked = Mutex<[String]>([])

    /// - Parameter answer: what to say to a path with its query; `nil` hangs up.
    package init(_ answer: @escaping @Sendable (String) -> Answer?) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, size)
                _ = getsockname(listener, $0, &size)
            }
        }
        listen(listener, 16)
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                if let path = Self.path(connection) {
                    asked.withLock { $0.append(path) }
                    if let answer = answer(path) { Self.send(answer, to: connection) }
                }
                Glibc.close(connection)
            }
        }
    }

    package var url: URL { URL(string: "http://127.0.0.1:\(port)") ?? URL(filePath: "/") }

    /// The paths with their queries that were asked for.
    package var requests: [String] { asked.withLock { $0 } }

    package func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func path(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < 65_536, !String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 2)
        return words.count == 3 ? String(words[1]) : nil
    }

    private static func send(_ answer: Answer, to connection: Int32) {
        let head =
            "HTTP/1.1 \(answer.status) Status\r\nContent-Length: \(answer.body.utf8.count)\r\n\(answer.headers)Connection: close\r\n\r\n"
        let bytes = Array((head + answer.body).utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            offset += count
        }
    }
}
