import ConsensusBenchmarks
import Foundation

/// Four validators of this machine, under load and without.
func consensusTable() async throws -> ConsensusFigures {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: directory) }
    var benchmark = try ConsensusBenchmark(in: directory, progress: progress)
    let figures = try await benchmark.run()
    print("\n## Consensus: \(figures.validators) validators as processes of this machine, \(figures.cores) cores\n")
    print("| figure | transfers | records | transfers, `crash` profile |\n| --- | --- | --- | --- |")
    let loads = [figures.transfers, figures.records, figures.crashProfile]
    func row(_ name: String, _ format: String, _ value: (LoadFigures) -> Double) {
        print("| \(name) | " + loads.map { String(format: format, value($0)) }.joined(separator: " | ") + " |")
    }
    row("committed transactions per second", "%.0f") { $0.committedPerSecond }
    row("verifications per second, all cores", "%.0f") { $0.limit.verificationsPerSecond }
    row("ratio to the signature limit (aim ≥ 0.6)", "%.2f") { $0.ratioToSignatureLimit }
    row("processor time per transaction, all nodes, ms", "%.3f") { $0.cpuMilliseconds }
    row("aim for it: at most, ms", "%.3f") { $0.cpuAimMilliseconds }
    row("the loader's own, ms", "%.3f") { $0.loaderCPUMilliseconds }
    row("bytes on the wire per transaction", "%.0f") { $0.wireBytesPerTransaction }
    row("bytes of a transaction with its sidecar", "%.0f") { Double($0.transactionBytes) }
    row("transactions", "%.0f") { Double($0.transactions) }
    row("blocks", "%.0f") { Double($0.blocks) }
    print("\n| figure | value |\n| --- | --- |")
    print(String(format: "| finality at low load, median, ms (aim ≤ 15) | %.1f |", figures.finality.medianMilliseconds))
    print(String(format: "| finality at low load, p99, ms (aim ≤ 15) | %.1f |", figures.finality.p99Milliseconds))
    print("| blocks at low load | \(figures.finality.blocks) |")
    print(String(format: "| `crash` over `byzantine` throughput | %.2f |", figures.crashToByzantine))
    print("| load average before and after | " + figures.loadAverage.map { String(format: "%.1f", $0) }.joined(separator: ", ") + " |")
    return figures
}
