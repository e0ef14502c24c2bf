import Primitives
import Simplex
import Simulator
import Testing

@Suite struct `Simulator` {
    @Test func `a seed decides everything`() {
        for seed in UInt64(40)..<46 {
            let (one, two) = (SimulationCampaign.run(seed: seed), SimulationCampaign.run(seed: seed))
            #expect(one.faults == two.faults && one.blocks == two.blocks && one.failure == two.failure, "seed \(seed)")
            #expect(one.failure == nil && one.blocks >= 4, "seed \(seed)")
        }
    }

    @Test func `the number of workers changes nothing`() async {
        let alone = await SimulationCampaign(firstSeed: 7, seeds: 12, workers: 1).run()
        let together = await SimulationCampaign(firstSeed: 7, seeds: 12, workers: 3).run()
        #expect(alone.faults == together.faults && alone.blocks == together.blocks && together.seeds == 12)
    }

    @Test func `a planted bug is reported with the command that shows it again`() async throws {
        var campaign = SimulationCampaign(firstSeed: 1, seeds: 50, plantedBug: .quorumOffByOne, workers: 1)
        campaign.stopsAtFailure = true
        let report = await campaign.run()
        let failure = try #require(report.failures.first)
        #expect(!report.isClean && report.violations == 1)
        #expect(failure.replay(.quorumOffByOne) == "jupiter simulate --first-seed \(failure.seed) --seeds 1 --planted-bug quorumOffByOne")
        #expect(SimulationCampaign.run(seed: failure.seed, plantedBug: .quorumOffByOne).failure == failure)
    }

    @Test func `events come in the order of their time, then of their scheduling`() {
        var queue = EventQueue<Int>()
        var random = SeededGenerator(seed: 5)
        var expected: [(time: UInt64, order: Int)] = []
        for order in 0..<500 {
            let delay = random.next() % 50
            queue.schedule(order, after: delay)
            expected.append((delay, order))
        }
        let sorted = expected.sorted { $0.time != $1.time ? $0.time < $1.time : $0.order < $1.order }
        for (time, order) in sorted {
            #expect(queue.next() == order)
            #expect(queue.now == time)
        }
        #expect(queue.next() == nil)
    }

    @Test func `a crash takes what was not synced, and only from the end`() {
        var disk = SimulatedDisk(genesis: .zero)
        let entry = LogEntry.vote(Vote(epoch: 0, ballot: .nullify(1), signer: 0, signature: []))
        for _ in 0..<3 { _ = disk.append(.entry(entry)) }
        let covered = disk.beginSync()
        #expect(covered == 3)
        _ = disk.append(.entry(entry))
        #expect(disk.beginSync() == nil, "one sync at a time")
        disk.endSync(3)
        #expect(disk.unsynced == 1)
        #expect(disk.crash(keeping: 0) == 1)
        #expect(disk.log.count == 3)
    }

    @Test func `nobody signs for another`() {
        let (alice, bob) = (Hash32(1, 0, 0, 0), Hash32(2, 0, 0, 0))
        let keys = SimulatedVoteKeys(alice)
        var random = SeededGenerator(seed: 6)
        for length in 0..<120 {
            let statement = random.bytes(length)
            let signature = keys.sign(statement)
            #expect(signature.count == 64 && keys.isValid(signature, of: statement, by: alice))
            #expect(!keys.isValid(signature, of: statement, by: bob) && !keys.isValid(signature, of: statement + [0], by: alice))
        }
    }
}
