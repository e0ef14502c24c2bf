import Dispatch

/// Threads for the engine: its disk writes must not hold up Swift's own few threads.
final class EngineThreads: TaskExecutor {
    private let queue = DispatchQueue(label: "jupiter.engine", qos: .userInitiated, attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
