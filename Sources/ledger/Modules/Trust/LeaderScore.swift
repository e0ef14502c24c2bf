import WireTypes

/// How reliably a validator leads, from 1 to 16: the share of its leader weight that the set holds (docs/spec/trust.md §3).
///
/// Operational only: who leads how often decides how fast a chain is, never whether it is safe. Voting weight never follows service.
package enum LeaderScore {
    /// The score of everybody at first.
    package static let full: UInt32 = 16
    /// Nobody falls below: who never led could never recover.
    package static let floor: UInt32 = 1
    /// The most leader weight that can be granted, so that the scaled one is inside a set's bound.
    package static let largestWeight: UInt64 = 1 << 46

    /// The score for the next epoch: towards the share of its views in which the validator proposed a final block, rounded, by at
    /// most `step`. Who had no turn rises by one.
    package static func next(_ score: UInt32, after service: WireLeaderService, step: UInt32) -> UInt32 {
        guard step > 0 else { return score }
        // Views of one epoch; what is beyond 2⁵⁰ of them changes no ratio that matters.
        let (proposals, missed) = (min(service.proposals, 1 << 50), min(service.missed, 1 << 50))
        let turns = proposals + missed
        guard turns > 0 else { return min(full, score + 1) }
        let earned = (UInt64(full) * proposals + turns / 2) / turns
        let target = max(floor, UInt32(earned))
        return target > score ? min(target, score + step) : max(target, score - min(step, score))
    }

    /// The leader weights that a set holds: as granted while everybody has the full score, else scaled by the scores.
    package static func weights(_ members: [(granted: UInt64, score: UInt32)]) -> [UInt64] {
        if members.allSatisfy({ $0.score == full }) { return members.map(\.granted) }
        return members.map { min($0.granted, largestWeight) * UInt64($0.score) }
    }
}
