import Glibc

/// Whole reads and writes on the socket between vault and worker.
package enum WorkerStream {
    /// Writes all of `bytes`; `false` if the peer has gone or does not take them in time.
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Fills `buffer`; `false` at the end or after the socket's time limit.
    package static func read(_ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> Bool {
        var filled = 0
        while filled < buffer.count {
            let count = recv(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            filled += count
        }
        return true
    }
}
