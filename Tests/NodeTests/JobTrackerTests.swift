import Node
import Primitives
import Testing

@Suite struct `Jobs that a node follows` {
    private let job = Hash32(0, 0, 0, 1)
    private let transaction = Hash32(0, 0, 0, 2)

    private func due(_ tracker: inout JobTracker, _ height: UInt64, _ settlement: JobTracker.Settlement = .waiting) -> [Hash32] {
        tracker.due(.assessment, height: height, limit: 10) { _ in settlement }
    }

    @Test func `a job is due once the state shows it, and not while its transaction waits`() {
        var tracker = JobTracker()
        tracker.add(job, .assessment, height: 5)
        #expect(due(&tracker, 4).isEmpty)
        #expect(due(&tracker, 5) == [job])
        #expect(tracker.due(.subscription, height: 9, limit: 10) { _ in .waiting }.isEmpty)
        tracker.posted(job, transaction, validUntil: 20)
        #expect(due(&tracker, 20).isEmpty)
        #expect(due(&tracker, 21) == [job])
        tracker.posted(job, transaction, validUntil: 40)
        #expect(due(&tracker, 22, .applied) == [job])
        tracker.finish(job)
        #expect(tracker.count == 0)
    }

    @Test func `a job whose transaction was refused is looked at once more, and known as refused`() {
        var tracker = JobTracker()
        let subscription = Hash32(0, 0, 0, 3)
        tracker.add(job, .assessment, height: 1)
        tracker.add(subscription, .subscription, height: 1)
        tracker.posted(job, transaction, validUntil: 20)
        tracker.posted(subscription, transaction, validUntil: 20)
        #expect(!tracker.wasRefused(job))
        #expect(due(&tracker, 2, .refused) == [job])
        #expect(tracker.due(.subscription, height: 2, limit: 10) { _ in .refused } == [subscription])
        #expect(tracker.wasRefused(job) && tracker.wasRefused(subscription) && tracker.count == 2)
        tracker.finish(job)
        #expect(!tracker.wasRefused(job))
    }

    @Test func `a job that another enclave is at is not due, and asked about last`() {
        var tracker = JobTracker()
        tracker.add(job, .assessment, height: 5)
        var asked = 0
        func due(_ height: UInt64, free: Bool) -> [Hash32] {
            tracker.due(.assessment, height: height, limit: 10) { _ in
                asked += 1
                return free
            } settlement: { _ in
                .waiting
            }
        }
        #expect(due(4, free: true).isEmpty && asked == 0)
        #expect(due(5, free: false).isEmpty && due(5, free: true) == [job] && asked == 2)
        tracker.wait(job, until: 9)
        #expect(due(8, free: true).isEmpty && asked == 2 && due(9, free: true) == [job])
    }

    @Test func `retries come at growing distances and end`() {
        var tracker = JobTracker()
        tracker.add(job, .assessment, height: 0)
        var (height, tries) = (UInt64(0), 0)
        while tracker.count > 0, height < 10_000 {
            if !due(&tracker, height).isEmpty {
                tries += 1
                tracker.retry(job, after: height)
            }
            height += 1
        }
        #expect(tries == JobTracker.maximumAttempts && height > 100)
    }
}
