import Glibc
import Synchronization

/// Runs what may never return on a thread of its own, and stops waiting for it after a time.
///
/// tpm2-tss reads from a socket or device without a time limit. A thread that hangs is left behind; while several hang, nothing
/// more is started, so a dead TPM costs a bounded number of threads.
enum Deadline {
    /// Threads that may hang at once.
    private static let maximumThreads = 8
    private static let threads = Mutex(0)

    /// What a thread does; a class without type parameters can pass through a C pointer.
    private final class Job: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private final class Outcome<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, PlatformError>?>(nil)
        /// Readable when the thread is done.
        let finished: Int32
        private let finish: Int32

        init() throws(PlatformError) {
            var ends: [Int32] = [-1, -1]
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .tpmUnreachable("no descriptors are left") }
            (finished, finish) = (ends[0], ends[1])
        }

        deinit {
            close(finished)
            close(finish)
        }

        func set(_ value: Result<Value, PlatformError>) {
            result.withLock { $0 = value }
            var byte: UInt8 = 1
            _ = write(finish, &byte, 1)
        }
    }

    /// Gives what `body` gives, or throws `tpmTimedOut` after `milliseconds`.
    static func run<Value: Sendable>(
        milliseconds: Int32, _ body: @escaping @Sendable () throws(PlatformError) -> Value
    ) throws(PlatformError) -> Value {
        guard threads.withLock({ (count: inout Int) in
            guard count < maximumThreads else { return false }
            count += 1
            return true
        }) else { throw .tpmTimedOut }
        let outcome: Outcome<Value>
        do { outcome = try Outcome() } catch {
            threads.withLock { $0 -= 1 }
            throw error
        }
        let started = start(
            Job {
                let result: Result<Value, PlatformError>
                do throws(PlatformError) { result = .success(try body()) } catch { result = .failure(error) }
                threads.withLock { $0 -= 1 }
                outcome.set(result)
            })
        guard started else {
            threads.withLock { $0 -= 1 }
            throw .tpmUnreachable("no thread can be started")
        }
        try wait(for: outcome.finished, milliseconds: milliseconds)
        guard let result = outcome.result.withLock({ $0 }) else { throw .tpmTimedOut }
        return try result.get()
    }

    private static func start(_ job: Job) -> Bool {
        var thread = pthread_t()
        let pointer = Unmanaged.passRetained(job)
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, pointer.toOpaque())
        guard status == 0 else {
            pointer.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private static func wait(for descriptor: Int32, milliseconds: Int32) throws(PlatformError) {
        let end = ContinuousClock.now.advanced(by: .milliseconds(Int(milliseconds)))
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: end).components
            let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
            guard milliseconds > 0 else { throw .tpmTimedOut }
            let count = poll(&entry, 1, Int32(clamping: milliseconds))
            if count > 0 { return }
            guard count == 0 || errno == EINTR else { throw .tpmTimedOut }
        }
    }
}
