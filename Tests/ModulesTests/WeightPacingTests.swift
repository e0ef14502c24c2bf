import ChainTypes
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Pacing of voting weight` {
    typealias Weight = WeightPacing.Weight

    /// The weights of each following epoch until nothing moves any more.
    func path(_ weights: [Weight], profile: WireQuorumProfile = .byzantine) -> [[UInt64]] {
        var (weights, path) = (weights, [[UInt64]]())
        while path.count < 200, let next = WeightPacing.next(weights, profile: profile), next != weights.map(\.present) {
            path.append(next)
            for position in weights.indices { weights[position].present = next[position] }
        }
        return path
    }

    func join(_ weight: UInt64 = 1, decided: UInt64) -> Weight { Weight(present: 0, target: weight, decided: decided) }
    func stay(_ weight: UInt64 = 1) -> Weight { Weight(present: weight, target: weight) }
    func leave(_ weight: UInt64 = 1, decided: UInt64) -> Weight { Weight(present: weight, target: 0, decided: decided) }

    @Test func `from one validator to two to four and back takes an epoch each`() {
        #expect(path([stay(), join(decided: 1)]) == [[1, 1]])
        #expect(path([stay(), stay(), join(decided: 1), join(decided: 2)]) == [[1, 1, 1, 0], [1, 1, 1, 1]])
        #expect(
            path([stay(), leave(decided: 3), leave(decided: 2), leave(decided: 1)]) == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]])
    }

    @Test func `weights of a hundred move as whole validators too`() {
        #expect(path([stay(100), stay(100), stay(100), stay(100), join(100, decided: 1)]) == [[100, 100, 100, 100, 100]])
        #expect(path([stay(100), stay(100), stay(100), leave(100, decided: 1)]) == [[100, 100, 100, 0]])
        #expect(
            path([stay(100), stay(100), stay(100), stay(100), join(100, decided: 1), join(100, decided: 2)])
                == [[100, 100, 100, 100, 100, 0], [100, 100, 100, 100, 100, 100]])
    }

    @Test func `new weight stays below a third of what results, so a large one arrives over several epochs`() {
        let path = path([stay(10), stay(10), stay(10), stay(10), join(100, decided: 1)])
        #expect(path.last == [10, 10, 10, 10, 100])
        for (before, after) in zip([[10, 10, 10, 10, 0]] + path, path) {
            let raised = after[4] - before[4]
            #expect(3 * raised < after.reduce(0, +), "\(before) \(after)")
        }
        #expect(path.count == 4)
    }

    @Test func `the crash profile moves up to a half`() {
        #expect(path([stay(), stay(), stay(), join(decided: 1), join(decided: 2)], profile: .crash) == [[1, 1, 1, 1, 1]])
        #expect(path([stay(), stay(), stay(), leave(decided: 1)], profile: .crash) == [[1, 1, 1, 0]])
    }

    @Test func `what was decided first moves first, and a later change waits rather than overtakes`() {
        let weights = [stay(10), stay(10), stay(10), stay(10), join(100, decided: 1), join(1, decided: 2)]
        #expect(WeightPacing.next(weights, profile: .byzantine)?[5] == 0)
        #expect(path(weights).last == [10, 10, 10, 10, 100, 1])
    }

    @Test func `the last weight stays until somebody else has some`() {
        #expect(path([leave(decided: 1)]).isEmpty)
        #expect(path([leave(decided: 1), join(decided: 2)]) == [[1, 1], [0, 1]])
    }

    @Test func `the jailed lose all weight at once, however much it is`() {
        let jailed = Weight(present: 100, target: 100, isBarred: true)
        #expect(WeightPacing.next([stay(), jailed, jailed], profile: .byzantine) == [1, 0, 0])
        #expect(WeightPacing.next([jailed, jailed], profile: .byzantine) == nil)
        #expect(WeightPacing.next([jailed, join(5, decided: 1)], profile: .byzantine) == [0, 5])
    }

    @Test func `every plan of decisions ends, with a quorum that was there before in each step (property)`() {
        let seed: UInt64 = 0x7ACE
        var generator = SeededGenerator(seed: seed)
        for round in 0..<400 {
            let profile: WireQuorumProfile = round % 3 == 0 ? .crash : .byzantine
            let share: UInt64 = profile == .crash ? 2 : 3
            let count = Int.random(in: 1...12, using: &generator)
            let scale: UInt64 = [1, 10, 1_000][round % 3]
            // The first stays, so that nobody waits for others for ever.
            var weights = [stay(scale)]
            for position in 1..<count {
                let present = UInt64.random(in: 0...scale, using: &generator)
                let target = UInt64.random(in: 0...scale, using: &generator)
                weights.append(Weight(present: present, target: target, decided: UInt64(position / 2)))
            }
            let goal = weights.map(\.target)
            let first = weights.map(\.present)
            let path = path(weights, profile: profile)
            #expect((path.last ?? first) == goal, "seed \(seed) round \(round)")
            for (before, after) in zip([first] + path, path) {
                let total: UInt64 = after.reduce(0, +)
                var old: UInt64 = 0
                var moved: [UInt64] = []
                for (was, now) in zip(before, after) {
                    old += min(was, now)
                    if was != now { moved.append(max(was, now) - min(was, now)) }
                }
                #expect(total > 0, "seed \(seed) round \(round)")
                let voters = min(before.count { $0 > 0 }, after.count { $0 > 0 })
                let isSmall = UInt64(voters) <= share && moved.count == 1
                let isQuorum = share == 2 ? 2 * old > total : 3 * old > 2 * total
                #expect(isQuorum || isSmall || moved == [1], "seed \(seed) round \(round): \(before) \(after)")
            }
        }
    }
}
