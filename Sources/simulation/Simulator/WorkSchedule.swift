import Primitives

/// When a simulated chain has something to propose: like everything else of a scenario it follows from the seed.
struct WorkSchedule {
    struct Change {
        /// Microseconds after the start.
        let time: UInt64
        let node: Int
        let exists: Bool
    }

    /// Whether there is something from the start on.
    let startsBusy: Bool
    /// In the order in which each node hears of them; the same for all nodes, sooner or later.
    let changes: [Change]
    /// How many changes some node hears of only once the network is stable.
    let changesWhenStable: Int

    /// Longest time that news of work takes to a node, microseconds.
    private static let slowestNews: UInt64 = 150_000
    /// For so long after stabilisation there may be changes, microseconds.
    private static let tail: UInt64 = 1_500_000

    /// - Parameter stable: when the network becomes stable, microseconds after the start.
    init(startsBusy: Bool, nodes: Int, stable: UInt64, random: inout SeededGenerator) {
        self.startsBusy = startsBusy
        guard random.chance(permille: 600) else {
            (changes, changesWhenStable) = ([], 0)
            return
        }
        let times = (0..<random.draw(1...8)).map { _ in random.draw(0...stable + Self.tail) }.sorted()
        // One lag a node, so that nobody hears of two changes in the wrong order.
        let lags = (0..<nodes).map { _ in random.draw(0...Self.slowestNews) }
        changes = times.enumerated().flatMap { index, time in
            lags.enumerated().map { node, lag in Change(time: time + lag, node: node, exists: startsBusy != index.isMultiple(of: 2)) }
        }
        changesWhenStable = times.count { $0 + Self.slowestNews >= stable }
    }
}
