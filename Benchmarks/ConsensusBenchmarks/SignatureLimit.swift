import ChainTypes
import Cryptography
import Foundation
import Primitives

/// How fast this machine can do nothing but check Ed25519 signatures of transactions, all cores at once, with the library of the nodes.
package struct SignatureLimit: Sendable, Encodable {
    package var verificationsPerSecond: Double
    /// Processor time of one, with all cores busy.
    package var cpuMicroseconds: Double

    enum CodingKeys: String, CodingKey {
        case verificationsPerSecond = "verifications_per_s"
        case cpuMicroseconds = "cpu_us_per_verification"
    }

    /// Measures on `transactions`, again and again, for about `seconds`.
    static func measure(_ transactions: [SignedTransaction], seconds: Double = 2) async throws -> SignatureLimit {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let startCPU = ProcessTime.ofThisProcess
        let start = ContinuousClock.now
        let end = start.advanced(by: .seconds(seconds))
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for core in 0..<cores {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now < end {
                        for offset in 0..<50 { try transactions[(core * 997 + count + offset) % transactions.count].verifySignature() }
                        count += 50
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        return SignatureLimit(
            verificationsPerSecond: Double(count) / elapsed, cpuMicroseconds: (ProcessTime.ofThisProcess - startCPU) / Double(count) * 1e6)
    }

    /// The mean of a measurement before and one after what it is compared with: the machine is shared.
    static func mean(_ first: SignatureLimit, _ second: SignatureLimit) -> SignatureLimit {
        SignatureLimit(
            verificationsPerSecond: (first.verificationsPerSecond + second.verificationsPerSecond) / 2,
            cpuMicroseconds: (first.cpuMicroseconds + second.cpuMicroseconds) / 2)
    }
}
