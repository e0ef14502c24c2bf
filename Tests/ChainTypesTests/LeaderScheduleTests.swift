import ChainTypes
import Primitives
import Testing

@Suite struct `Leader schedule` {
    func set(_ members: [(voting: UInt64, leader: UInt64)]) throws -> ValidatorSet {
        try ValidatorSet(
            members.enumerated().map { index, weight in
                .init(key: Hash32(UInt64(index + 1), 0, 0, 0), votingWeight: weight.voting, leaderWeight: weight.leader)
            })
    }

    @Test func `gives turns in proportion, spread out`() throws {
        let schedule = LeaderSchedule(try set([(1, 5), (1, 1), (1, 1)]))
        // The example of smooth weighted round robin: a a b a c a a.
        #expect((1...14).map { schedule.leader($0) } == [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0])
        let equal = LeaderSchedule(try set([(3, 1_000), (2, 1_000), (1, 1_000)]))
        #expect((1...6).map { equal.leader($0) } == [0, 1, 2, 0, 1, 2])
    }

    @Test func `never gives a turn to one without voting weight or leader weight`() throws {
        let schedule = LeaderSchedule(try set([(1, 1), (0, 9), (1, 0), (1, 1)]))
        #expect(Set((1...20).map { schedule.leader($0) }) == [0, 3])
        let nobody = LeaderSchedule(try set([(1, 0), (0, 9), (1, 0)]))
        #expect((1...4).map { nobody.leader($0) } == [0, 2, 0, 2])
    }

    @Test func `gives everybody a turn within four thousand views, whatever the weights`() throws {
        let many = LeaderSchedule(try set((0..<1_000).map { (1, $0 == 0 ? 1 << 50 : 1) }))
        let turns = many.turns(from: 1, to: 4_001)
        #expect(turns.count == 1_000 && turns[0].map { $0 > 2_500 } == true)
        let large = LeaderSchedule(try set((0..<20).map { (1, $0 == 7 ? 1 : 1 << 46) }))
        #expect(large.turns(from: 1, to: 4_001)[7].map { $0 >= 1 } == true)
    }
}
