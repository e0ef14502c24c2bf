import Glibc
import Primitives
import Synchronization

/// Accepts connections at a Unix socket and answers each message with one message.
///
/// A thread for each connection that can be open, all made before the first byte is read; further connections wait. The service sees to
/// its own exclusion.
package final class EnclaveServer: Sendable {
    /// Answers one message; never throws: a refusal is an answer.
    package typealias Handler = @Sendable (_ message: [UInt8]) -> [UInt8]

    /// What is served, and what to do before the end.
    package struct Service: Sendable {
        package let answer: Handler
        package let stop: @Sendable () -> Void

        package init(answer: @escaping Handler, stop: @escaping @Sendable () -> Void = {}) {
            self.answer = answer
            self.stop = stop
        }
    }

    package static let maximumConnections = 16

    private let listener: Int32
    /// Of the socket, if this object made it.
    private let path: String?
    private let handler: Handler?
    private let service = Mutex<Service?>(nil)
    private let threads = Atomic<Int>(0)

    /// A socket at `path` that only this user may connect to.
    package static func listen(_ path: String) throws(EnclaveError) -> Int32 { try UnixSocket.listen(path) }

    /// Listens at `path` from now on.
    package init(path: String, handler: @escaping Handler) throws(EnclaveError) {
        listener = try UnixSocket.listen(path)
        (self.path, self.handler) = (path, handler)
    }

    /// Takes over a listening socket that somebody else made.
    package init(listener: Int32) { (self.listener, path, handler) = (listener, nil, nil) }

    /// Serves until `stop` becomes readable or ends, then removes the socket. Connections still open are left to the end of the process.
    /// - Parameter stop: a descriptor (a pipe, a signalfd) that says when to stop.
    package func run(until stop: Int32) {
        guard let handler else { return }
        try? serve(until: stop) { Service(answer: handler) }
    }

    /// Makes the threads, then what they serve, and serves until `stop` becomes readable or ends.
    ///
    /// - Parameter open: makes the service while no connection is read yet; this is where a process confines itself.
    /// - Throws: `cannotListen` without threads, and what `open` throws.
    package func serve(until stop: Int32, open: () throws -> Service) throws {
        defer { close() }
        let opened = try service.withLock { service in
            // They wait for this lock.
            for _ in 0..<Self.maximumConnections {
                guard ConnectionThread.start({ [self] in accept() }) else { throw EnclaveError.cannotListen }
            }
            // Until each runs, so that what a thread does first is done before a filter forbids it.
            while threads.load(ordering: .acquiring) < Self.maximumConnections { sched_yield() }
            let opened = try open()
            service = opened
            return opened
        }
        while true {
            var watched = pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
            if poll(&watched, 1, -1) > 0 { break }
        }
        opened.stop()
    }

    private func close() {
        // Wakes the threads that wait for connections.
        if let path {
            shutdown(listener, Int32(SHUT_RDWR))
            unlink(path)
        }
        Glibc.close(listener)
    }

    /// One connection after another, for as long as the socket is open.
    private func accept() {
        threads.add(1, ordering: .releasing)
        guard let answer = service.withLock({ $0 })?.answer else { return }
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else {
                guard errno == EINTR || errno == ECONNABORTED else { return }
                continue
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            serve(connection, answer)
            Glibc.close(connection)
        }
    }

    /// Answers until the peer closes or breaks the framing.
    private func serve(_ connection: Int32, _ answer: Handler) {
        while let message = try? EnclaveFraming.read(from: connection) {
            guard (try? EnclaveFraming.write(answer(message), to: connection)) != nil else { return }
        }
    }
}

/// A detached thread: no concurrency runtime in the trusted computing base.
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
