import ChainTypes
import Cryptography
import Foundation
import Node
import RunningNode
import Testing

@Suite struct `A node that is full` {
    private func submission(_ node: RunningNode, nonce: UInt64, validUntil: UInt64 = 50_000) throws -> [String: Any] {
        let alice = node.aliceKey
        let transaction = try node.transfer(1, to: alice.address, from: alice, nonce: nonce, validUntil: validUntil)
        return ["transaction": Data(transaction.bytes).base64EncodedString()]
    }

    /// Fills the mempool with what waits for `nonce` of its sender, so that the engine leaves it where it is, for five heights.
    private func fill(_ node: RunningNode, before nonce: UInt64) async throws {
        let height = UInt64(try #require(try await node.get("/v1/status").json["height"] as? Int))
        for following in nonce + 1...nonce + 2 {
            _ = try await node.post("/v1/transactions", submission(node, nonce: following, validUntil: height + 5))
        }
    }

    @Test func `asks to come again later, and takes the same request once it has room`() async throws {
        let node = try await RunningNode { $0.mempoolTransactions = 2 }
        let account = "/v1/accounts/\(node.aliceKey.address)"
        // On a busy machine the five heights may be over before the request is sent; then it is taken in, and the next one is tried.
        for _ in 0..<60 {
            let nonce = UInt64(try #require(try await node.get(account).json["nonce"] as? Int)) + 1
            try await fill(node, before: nonce)
            let request = try submission(node, nonce: nonce)
            let refused = try await node.post("/v1/transactions", request)
            // In a batch each transaction has its own answer, and the request itself was no mistake.
            let batch = try await node.post("/v1/transactions/batch", ["transactions": [request]])
            let inBatch = ((batch.json["results"] as? [[String: Any]])?.first?["error"] as? [String: Any])?["code"] as? Int
            guard refused.status == 429, inBatch == 1400 else {
                try await Task.sleep(for: .seconds(2))
                continue
            }
            #expect(refused.code == 1400 && batch.status == 200, "\(refused.text) \(batch.text)")
            #expect(try #require(refused.headers["retry-after"].flatMap(Int.init)) >= 1)
            #expect(((refused.json["error"] as? [String: Any])?["next"] as? String)?.contains("Retry-After") == true)
            var answer = refused
            for _ in 0..<12_000 where answer.status == 429 {
                try await Task.sleep(for: .milliseconds(10))
                answer = try await node.post("/v1/transactions", request)
            }
            #expect(answer.status == 202, "\(answer.text)")
            try await node.stop()
            return node.remove()
        }
        Issue.record("it was never full")
    }
}
