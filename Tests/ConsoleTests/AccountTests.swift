import ChainTypes
import Cryptography
import Foundation
import LedgerSupport
import Node
import Primitives
import RunningNode
import Testing
import WireTypes

/// What the console shows of enclaves and of an account's erasures, in a real browser.
@Suite struct `Accounts in the web console` {
    /// A node whose chain has an enclave, a dataset and a record of Alice's.
    private struct Scene {
        let node: RunningNode
        let enclave: TestEnclave
        let record = Hash32(7, 0, 0, 1)
        private var nonces: (operator: UInt64, alice: UInt64) = (0, 0)

        init() async throws {
            node = try await RunningNode()
            enclave = try TestEnclave(chainID: node.genesis.chainID)
            try await byOperator([CreditScene.datasetMessage()])
            let status = try await node.get("/v1/status").json
            let block = try #require((status["headHash"] as? String).flatMap { Hash32(hex: $0) })
            try await byOperator([enclave.registration(height: UInt64(try #require(status["height"] as? Int)), block: block)])
            let sidecar = Sidecar.make([UInt8](repeating: 9, count: 100), salt: [UInt8](repeating: 7, count: 32))
            var put = WirePutRecord()
            (put.record, put.dataset, put.schemaVersion) = (.init(record.bytes), CreditScene.dataset, 1)
            (put.commitment, put.size) = (.init(Sidecar.commitment(sidecar).bytes), UInt32(sidecar.count))
            try await byAlice(
                [enclave.enrolment(of: node.aliceKey.address, dataset: CreditScene.dataset), WireMessage(.putRecord(put))],
                sidecars: [sidecar])
        }

        mutating func byOperator(_ messages: [WireMessage]) async throws {
            nonces.operator += 1
            #expect(try await node.commit(node.transaction(messages, from: node.operatorKey, nonce: nonces.operator)) == 0)
        }

        mutating func byAlice(_ messages: [WireMessage], sidecars: [[UInt8]] = []) async throws {
            nonces.alice += 1
            let transaction = try node.transaction(messages, from: node.aliceKey, nonce: nonces.alice)
            #expect(try await node.commit(transaction, sidecars: sidecars) == 0)
        }
    }

    @Test func `show an erasure while it waits and when it is certified, and what vouches for enclaves`() async throws {
        guard Browser.programs != nil else {
            print("skipped: chromium and chromedriver are not installed (./dev setup --test)")
            return
        }
        var scene = try await Scene()
        let browser = try await Browser(port: try NodeInitialiser.freePort(), width: 1280, height: 1400)
        let result: Result<Void, any Error>
        do { result = .success(try await look(browser, &scene)) } catch { result = .failure(error) }
        await browser.close()
        try await scene.node.stop()
        scene.node.remove()
        try result.get()
    }

    private func look(_ browser: Browser, _ scene: inout Scene) async throws {
        try await browser.open("http://127.0.0.1:\(scene.node.port)/")
        #expect(try await browser.wait(for: "document.getElementById('live').classList.contains('on')"))
        // Nothing vouches for this enclave, and the page warns of it.
        let warns = "[...document.querySelectorAll('#enclave-list .tag.warn')].some(t => t.textContent === 'SIMULATED')"
        #expect(try await browser.wait(for: warns))
        #expect(try await browser.wait(for: "document.getElementById('enclave-list').textContent.includes('assurancenone')"))

        _ = try await browser.evaluate(
            """
            document.getElementById('subject').value = '\(scene.node.aliceKey.address)';
            document.querySelector('#consent-form button').click()
            """)
        #expect(try await browser.wait(for: "document.getElementById('consent-note').textContent.startsWith('0 grants and 0 erasures')"))

        // Ordered: the page hears of it by itself, and says whom it waits for.
        var erase = WireEraseRecord()
        (erase.dataset, erase.record) = (CreditScene.dataset, .init(scene.record.bytes))
        try await scene.byAlice([WireMessage(.eraseRecord(erase))])
        let text = "document.getElementById('erasure-list').textContent"
        #expect(try await browser.wait(for: "\(text).includes('pending') && \(text).includes('0 enclaves of 1 vault')"))
        #expect(try await browser.wait(for: "\(text).includes('waits until')"))
        #expect(try await browser.wait(for: "\(text).includes('the destroyed keys, and nodes that prune')"))

        // The enclave's word completes it.
        let log = PunctureChain(try await wireLog(scene))
        try await scene.byOperator([try scene.enclave.acknowledgement(try #require(log))])
        #expect(try await browser.wait(for: "\(text).includes('complete') && \(text).includes('1 enclave of 1 vault')"))
        #expect(try await browser.wait(for: "\(text).includes('certified') && \(text).includes('1 ciphertext let go of')"))

        try await shoot(browser, "account.png")
        try await browser.resize(width: 360, height: 740)
        let fits = "innerWidth === 360 && document.documentElement.scrollWidth === document.documentElement.clientWidth"
        #expect(try await browser.wait(for: fits))
        try await shoot(browser, "account-phone.png")
        #expect(try await browser.severeLogs() == [])
    }

    /// The chain's puncture log; its value is read as anybody reads it.
    private func wireLog(_ scene: Scene) async throws -> WirePunctureLog? {
        let key = StateKey.punctureLog.map { String(format: "%02x", $0) }.joined()
        let value = try await scene.node.get("/v1/state/\(key)").json["value"] as? String
        return try value.flatMap { Data(base64Encoded: $0) }.map { try WirePunctureLog(strictly: [UInt8]($0), limit: Limits.stateValue) }
    }

    private func shoot(_ browser: Browser, _ name: String) async throws {
        guard let folder = ProcessInfo.processInfo.environment["JUPITER_SCREENSHOTS"] else { return }
        _ = try await browser.evaluate("document.getElementById('consents').scrollIntoView()")
        try await browser.screenshot(folder + "/" + name)
    }
}
