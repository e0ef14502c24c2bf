import CHardening
import Glibc

/// Whole reads and writes on the sockets between vault, templates and workers.
package enum WorkerStream {
    /// Writes all of `bytes`; `false` if the peer has gone or does not take them in time.
    ///
    /// - Parameter deadline: until when the peer may let this side wait; `nil` to wait as long as the socket does.
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, by deadline: WorkerDeadline? = nil) -> Bool {
        var sent = 0
        while sent < bytes.count {
            if let deadline, !deadline.wait(for: POLLOUT, on: descriptor) { return false }
            let flags = Int32(MSG_NOSIGNAL) | (deadline == nil ? 0 : Int32(MSG_DONTWAIT))
            let count = send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, flags)
            if count < 0, errno == EINTR || deadline != nil && errno == EAGAIN { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Fills `buffer`; `false` at the end, or when it takes longer than the socket, or `deadline`, allows.
    package static func read(_ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, by deadline: WorkerDeadline? = nil) -> Bool {
        var filled = 0
        while filled < buffer.count {
            if let deadline, !deadline.wait(for: POLLIN, on: descriptor) { return false }
            let count = recv(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            filled += count
        }
        return true
    }

    /// Whether there is something to receive, or nobody to receive it from.
    package static func isReady(_ descriptor: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 0) > 0
    }

    /// Sends `bytes`, few enough to go at once, and `passed` with them.
    package static func pass(_ passed: Int32, with bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        while true {
            let count = jupiter_send_packet(descriptor, bytes.baseAddress, bytes.count, passed)
            if count < 0, errno == EINTR { continue }
            return count == bytes.count
        }
    }

    /// Fills `buffer` with what one `pass` has sent; what was passed, which the caller closes. `nil` for anything else.
    package static func receive(_ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> Int32? {
        var passed: Int32 = -1
        var count = 0
        repeat { count = jupiter_receive_packet(descriptor, buffer.baseAddress, buffer.count, &passed) } while count < 0 && errno == EINTR
        guard count == buffer.count, passed >= 0 else {
            if passed >= 0 { close(passed) }
            return nil
        }
        return passed
    }
}

/// Until when the vault waits for a worker, which may be in the hands of its program.
package struct WorkerDeadline: Sendable {
    private let time: Int64

    /// So many seconds from now.
    package init(seconds: Int64) { time = Self.now + seconds * 1_000 }

    /// Milliseconds of a clock that never goes back.
    private static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// Waits until `descriptor` is ready; `false` when the time is over.
    func wait(for events: Int32, on descriptor: Int32) -> Bool {
        while true {
            let left = time - Self.now
            guard left > 0 else { return false }
            var watched = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let count = poll(&watched, 1, Int32(clamping: left))
            if count < 0, errno == EINTR { continue }
            // An ended peer counts as ready: what is read or written next says so.
            return count > 0
        }
    }
}
