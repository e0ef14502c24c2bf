/// Whose turn it is to lead each view of an epoch: smooth weighted round robin over the leader weights, from the first view on.
///
/// The order repeats after one period, in which everybody who may lead has at least one turn.
package struct LeaderSchedule: Sendable {
    /// The most views before the order repeats; four times the most validators, so that large weights keep their proportions.
    private static let longestPeriod = 4 * Limits.validators

    private let table: [Int]

    package init(_ set: ValidatorSet) {
        let weights = Self.turns(set)
        let period = weights.reduce(0, +)
        var current = weights.map { _ in 0 }
        var table: [Int] = []
        table.reserveCapacity(period)
        for _ in 0..<period {
            for position in weights.indices { current[position] += weights[position] }
            let next = current.indices.max { current[$0] < current[$1] } ?? 0
            current[next] -= period
            table.append(next)
        }
        self.table = table
    }

    /// How often each member leads in one period: its weight in lowest terms, or scaled down to a period that is not too long.
    private static func turns(_ set: ValidatorSet) -> [Int] {
        var weights = set.members.map { $0.votingWeight > 0 ? Int($0.leaderWeight) : 0 }
        // Somebody must lead: when no voter has leader weight, all voters take turns.
        if weights.allSatisfy({ $0 == 0 }) { weights = set.members.map { $0.votingWeight > 0 ? 1 : 0 } }
        let divisor = weights.reduce(0, greatestCommonDivisor)
        weights = weights.map { $0 / divisor }
        // A set has at most 1,000 members of 2⁵⁰ each: the sum, and one weight times the period, fit 63 bits.
        let total = weights.reduce(0, +)
        guard total > longestPeriod else { return weights }
        let available = longestPeriod - weights.count
        return weights.map { $0 == 0 ? 0 : max(1, $0 * available / total) }
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// The position of the leader of `view`; views count from 1.
    package func leader(_ view: UInt64) -> Int { table[Int((view &- 1) % UInt64(table.count))] }

    /// How many of the views `first..<end` each position leads; those without a turn are left out.
    package func turns(from first: UInt64, to end: UInt64) -> [Int: UInt64] {
        guard first < end else { return [:] }
        var turns: [Int: UInt64] = [:]
        let periods = (end - first) / UInt64(table.count)
        if periods > 0 { for position in table { turns[position, default: 0] += periods } }
        for view in first..<first + (end - first) % UInt64(table.count) { turns[leader(view), default: 0] += 1 }
        return turns
    }
}
