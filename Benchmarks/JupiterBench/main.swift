import Foundation
import NodeBenchmarks
import StateBenchmarks

// jupiter-bench [records|state|enclave|consensus] [--report FILE]: the tables of docs/performance.md.
var arguments = Array(CommandLine.arguments.dropFirst())
var report: String?
if let position = arguments.firstIndex(of: "--report") {
    guard position + 1 < arguments.count else {
        FileHandle.standardError.write(Data("error: --report needs a file name\n".utf8))
        exit(64)
    }
    report = arguments[position + 1]
    arguments.removeSubrange(position...position + 1)
}
let known = ["records", "state", "enclave", "consensus"]
guard arguments.allSatisfy(known.contains) else {
    FileHandle.standardError.write(Data("error: no such benchmark; there are: \(known.joined(separator: ", "))\n".utf8))
    exit(64)
}
let chosen = arguments.isEmpty ? known : arguments
var results = BenchmarkReport()

if chosen.contains("records") { results.records = try await recordTable() }
if chosen.contains("enclave") { results.enclave = try await enclaveTable() }
if chosen.contains("state") { results.state = try stateTable() }
if chosen.contains("consensus") { results.consensus = try await consensusTable() }

if let report {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(results).write(to: URL(fileURLWithPath: report))
}
