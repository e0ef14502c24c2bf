import Glibc
import Synchronization

/// Runs what may never return on a thread of its own, and stops waiting for it after a time.
///
/// tpm2-tss reads from a socket or device without a time limit. A thread that hangs is left behind; while several hang, nothing
/// more is started, so a dead TPM costs a bounded number of threads.
final class Deadline: Sendable {
    /// Threads that may hang at once.
    private static let maximumHanging = 4

    private let hanging = Mutex(0)

    /// What a thread does; a class without type parameters can pass through a C pointer.
    private final class Job: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private final class Outcome<Value: Sendable>: Sendable {
        private enum State {
            case running
            case abandoned
            case finished(Result<Value, PlatformError>)
        }

        private let state = Mutex(State.running)
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

        func set(_ result: Result<Value, PlatformError>) {
            state.withLock { state in
                if case .running = state { state = .finished(result) }
            }
            var byte: UInt8 = 1
            _ = write(finish, &byte, 1)
        }

        var isAbandoned: Bool { state.withLock { if case .abandoned = $0 { true } else { false } } }

        /// Gives up on it; `false` when it has just finished.
        func abandon() -> Bool {
            state.withLock { state in
                guard case .running = state else { return false }
                state = .abandoned
                return true
            }
        }

        func value() throws(PlatformError) -> Value {
            let state = state.withLock { $0 }
            guard case .finished(let result) = state else { throw .tpmTimedOut }
            return try result.get()
        }
    }

    /// Gives what `body` gives, or throws `tpmTimedOut` after `milliseconds`.
    func run<Value: Sendable>(
        milliseconds: Int32, _ body: @escaping @Sendable () throws(PlatformError) -> Value
    ) throws(PlatformError) -> Value {
        guard hanging.withLock({ $0 < Self.maximumHanging }) else { throw .tpmTimedOut }
        let outcome = try Outcome<Value>()
        let started = Self.start(
            Job {
                do throws(PlatformError) { outcome.set(.success(try body())) } catch { outcome.set(.failure(error)) }
                if outcome.isAbandoned { self.hanging.withLock { $0 -= 1 } }
            })
        guard started else { throw .tpmUnreachable("no thread can be started") }
        let isFinished = Self.wait(for: outcome.finished, milliseconds: milliseconds)
        guard !isFinished, outcome.abandon() else { return try outcome.value() }
        hanging.withLock { $0 += 1 }
        throw .tpmTimedOut
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

    /// Whether the descriptor became readable in time.
    private static func wait(for descriptor: Int32, milliseconds: Int32) -> Bool {
        let end = ContinuousClock.now.advanced(by: .milliseconds(Int(milliseconds)))
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: end).components
            let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
            guard milliseconds > 0 else { return false }
            let count = poll(&entry, 1, Int32(clamping: milliseconds))
            if count > 0 { return true }
            guard count == 0 || errno == EINTR else { return false }
        }
    }
}
