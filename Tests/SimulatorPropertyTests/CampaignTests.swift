import Foundation
import Simplex
import Simulator
import Testing

@Suite struct `Simulated chains` {
    private static let firstSeed: UInt64 = 1

    @Test func `agree and go on under every kind of fault`() async throws {
        let workers = ProcessInfo.processInfo.activeProcessorCount
        let report = await SimulationCampaign(firstSeed: Self.firstSeed, seeds: 300, workers: workers).run()
        for failure in report.failures {
            Issue.record("seed \(failure.seed): \(failure.rule.rawValue): \(failure.text)\n\(failure.replay(nil))")
        }
        #expect(report.seeds == 300 && report.blocks > 1_200)
        for (name, count) in report.faults.rows { #expect(count > 100, "\(name)") }
        #expect(report.faults.evidence > 100 && report.faults.workChanges > 1_000)
    }

    /// If the simulator did not see these, it would see nothing.
    @Test(arguments: PlantedBug.allCases)
    func `a planted bug is caught within a thousand seeds`(bug: PlantedBug) async throws {
        var campaign = SimulationCampaign(
            firstSeed: Self.firstSeed, seeds: 1_000, plantedBug: bug, workers: ProcessInfo.processInfo.activeProcessorCount)
        campaign.stopsAtFailure = true
        let failure = try #require(await campaign.run().failures.first, "\(bug)")
        let rule: SimulationFailure.Rule =
            switch bug {
            case .quorumOffByOne: .certificate
            case .voteBeforePersist: .doubleVote
            case .skippedParentCheck: .agreement
            case .staleCertificateAccepted: .monotonicFinality
            }
        #expect(failure.rule == rule, "\(failure.text)")
    }

    @Test func `the report has the names that its readers expect`() async throws {
        let report = await SimulationCampaign(firstSeed: 3, seeds: 2, workers: 1).run()
        let json = try #require(JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
        #expect(
            Set(json.keys).isSuperset(of: ["seeds", "first_seed", "violations", "liveness_failures", "faults", "blocks", "failures"]))
        let faults = try #require(json["faults"] as? [String: Int])
        #expect(
            Set(faults.keys) == [
                "partition", "crash", "loss", "duplication", "reordering", "equivocation", "lost_unsynced_write", "clock_skew",
            ])
    }
}
