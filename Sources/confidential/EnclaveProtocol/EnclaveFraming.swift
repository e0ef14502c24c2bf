import Glibc
import Primitives

/// Messages on the socket: four bytes of length, big-endian, then that many bytes (docs/spec/enclave.md §2).
package enum EnclaveFraming {
    /// The longest message, in bytes; checked before anything is allocated.
    package static let maximumBytes = 64 << 20

    /// Writes one message. The caller ignores SIGPIPE or uses a socket: writing never raises it.
    package static func write(_ message: [UInt8], to descriptor: Int32) throws(EnclaveError) {
        guard message.count <= maximumBytes else { throw .frameTooLarge }
        var frame: [UInt8] = []
        frame.reserveCapacity(message.count + 4)
        withUnsafeBytes(of: UInt32(message.count).bigEndian) { frame.append(contentsOf: $0) }
        frame.append(contentsOf: message)
        var sent = 0
        while sent < frame.count {
            let count = frame.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .connectionLost }
            sent += count
        }
    }

    /// Reads one message; `nil` when the peer closed the connection between two messages.
    package static func read(from descriptor: Int32) throws(EnclaveError) -> [UInt8]? {
        guard let header = try read(4, from: descriptor) else { return nil }
        let length = header.reduce(0) { $0 << 8 | Int($1) }
        guard length <= maximumBytes else { throw .frameTooLarge }
        guard length > 0 else { return [] }
        guard let message = try read(length, from: descriptor) else { throw .connectionLost }
        return message
    }

    /// Exactly `count` bytes; `nil` at the end before the first.
    private static func read(_ count: Int, from descriptor: Int32) throws(EnclaveError) -> [UInt8]? {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let size = recv(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, 0)
                if size < 0, errno == EINTR { continue }
                guard size > 0 else {
                    failed = size < 0 || filled > 0
                    return
                }
                filled += size
            }
        }
        guard !failed else { throw .connectionLost }
        return bytes.count == count ? bytes : nil
    }
}
