import Attestation
import Foundation
import Primitives

/// Appraisals of the committed real evidence, from files in memory to the judgement, one after another on one core.
///
/// - Parameter folder: of the manifest.
package func appraisalBenchmark(folder: String = "Tests/Vectors/attestation", seconds: Double = 0.5) throws -> [EnclaveBenchmarkRow] {
    func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(path)"))) }
    var rows: [EnclaveBenchmarkRow] = []
    for entry in try EvidenceManifest(bytes("manifest.json")).entries {
        let (files, anchor) = (try entry.paths.mapValues(bytes), try bytes(entry.anchorPath))
        // What is refused may have been refused early.
        guard let platform = entry.judge(files: files, anchor: anchor).result?.platform else { continue }
        let start = ContinuousClock.now
        var count = 0
        while ContinuousClock.now - start < .seconds(seconds) {
            _ = entry.judge(files: files, anchor: anchor)
            count += 1
        }
        let rate = Double(count) * 1e6 / (ContinuousClock.now - start).microseconds
        let name = "\(platform.rawValue) (\(entry.id ?? "no id"))"
        rows.append(EnclaveBenchmarkRow(name: "appraisals per second, \(name)", value: rate, unit: "1/s"))
    }
    return rows
}
