/// Whose turn it is to lead each view.
package struct LeaderSchedule: Sendable {
    private let table: [Int]
    package init(_ set: ValidatorSet) {
        var weights = set.members.map { $0.votingWeight > 0 ? Int(min($0.leaderWeight, 1000)) : 0 }
        if weights.allSatisfy({ $0 == 0 }) { weights = set.members.map { _ in 1 } }
        var current = weights.map { _ in 0 }
        let total = weights.reduce(0, +)
        var table: [Int] = []
        for _ in 0..<min(total, 1024) {
            for i in weights.indices { current[i] += weights[i] }
            let best = current.indices.max { current[$0] < current[$1] } ?? 0
            current[best] -= total
            table.append(best)
        }
        self.table = table
    }
    package func leader(_ view: UInt64) -> Int { table[Int((view &- 1) % UInt64(table.count))] }
}
