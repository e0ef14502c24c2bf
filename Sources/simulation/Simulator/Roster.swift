import ChainTypes
import LightClient
import Primitives
import WireTypes

/// Who votes in which epoch of a simulated chain.
struct Roster {
    let keys: [Hash32]
    /// Positions by node, and the set, of each epoch; the last one repeats.
    private let epochs: [Epoch]
    /// Heights of an epoch.
    let length: UInt64

    struct Epoch {
        let set: ValidatorSet
        /// The position of each node in the set.
        let positions: [Int?]
        /// The node at each position.
        let nodes: [Int]
    }

    init(nodes: Int, epochs count: Int, length: UInt64, random: inout SeededGenerator) {
        let keys = (0..<nodes).map { _ in random.hash() }
        self.keys = keys
        self.length = length
        let isEven = random.chance(permille: 400)
        epochs = (0..<count).map { _ in
            let size = count == 1 ? nodes : random.draw(min(4, nodes)...nodes)
            let members = random.order(nodes).prefix(size).sorted()
            var weights = members.map { _ in isEven ? 1 : random.draw(UInt64(1)...(random.chance(permille: 100) ? 30 : 10)) }
            // Now and then one that lost its weight, as after a proven equivocation.
            if !isEven, random.chance(permille: 150) { weights[random.draw(0...(size - 1))] = 0 }
            let leads = weights.map { random.chance(permille: 200) ? random.draw(0...10) : min($0, 10) }
            return Self.epoch(members, weights: weights, leads: leads, keys: keys)
        }
    }

    private static func epoch(_ members: [Int], weights: [UInt64], leads: [UInt64], keys: [Hash32]) -> Epoch {
        let set = try? ValidatorSet(
            members.indices.map { ValidatorSet.Member(key: keys[members[$0]], votingWeight: weights[$0], leaderWeight: leads[$0]) })
        guard let set else { preconditionFailure("distinct keys and small weights make a set") }
        var positions = [Int?](repeating: nil, count: keys.count)
        for (position, node) in members.enumerated() { positions[node] = position }
        return Epoch(set: set, positions: positions, nodes: members)
    }

    func epoch(_ number: UInt64) -> Epoch { epochs[Int(min(number, UInt64(epochs.count - 1)))] }

    var sets: [Epoch] { epochs }

    /// The plan of the block at `height`.
    func plan(at height: UInt64) -> EpochPlan {
        let number = (height - 1) / length
        return EpochPlan(
            epoch: number, validators: epoch(number).set, following: height % length == 0 ? epoch(number + 1).set : nil)
    }

    /// The height before the first of `epoch`.
    func base(of epoch: UInt64) -> UInt64 { epoch * length }

    /// Whether `nodes` weigh less than the profile tolerates, and others lead as well, in every epoch.
    func tolerates(_ nodes: Set<Int>, profile: WireQuorumProfile) -> Bool {
        epochs.allSatisfy { epoch in
            let weight = nodes.reduce(UInt64(0)) { $0 + (epoch.positions[$1].map { epoch.set.members[$0].votingWeight } ?? 0) }
            let leads = zip(epoch.nodes, epoch.set.members).contains { node, member in
                !nodes.contains(node) && member.votingWeight > 0 && member.leaderWeight > 0
            }
            return leads && Quorum.isReached(weight: epoch.set.totalWeight - weight, total: epoch.set.totalWeight, profile: profile)
        }
    }
}
