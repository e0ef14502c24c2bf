import ChainTypes
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// The receipt of one score, verified as whoever gets its file would: without any node.
struct DemoReceipt: Sendable {
    /// What `jupiter receipt get` would write.
    let file: [UInt8]
    let steps: [TrustStep]
    /// As the enclave's and the evidence's steps must say it.
    let label: String

    /// Whether every step holds, and the file says by itself what the enclave stood on.
    var held: Bool {
        let says = { (name: TrustStep.Name) in steps.contains { $0.name == name && $0.proves.contains("\(label), class none") } }
        return !steps.isEmpty && steps.allSatisfy { $0.outcome == .holds } && says(.enclave) && says(.evidence)
    }
}

extension DemoStage {
    /// The receipt of a score's request, once the chain has all that it tells.
    func receipt(of score: Score, label: String) async throws -> DemoReceipt {
        let locality = localities[score.home]
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while true {
            // The header that proves the newest state comes with the next block.
            if var proof = try? await locality.client.receiptProof(score.transaction) {
                proof.genesis = .init(locality.genesis.bytes)
                let file = proof.encoded()
                let receipt = DemoReceipt(file: file, steps: try ReceiptVerifier.trail(file).steps, label: label)
                if receipt.held || ContinuousClock.now >= deadline { return receipt }
            }
            guard ContinuousClock.now < deadline else { throw DemoError.unexpected("no receipt of a score") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
