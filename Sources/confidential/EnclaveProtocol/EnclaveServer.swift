import Glibc
import Primitives
import Synchronization

/// Accepts connections at a Unix socket and answers each message with one message.
///
/// One thread a connection, at most `maximumConnections` at a time; the handler sees to its own exclusion.
package final class EnclaveServer: Sendable {
    /// Answers one message; never throws: a refusal is an answer.
    package typealias Handler = @Sendable (_ message: [UInt8]) -> [UInt8]

    package static let maximumConnections = 16

    private let path: String
    private let listener: Int32
    private let handler: Handler
    private let open = Mutex(0)

    /// Listens at `path` from now on.
    package init(path: String, handler: @escaping Handler) throws(EnclaveError) {
        self.path = path
        self.handler = handler
        listener = try UnixSocket.listen(path)
    }

    /// Serves until `stop` becomes readable, then removes the socket. Connections still open are left to the end of the process.
    /// - Parameter stop: a descriptor (a pipe, a signalfd) that says when to stop.
    package func run(until stop: Int32) {
        defer {
            close(listener)
            unlink(path)
        }
        while true {
            var watched = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0), pollfd(fd: stop, events: Int16(POLLIN), revents: 0)]
            let ready = poll(&watched, 2, -1)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0, watched[1].revents == 0 else { return }
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            start(connection)
        }
    }

    private func start(_ connection: Int32) {
        let isAllowed = open.withLock { count in
            guard count < Self.maximumConnections else { return false }
            count += 1
            return true
        }
        guard isAllowed, ConnectionThread.start({ [self] in serve(connection) }) else {
            close(connection)
            if isAllowed { open.withLock { $0 -= 1 } }
            return
        }
    }

    /// Answers until the peer closes or breaks the framing.
    private func serve(_ connection: Int32) {
        defer {
            close(connection)
            open.withLock { $0 -= 1 }
        }
        while let message = try? EnclaveFraming.read(from: connection) {
            guard (try? EnclaveFraming.write(handler(message), to: connection)) != nil else { return }
        }
    }
}

/// A detached thread with a stack that programs may run on: no concurrency runtime in the trusted computing base.
private final class ConnectionThread: Sendable {
    private static let stackBytes = 8 << 20
    private let body: @Sendable () -> Void

    private init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { buffer in
            guard let attributes = buffer.baseAddress, pthread_attr_init(attributes) == 0 else { return false }
            defer { pthread_attr_destroy(attributes) }
            pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
            pthread_attr_setstacksize(attributes, stackBytes)
            let context = Unmanaged.passRetained(ConnectionThread(body))
            var thread: pthread_t = 0
            let status = pthread_create(&thread, attributes, run, context.toOpaque())
            if status != 0 { context.release() }
            return status == 0
        }
    }

    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        if let context { Unmanaged<ConnectionThread>.fromOpaque(context).takeRetainedValue().body() }
        return nil
    }
}
