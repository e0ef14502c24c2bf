import ChainTypes
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// What mainnet knows at the end.
struct MainnetSummary: Sendable {
    struct Checkpoint: Sendable {
        let chainID: String
        let height: UInt64
        let checkpoints: UInt64
        /// Whether the header that mainnet verified is the locality's own at that height.
        let matches: Bool
    }

    var transactions: UInt64 = 0
    var bytes: UInt64 = 0
    var checkpoints: [Checkpoint] = []

    var held: Bool { !checkpoints.isEmpty && checkpoints.allSatisfy { $0.matches && $0.checkpoints > 0 } }
}

extension DemoStage {
    /// Waits until mainnet has a checkpoint of each locality from after the scoring, and compares it with the locality.
    func checkpoints() async throws -> MainnetSummary {
        var summary = MainnetSummary()
        progress.begin("checkpoints verified by mainnet", total: localities.count)
        for (position, locality) in localities.enumerated() {
            let goal = try await locality.client.status().height
            let deadline = ContinuousClock.now.advanced(by: .seconds(20))
            var known = try await mainnet.client.locality(locality.chainID)
            while (known?.height ?? 0) < goal, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(100))
                known = try await mainnet.client.locality(locality.chainID)
            }
            guard let known, known.height > 0 else { throw DemoError.unexpected("mainnet has no checkpoint of \(locality.chainID)") }
            let header = try BlockHeader(decoding: [UInt8](try await locality.client.header(known.height).header))
            summary.checkpoints.append(
                MainnetSummary.Checkpoint(
                    chainID: locality.chainID, height: known.height, checkpoints: known.checkpoints,
                    matches: known.height >= goal && Hash32(known.headerHash) == header.hash))
            progress.update(position + 1)
        }
        (summary.transactions, summary.bytes) = try await Self.size(of: mainnet)
        progress.end()
        return summary
    }

    /// Transactions that the localities have committed.
    func localTransactions() async throws -> UInt64 {
        var total: UInt64 = 0
        for locality in localities { total += try await Self.size(of: locality).transactions }
        return total
    }

    /// Transactions and block bytes of a whole chain.
    private static func size(of chain: DemoChain) async throws -> (transactions: UInt64, bytes: UInt64) {
        var total: (transactions: UInt64, bytes: UInt64) = (0, 0)
        var before: UInt64?
        while true {
            let suffix = before.map { "&before=\($0)" } ?? ""
            let blocks = try await chain.client.json("/v1/blocks?limit=1000\(suffix)")["blocks"]?.array ?? []
            for block in blocks {
                total.transactions += block["transactions"]?.unsigned ?? 0
                total.bytes += block["bytes"]?.unsigned ?? 0
            }
            guard let lowest = blocks.compactMap({ $0["height"]?.unsigned }).min(), lowest > 1, lowest != before else { return total }
            before = lowest
        }
    }
}
