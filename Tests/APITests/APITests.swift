import API
import ChainTypes
import Cryptography
import Foundation
import LightClient
import Node
import Primitives
import RunningNode
import Testing
import WireTypes

@Suite struct `HTTP API` {
    @Test func `a transfer travels from submission to a receipt that verifies offline`() async throws {
        let node = try await RunningNode()
        let bob = SigningKey.ed25519().address
        let transfer = try node.transfer(5_000, to: bob, from: node.aliceKey, nonce: 1)
        #expect(try await node.commit(transfer) == 0)
        #expect(try await node.get("/v1/accounts/\(bob)").json["balance"] as? Int == 5_000)
        let alice = try await node.get("/v1/accounts/\(node.aliceKey.address)").json
        #expect(alice["nonce"] as? Int == 1 && alice["pendingNonce"] as? Int == 2)

        // The header that proves the receipt follows at once.
        var proof = try await node.get("/v1/transactions/\(transfer.id)/proof")
        for _ in 0..<200 where proof.status == 404 { proof = try await node.get("/v1/transactions/\(transfer.id)/proof") }
        let text = try #require(proof.json["receiptProof"] as? String)
        let bytes = [UInt8](try #require(Data(base64Encoded: text)))
        let receipt = try ReceiptProof.verify(
            WireReceiptProof(strictly: bytes, limit: 1 << 20), trusted: LightVerifier(genesis: node.genesis).trusted)
        #expect([UInt8](receipt.transactionID) == transfer.id.bytes && receipt.code == 0)
        try await node.stop()
        node.remove()
    }

    @Test func `refusals carry a status, a code and what to do`() async throws {
        let node = try await RunningNode()
        let alice = node.aliceKey
        #expect(try await node.commit(node.transfer(1, to: alice.address, from: alice, nonce: 1)) == 0)
        let replayed = try await node.post(
            "/v1/transactions",
            ["transaction": Data(node.transfer(1, to: alice.address, from: alice, nonce: 1).bytes).base64EncodedString()])
        #expect(replayed.status == 422 && replayed.code == 122)
        #expect(((replayed.json["error"] as? [String: Any])?["next"] as? String)?.contains("pendingNonce") == true)
        let poor = SigningKey.ed25519()
        let unpaid = try await node.post(
            "/v1/transactions", ["transaction": Data(node.transfer(1, to: alice.address, from: poor, nonce: 1).bytes).base64EncodedString()]
        )
        #expect(unpaid.status == 422 && unpaid.code == 125)
        for (path, status, code) in [
            ("/v1/nothing", 404, 1450), ("/v1/blocks?limit=0", 400, 1451), ("/v1/blocks/x", 400, 1451), ("/v1/blocks/99999999", 404, 1410),
            ("/v1/accounts/jup1nonsense", 400, 1451), ("/v1/records", 400, 1451), ("/v1/datasets/none", 404, 1410),
            ("/v1/state/xyz", 400, 1451), ("/v1/sidecars/" + String(repeating: "0", count: 64), 404, 1410),
            ("/v1/assessments?after=00", 400, 1451), ("/v1/events?kinds=gossip", 400, 1451),
        ] {
            let answer = try await node.get(path)
            #expect(answer.status == status && answer.code == code, "\(path): \(answer.status) \(answer.text)")
        }
        let tooLarge = try await node.send(
            "POST", "/v1/receipts", body: Data(count: (1 << 20) + 1), headers: ["Content-Type": "application/json"])
        #expect(tooLarge.status == 413 && tooLarge.code == 1453)
        let garbled = try await node.post("/v1/transactions", ["transaction": "AAAA"])
        #expect(garbled.status == 422 && garbled.code == 100)
        let enrolment = try await node.post(
            "/v1/enrolments", ["enrolments": [Data(WireSealedMessage().encoded() + [8, 1]).base64EncodedString()]])
        #expect(enrolment.status == 503 && enrolment.code == 1409)
        try await node.stop()
        node.remove()
    }

    @Test func `a batch answers for each transaction, as JSON and as protobuf`() async throws {
        let node = try await RunningNode()
        let bob = SigningKey.ed25519().address
        // Out of order on purpose: the mempool puts a sender's nonces right.
        let transactions = try [3, 1, 2, 5, 4].map { try node.transfer(10, to: bob, from: node.aliceKey, nonce: $0) }
        let json = try await node.post(
            "/v1/transactions/batch",
            ["transactions": transactions[..<3].map { ["transaction": Data($0.bytes).base64EncodedString()] } + [["transaction": "AA=="]]])
        let results = try #require(json.json["results"] as? [[String: Any]])
        #expect(results.count == 4 && results[..<3].allSatisfy { $0["error"] == nil })
        #expect((results[3]["error"] as? [String: Any])?["code"] as? Int == 100)
        var body = Data()
        for transaction in transactions[3...] {
            var wire = WireTransactionWithSidecars()
            wire.transaction = Data(transaction.bytes)
            let message = wire.encoded()
            withUnsafeBytes(of: UInt32(message.count).bigEndian) { body.append(contentsOf: $0) }
            body.append(contentsOf: message)
        }
        let protobuf = try await node.send(
            "POST", "/v1/transactions/batch", body: body, headers: ["Content-Type": "application/protobuf"])
        #expect((protobuf.json["results"] as? [[String: Any]])?.count == 2)
        _ = try await node.get("/v1/transactions/\(transactions[3].id)?wait=30")
        let receipts = try await node.post("/v1/receipts", ["ids": transactions.map { "\($0.id)" }])
        let views = try #require(receipts.json["receipts"] as? [[String: Any]])
        #expect(views.allSatisfy { ($0["receipt"] as? [String: Any])?["code"] as? Int == 0 })
        #expect(try await node.get("/v1/accounts/\(bob)").json["balance"] as? Int == 50)
        let cut = try await node.send(
            "POST", "/v1/transactions/batch", body: Data([0, 0, 1, 0, 7]), headers: ["Content-Type": "application/protobuf"])
        #expect(cut.status == 400 && cut.code == 1452)
        try await node.stop()
        node.remove()
    }

    @Test func `state comes with proofs and headers with certificates`() async throws {
        let node = try await RunningNode()
        #expect(try await node.commit(node.transfer(7, to: node.operatorKey.address, from: node.aliceKey, nonce: 1)) == 0)
        let key = Hex.encode(StateKey.account(node.aliceKey.address))
        let answer = try await node.get("/v1/state/\(key)?prove=true&height=1")
        #expect(answer.json["height"] as? Int == 1 && answer.json["proof"] is String && answer.json["value"] is String)
        let header = try await node.get("/v1/headers/2").json
        var certified = WireCertifiedHeader()
        certified.header = try #require(Data(base64Encoded: header["header"] as? String ?? ""))
        certified.certificate = try #require(Data(base64Encoded: header["certificate"] as? String ?? ""))
        var client = LightVerifier(genesis: node.genesis)
        let accepted = try client.accept(certified)
        #expect(accepted.height == 2 && "\(accepted.hash)" == header["hash"] as? String)
        #expect(try await node.get("/v1/headers/latest").status == 200)
        let blocks = try #require(try await node.get("/v1/blocks?limit=3&before=3").json["blocks"] as? [[String: Any]])
        #expect(blocks.compactMap { $0["height"] as? Int } == [2, 1])
        let genesis = try await node.get("/v1/genesis").json
        #expect(genesis["hash"] as? String == "\(node.genesis.hash)")
        try await node.stop()
        node.remove()
    }

    @Test func `events tell of committed blocks and receipts`() async throws {
        let node = try await RunningNode()
        let transfer = try node.transfer(3, to: node.operatorKey.address, from: node.aliceKey, nonce: 1)
        let stream = try EventReader(port: node.port, path: "/v1/events?account=\(node.aliceKey.address)")
        #expect(try stream.next(containing: ": jupiter") != nil)
        #expect(try await node.commit(transfer) == 0)
        let receipt = try #require(try stream.next(containing: "event: receipt"))
        #expect(receipt.contains("\(transfer.id)") && receipt.contains("\"code\":0"))
        #expect(try stream.next(containing: "event: block") != nil)
        try await node.stop()
        node.remove()
    }

    @Test func `a node with a token lets nobody else in, and pages of other sites cannot reach a loopback node`() async throws {
        let file = NSTemporaryDirectory() + "token-" + UUID().uuidString
        try "0123456789abcdef0123\n".write(toFile: file, atomically: true, encoding: .utf8)
        let node = try await RunningNode { $0.apiTokenFile = file }
        #expect(try await node.get("/health").status == 200)
        #expect(try await node.get("/v1/status").code == 1454)
        #expect(try await node.get("/v1/status", headers: ["Authorization": "Bearer 0123456789abcdef0124"]).status == 401)
        let token = ["Authorization": "Bearer 0123456789abcdef0123"]
        #expect(try await node.get("/v1/status", headers: token).status == 200)
        let rebound = try EventReader(port: node.port, path: "/health", host: "evil.example")
        #expect(try rebound.next(containing: "1455") != nil)
        let foreign = try await node.post("/v1/receipts", ["ids": []], headers: token.merging(["Origin": "http://evil.example"]) { $1 })
        #expect(foreign.status == 403 && foreign.code == 1455)
        try await node.stop()
        node.remove()
        try FileManager.default.removeItem(atPath: file)
        await #expect(throws: NodeError.tokenRequired) {
            _ = try await RunningNode { $0.apiHost = "0.0.0.0" }
        }
    }
}
