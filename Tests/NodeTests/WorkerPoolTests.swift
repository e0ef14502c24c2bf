import Node
import Synchronization
import Testing

/// How many pieces of work ran at a time.
private final class Census: Sendable {
    let running = Atomic(0)
    let highest = Atomic(0)
    let mayEnd = Atomic(false)

    func enter() { _ = highest.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed) }
    func leave() { running.subtract(1, ordering: .relaxed) }
}

@Suite struct `Worker pool` {
    @Test func `it runs everything, so many at a time`() async throws {
        let pool = WorkerPool(width: 2)
        let census = Census()
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...200 {
                group.addTask {
                    try await pool.run {
                        census.enter()
                        census.leave()
                        return number
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(total == 20_100)
        #expect(census.highest.load(ordering: .relaxed) <= 2)
    }

    @Test func `too much at once is refused, not piled up`() async throws {
        let pool = WorkerPool(width: 1, maximumWaiting: 1)
        let census = Census()
        // One can run and one can wait, so of four at least two are refused; the first refusal lets the others end.
        let refused = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    do {
                        try await pool.run { while !census.mayEnd.load(ordering: .relaxed) {} }
                        return false
                    } catch { return true }
                }
            }
            var refused = 0
            for await wasRefused in group where wasRefused {
                refused += 1
                if refused == 2 { census.mayEnd.store(true, ordering: .relaxed) }
            }
            return refused
        }
        #expect(refused == 2)
    }
}
