import ConsensusBenchmarks
import EnclaveBenchmarks
import Foundation
import NodeBenchmarks
import StateBenchmarks

/// What `--report` writes.
struct BenchmarkReport: Encodable {
    var records: RecordThroughput?
    var mainnetBytesPerTransaction: Double?
    var state: [StateCommitRow]?
    var enclave: [EnclaveBenchmarkRow]?
    var consensus: ConsensusFigures?
}

@Sendable func progress(_ text: String) { FileHandle.standardError.write(Data("… \(text)\n".utf8)) }

func temporaryDirectory() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("jupiter-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
}

/// Records per second of one validator against the verifications of one core, and what mainnet carries of them.
func recordTable() async throws -> RecordThroughput {
    progress("records: signing, then running one validator")
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: directory) }
    var benchmark = RecordBenchmark()
    let row = try await benchmark.run(in: directory)
    let checkpoint = try CheckpointSize.measure()
    let perTransaction = Double(checkpoint) / (row.transactionsPerSecond * CheckpointSize.interval)
    print("\n## Record transactions, one validator\n")
    print("| figure | value |\n| --- | --- |")
    print(String(format: "| record transactions per second | %.0f |", row.transactionsPerSecond))
    print(String(format: "| signature verifications per second, one core | %.0f |", row.verificationsPerSecond))
    print(String(format: "| ratio (aim ≥ 0.5) | %.2f |", row.ratio))
    print(String(format: "| processor time per transaction, µs | %.0f |", row.cpuMicroseconds))
    print("| transactions, blocks | \(row.transactions), \(row.blocks) |")
    print("| bytes of a transaction without its sidecar | \(row.transactionBytes) |")
    print(
        String(
            format: "| mainnet bytes per local transaction at that rate, one checkpoint each %.0f s | %.4f |",
            CheckpointSize.interval, perTransaction))
    return row
}

func enclaveTable() async throws -> [EnclaveBenchmarkRow] {
    progress("enclave: assessments end to end")
    let programs = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().path
    let rows = try await enclaveBenchmark() + processBenchmark(programs: programs) + keyBenchmark() + appraisalBenchmark()
    print("\n## Assessments inside the enclave\n")
    print("| figure | value |\n| --- | --- |")
    for row in rows { print("| \(row.name), \(row.unit) | \(String(format: row.value >= 100 ? "%.0f" : "%.2f", row.value)) |") }
    return rows
}

func stateTable() throws -> [StateCommitRow] {
    progress("state: committing 10,000 updates at 10^4, 10^5 and 10^6 keys")
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: directory) }
    let rows = try stateCommitBenchmark(directory: directory.path)
    print("\n## Committing 10,000 updates to the state\n")
    print("| keys | commit ms | tree ms | hashing ms | batch ms | ratio (aim ≤ 1.5) | nodes | bytes written per updated byte |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows {
        let times = [row.commit, row.tree, row.hashing, row.batch].map { String(format: "%.1f", $0) }.joined(separator: " | ")
        print("| \(row.keys) | \(times) | \(String(format: "%.2f | %d | %.1f", row.ratio, row.nodes, row.writtenPerUpdatedByte)) |")
    }
    if let first = rows.first, let last = rows.last {
        print(String(format: "\nLargest over smallest (aim ≤ 2): %.2f", last.commit / first.commit))
    }
    return rows
}
