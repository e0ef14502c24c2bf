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

    @Test func `asks to come again later, and takes the same request once it has room`() async throws {
        let node = try await RunningNode { $0.mempoolTransactions = 2 }
        // They wait for the first of their sender, so that the engine leaves them where they are, until their last height is over.
        let height = UInt64(try #require(try await node.get("/v1/status").json["height"] as? Int))
        for nonce in UInt64(2)...3 {
            #expect(try await node.post("/v1/transactions", submission(node, nonce: nonce, validUntil: height + 5)).status == 202)
        }
        let request = try submission(node, nonce: 1)
        let refused = try await node.post("/v1/transactions", request)
        #expect(refused.status == 429 && refused.code == 1400, "\(refused.text)")
        let seconds = try #require(refused.headers["retry-after"].flatMap(Int.init))
        #expect(seconds >= 1)
        #expect(((refused.json["error"] as? [String: Any])?["next"] as? String)?.contains("Retry-After") == true)
        // In a batch each transaction has its own answer, and the request itself was no mistake.
        let batch = try await node.post("/v1/transactions/batch", ["transactions": [request]])
        let results = try #require(batch.json["results"] as? [[String: Any]])
        #expect(batch.status == 200 && (results.first?["error"] as? [String: Any])?["code"] as? Int == 1400, "\(batch.text)")

        var answer = refused
        for _ in 0..<6_000 where answer.status == 429 {
            try await Task.sleep(for: .milliseconds(10))
            answer = try await node.post("/v1/transactions", request)
        }
        #expect(answer.status == 202, "\(answer.text)")
        try await node.stop()
        node.remove()
    }
}
