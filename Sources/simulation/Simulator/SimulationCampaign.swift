import Primitives
import Simplex
import Synchronization

/// Many seeds, on several cores.
package struct SimulationCampaign: Sendable {
    package var firstSeed: UInt64
    package var seeds: UInt64
    package var plantedBug: PlantedBug?
    /// How many seeds run at the same time.
    package var workers: Int
    /// Whether to begin no further seed once one has failed.
    package var stopsAtFailure = false

    package init(firstSeed: UInt64, seeds: UInt64, plantedBug: PlantedBug? = nil, workers: Int) {
        (self.firstSeed, self.seeds, self.plantedBug, self.workers) = (firstSeed, seeds, plantedBug, max(1, workers))
    }

    /// One seed, from its beginning to its end.
    package static func run(seed: UInt64, plantedBug: PlantedBug? = nil) -> SimulationOutcome {
        Simulation(Scenario(seed: seed, plantedBug: plantedBug)).run()
    }

    /// Runs all seeds. `progress` hears how many are done, and of every failure at once; from any thread.
    package func run(
        progress: @escaping @Sendable (_ done: UInt64, _ failure: SimulationFailure?) -> Void = { _, _ in }
    ) async -> SimulationReport {
        let tally = Tally()
        var report = SimulationReport(firstSeed: firstSeed)
        await withTaskGroup(of: SimulationReport.self) { group in
            for _ in 0..<workers {
                group.addTask { await work(tally, progress) }
            }
            for await part in group { report.add(part) }
        }
        report.failures.sort { $0.seed < $1.seed }
        return report
    }

    /// What the workers share.
    private final class Tally: Sendable {
        let begun = Atomic<UInt64>(0)
        let done = Atomic<UInt64>(0)
        let hasFailed = Atomic<Bool>(false)
    }

    private func work(_ tally: Tally, _ progress: @Sendable (UInt64, SimulationFailure?) -> Void) async -> SimulationReport {
        var part = SimulationReport(firstSeed: firstSeed)
        while !(stopsAtFailure && tally.hasFailed.load(ordering: .relaxed)) {
            let index = tally.begun.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < seeds else { break }
            let outcome = Self.run(seed: firstSeed &+ index, plantedBug: plantedBug)
            part.add(outcome)
            if outcome.failure != nil { tally.hasFailed.store(true, ordering: .relaxed) }
            progress(tally.done.wrappingAdd(1, ordering: .relaxed).newValue, outcome.failure)
            await Task.yield()
        }
        return part
    }
}

extension SimulationReport {
    fileprivate mutating func add(_ part: SimulationReport) {
        seeds += part.seeds
        violations += part.violations
        livenessFailures += part.livenessFailures
        faults.add(part.faults)
        blocks += part.blocks
        failures += part.failures
    }
}
