import Primitives
import Simplex

/// How often each kind of fault was injected.
package struct FaultCounts: Sendable, Codable, Equatable {
    /// Episodes.
    package var partition = 0
    /// Machines stopped.
    package var crash = 0
    /// Messages dropped by bad links.
    package var loss = 0
    package var duplication = 0
    /// Messages that overtook an earlier one of their link.
    package var reordering = 0
    /// Pairs of conflicting messages that Byzantine actors made.
    package var equivocation = 0
    /// Log records that a crash took with it.
    package var lostUnsyncedWrite = 0
    /// Clocks that were wrong.
    package var clockSkew = 0
    /// Equivocations that honest nodes proved; not a fault.
    package var evidence = 0
    /// How often a running node heard that there is work, or none any more; not a fault.
    package var workChanges = 0

    enum CodingKeys: String, CodingKey {
        case partition, crash, loss, duplication, reordering, equivocation
        case lostUnsyncedWrite = "lost_unsynced_write"
        case clockSkew = "clock_skew"
    }

    package init() {}

    /// For people.
    package var rows: [(name: String, count: Int)] {
        [
            ("partitions", partition), ("crashes", crash), ("messages lost", loss), ("messages duplicated", duplication),
            ("messages overtaken", reordering), ("equivocations", equivocation), ("unsynced log records lost", lostUnsyncedWrite),
            ("wrong clocks", clockSkew),
        ]
    }

    mutating func add(_ other: FaultCounts) {
        partition += other.partition
        crash += other.crash
        loss += other.loss
        duplication += other.duplication
        reordering += other.reordering
        equivocation += other.equivocation
        lostUnsyncedWrite += other.lostUnsyncedWrite
        clockSkew += other.clockSkew
        evidence += other.evidence
        workChanges += other.workChanges
    }
}

/// What became of one seed.
package struct SimulationOutcome: Sendable {
    package let failure: SimulationFailure?
    package let faults: FaultCounts
    package let blocks: UInt64
}

/// What a campaign found.
package struct SimulationReport: Sendable, Codable {
    package var seeds: UInt64 = 0
    package var firstSeed: UInt64
    package var violations = 0
    package var livenessFailures = 0
    package var faults = FaultCounts()
    /// Final blocks.
    package var blocks: UInt64 = 0
    /// Those that failed, in the order of their seeds.
    package var failures: [SimulationFailure] = []

    enum CodingKeys: String, CodingKey {
        case seeds, violations, faults, blocks, failures
        case firstSeed = "first_seed"
        case livenessFailures = "liveness_failures"
    }

    package init(firstSeed: UInt64) { self.firstSeed = firstSeed }

    package var isClean: Bool { violations == 0 && livenessFailures == 0 }

    mutating func add(_ outcome: SimulationOutcome) {
        seeds += 1
        faults.add(outcome.faults)
        blocks += outcome.blocks
        guard let failure = outcome.failure else { return }
        if failure.rule == .liveness { livenessFailures += 1 } else { violations += 1 }
        failures.append(failure)
    }
}
