import Foundation
import StateBenchmarks

// state-bench [directory [sizes…]]: prints the table of docs/performance.md for commits of the state.
let arguments = CommandLine.arguments.dropFirst()
let sizes = arguments.dropFirst().compactMap { Int($0) }
let rows = try stateCommitBenchmark(
    sizes: sizes.isEmpty ? [10_000, 100_000, 1_000_000] : sizes,
    rounds: Int(ProcessInfo.processInfo.environment["ROUNDS"] ?? "") ?? 9,
    directory: arguments.first ?? FileManager.default.temporaryDirectory.path)
print("| keys | commit ms | tree ms | hashing ms | batch ms | processor ms | ratio | nodes | bytes written per updated byte |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
for row in rows {
    let times = [row.commit, row.tree, row.hashing, row.batch, row.processor].map { String(format: "%.1f", $0) }.joined(separator: " | ")
    print("| \(row.keys) | \(times) | \(String(format: "%.2f | %d | %.1f", row.ratio, row.nodes, row.writtenPerUpdatedByte)) |")
}
if let first = rows.first, let last = rows.last {
    print(String(format: "largest over smallest: %.2f", last.commit / first.commit))
}
