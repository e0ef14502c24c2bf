/// How long something took: the sum over all times, and the newest times themselves.
package struct LatencySamples: Sendable, Equatable {
    /// Microseconds, oldest first.
    package private(set) var newest: [UInt32] = []
    package private(set) var count: UInt64 = 0
    /// Microseconds.
    package private(set) var sum: UInt64 = 0

    /// How many of the newest are kept at most.
    package static let kept = 4_096

    package init() {}

    package mutating func add(microseconds: UInt64) {
        let sample = UInt32(clamping: microseconds)
        (count, sum) = (count &+ 1, sum &+ UInt64(sample))
        newest.append(sample)
        if newest.count > Self.kept { newest.removeFirst(Self.kept / 2) }
    }

    /// Of the newest times, the smallest one that at least the given share of them does not exceed; `nil` without any.
    ///
    /// - Parameter share: above 0, up to 1.
    package func quantile(_ share: Double) -> UInt32? {
        guard !newest.isEmpty else { return nil }
        let rank = Int((share * Double(newest.count)).rounded(.up))
        return newest.sorted()[min(max(rank, 1), newest.count) - 1]
    }
}
