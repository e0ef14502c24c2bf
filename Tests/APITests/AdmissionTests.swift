import ChainTypes
import Cryptography
import Foundation
import LedgerSupport
import Primitives
import RunningNode
import Testing
import WireTypes

@Suite struct `Enclaves over HTTP` {
    @Test func `are shown with what vouches for them, until when, and why not any more`() async throws {
        let running = try await RunningNode()
        let enclave = try TestEnclave(chainID: running.genesis.chainID)
        // Evidence answers a block that is there.
        var message = WireMessage()
        message.transfer.to = .init(running.aliceKey.address.bytes)
        message.transfer.amount = 1
        #expect(try await running.commit(running.transaction([message], from: running.operatorKey, nonce: 1)) == 0)
        let status = try await running.get("/v1/status").json
        let height = try #require(status["height"] as? Int)
        let block = try #require((status["headHash"] as? String).flatMap { Hash32(hex: $0) })
        let registration = try running.transaction(
            [enclave.registration(height: UInt64(height), block: block)], from: running.operatorKey, nonce: 2)
        #expect(try await running.commit(registration) == 0)
        let receipt = try await running.get("/v1/transactions/\(registration.id)").json["receipt"] as? [String: Any]
        let event = try #require((receipt?["events"] as? [[String: Any]])?.first)
        #expect(event["type"] as? String == "keys.enclaveRegistered" && event["label"] as? String == "simulated")
        let shown = try await running.get("/v1/enclaves/\(enclave.id)").json
        #expect(shown["label"] as? String == "simulated" && shown["simulated"] as? Bool == true)
        #expect(shown["assurance"] as? String == "none" && shown["status"] as? String == "active")
        #expect((shown["expires"] as? Double ?? 0) > 0 && shown["suspension"] == nil)
        #expect(try await running.commit(running.transaction([enclave.suspension], from: running.operatorKey, nonce: 3)) == 0)
        let list = try await running.get("/v1/enclaves").json["enclaves"] as? [[String: Any]]
        #expect(list?.map { $0["suspension"] as? String } == ["operator"])
        let rules = try await running.get("/v1/governance/attestation").json
        #expect(rules["allowSimulated"] as? Bool == true && rules["allowSoftwareTpm"] as? Bool == false)
        #expect(rules["excludedProductLines"] as? [String] == ["Milan"])
        #expect((try await running.get("/v1/references").json["references"] as? [Any])?.isEmpty == true)
        #expect((try await running.get("/v1/endorsements").json["endorsements"] as? [Any])?.isEmpty == true)
        #expect(try await running.get("/v1/enclaves/\(Hash32.zero)").status == 404)
        try await running.stop()
        running.remove()
    }
}
