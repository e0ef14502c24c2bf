import ArgumentParser
import Foundation
import JupiterClient
import Simplex
import Simulator

/// `jupiter simulate`
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Run whole chains in virtual time, with everything failing that may fail.",
        discussion: """
            Each seed decides a chain: who votes, who lies, what crashes and when, how bad the network is. After the chaos the network \
            heals and everybody must commit further blocks in time. A failure prints the command that shows it again; docs/testing.md says \
            what is injected and what is checked. Ends with 1 if any seed failed.

            EXAMPLE
              jupiter simulate --seeds 2000 --first-seed 1 --report simulation.json
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: "How many seeds.")
    var seeds: UInt64 = 300
    @Option(help: "The first seed; the others follow.")
    var firstSeed: UInt64 = 1
    @Option(help: ArgumentHelp("Write what happened as JSON.", valueName: "file"))
    var report: String?
    @Option(help: "How many seeds run at the same time (default: one a core).")
    var workers: Int?
    @Option(
        help: ArgumentHelp(
            "Put a known mistake into the honest replicas, to see whether it is seen: "
                + PlantedBug.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "name"))
    var plantedBug: PlantedBug?

    func validate() throws {
        guard seeds >= 1, firstSeed <= UInt64.max - seeds else { throw ValidationError("--seeds must be at least 1, and end before 2⁶⁴") }
        if let workers, !(1...1_024).contains(workers) { throw ValidationError("--workers must be 1…1024") }
    }

    mutating func run() async throws {
        let progress = Progress(quiet: global.output == .json)
        let campaign = SimulationCampaign(
            firstSeed: firstSeed, seeds: seeds, plantedBug: plantedBug, workers: workers ?? ProcessInfo.processInfo.activeProcessorCount)
        progress.begin("seeds", total: Int(clamping: seeds))
        let bug = plantedBug
        // Without a terminal a long campaign says every tenth of its way that it lives.
        let tenth = Console.isTerminal ? UInt64.max : max(seeds / 10, 1)
        let outcome = await campaign.run { done, failure in
            if let failure { Console.error("\(failure.line)\n  \(failure.replay(bug))") }
            progress.update(Int(clamping: done))
            if done % tenth == 0 { progress.note("\(done) seeds done") }
        }
        progress.end()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let json = try encoder.encode(outcome)
        if let report { try PrivateFile.write(Array(json), to: report, overwrite: true) }
        Console.out(global.output == .json ? String(decoding: json, as: UTF8.self) : outcome.text)
        if !outcome.isClean { throw ExitCode(1) }
    }
}

extension PlantedBug: ExpressibleByArgument {}

extension SimulationFailure {
    fileprivate var line: String { "seed \(seed): \(rule.rawValue) at \(time) ms: \(text)" }
}

extension SimulationReport {
    fileprivate var text: String {
        var table = TextTable(["fault", "injected"])
        for (name, count) in faults.rows { table.append([name, String(count)]) }
        let found =
            isClean
            ? "no violation, no liveness failure"
            : "\(Counted.text(violations, "violation")), \(Counted.text(livenessFailures, "liveness failure"))"
        return "\(table.text)\n\(seeds) seeds, \(blocks) final blocks: \(found)"
    }
}
