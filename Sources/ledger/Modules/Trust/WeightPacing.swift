import ChainTypes
import WireTypes

/// How fast voting weights follow the decisions of governance (docs/spec/trust.md §4).
///
/// New weight may belong to nodes that are not up yet, so in one epoch less than a third of the resulting total is new (crash
/// profile: half), and no more than that share moves at all: those who voted before remain a quorum. A set of fewer than four (three)
/// tolerates no fault anyway: there one validator a time changes whole. Changes are made in the order in which they were decided; the
/// first always moves, further ones only whole.
package enum WeightPacing {
    /// One validator's weight and where it is going.
    package struct Weight: Sendable, Equatable {
        package var present: UInt64
        package let target: UInt64
        /// Jailed: without weight at once, whatever the share.
        package let isBarred: Bool
        /// Height of the decision.
        package let decided: UInt64

        package init(present: UInt64, target: UInt64, isBarred: Bool = false, decided: UInt64 = 0) {
            (self.present, self.target, self.isBarred, self.decided) = (present, target, isBarred, decided)
        }
    }

    /// The weights of the next epoch; `nil` when nobody would have any, and the present set must go on.
    package static func next(_ weights: [Weight], profile: WireQuorumProfile) -> [UInt64]? {
        var step = Step(weights.map { $0.isBarred ? 0 : Int($0.present) }, share: profile == .crash ? 2 : 3)
        let order = weights.indices
            .filter { !weights[$0].isBarred && weights[$0].present != weights[$0].target }
            .sorted { (weights[$0].decided, $0) < (weights[$1].decided, $1) }
        for position in order {
            guard step.move(position, to: Int(weights[position].target)) else { break }
        }
        return step.total > 0 ? step.weights.map { UInt64($0) } : nil
    }

    /// What one epoch has moved so far. A set's total is below 2⁶⁰, so three times it fits.
    private struct Step {
        private(set) var weights: [Int]
        private(set) var total: Int
        private let share: Int
        private var raised = 0
        private var lowered = 0

        init(_ weights: [Int], share: Int) {
            (self.weights, self.share) = (weights, share)
            total = weights.reduce(0, +)
        }

        private var isFirst: Bool { raised + lowered == 0 }

        /// Moves a weight as far as the rules allow; answers whether further ones may follow.
        mutating func move(_ position: Int, to target: Int) -> Bool {
            let from = weights[position]
            let wanted = abs(target - from)
            // The last weight waits until somebody else has some.
            if target < from, wanted == total { return true }
            var amount = wanted
            let room = target > from ? roomToRaise : roomToLower
            if wanted > room {
                guard isFirst else { return false }
                if !isSmall(after: position, target: target) { amount = max(1, room) }
            }
            weights[position] += target > from ? amount : -amount
            total += target > from ? amount : -amount
            if target > from { raised += amount } else { lowered += amount }
            return true
        }

        /// The largest m with share·(raised + m) < total + m and share·(raised + lowered + m) ≤ total + m.
        private var roomToRaise: Int { min(total - share * raised - 1, total - share * (raised + lowered)) / (share - 1) }

        /// The largest m with share·raised < total − m and share·(raised + lowered + m) ≤ total − m.
        private var roomToLower: Int { min(total - share * raised - 1, (total - share * (raised + lowered)) / (share + 1)) }

        /// Whether the set is, or becomes by this change, too small to tolerate a fault.
        private func isSmall(after position: Int, target: Int) -> Bool {
            let voters = weights.count { $0 > 0 }
            let after = voters + (target > 0 ? 1 : 0) - (weights[position] > 0 ? 1 : 0)
            return min(voters, after) <= share
        }
    }
}
