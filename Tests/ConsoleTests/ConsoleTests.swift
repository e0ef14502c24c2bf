import ChainTypes
import Console
import Cryptography
import DataModel
import Foundation
import Node
import Primitives
import RunningNode
import Testing
import WireTypes

@Suite struct `Web console` {
    @Test func `pages are served with a strict policy and load nothing from elsewhere`() async throws {
        let node = try await RunningNode()
        let page = try await node.get("/")
        #expect(page.headers["content-security-policy"] == ConsolePage.contentSecurityPolicy)
        #expect(page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(!page.text.contains("<style") && !page.text.contains(" style=") && !page.text.contains(" onclick"))
        #expect(page.text.matches(of: /<script[^>]*>/).allSatisfy { $0.output.contains("src=\"/") })
        for file in ConsolePage.files {
            let answer = try await node.get(file.path)
            #expect(answer.status == 200 && [UInt8](answer.body) == file.bytes, "\(file.path)")
            if file.path != "/chart.js" { #expect(!answer.text.contains("http://") && !answer.text.contains("https://")) }
        }
        let script = try await node.get("/console.js").text
        #expect(!script.contains("innerHTML") && !script.contains("eval("))
        try await node.stop()
        node.remove()
    }

    /// A program whose name would run as a script if it were put into the page as markup.
    private func program(_ node: RunningNode) throws -> (SignedTransaction, [UInt8]) {
        let code: [UInt8] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
        let sidecar = Sidecar.make(code, salt: [UInt8](repeating: 7, count: 32))
        var message = WireMessage()
        message.publishProgram.codeHash = Data(Digest.plain(code).bytes)
        message.publishProgram.manifest.name = "<img src=x onerror=document.title='owned'>"
        message.publishProgram.manifest.version = "1"
        message.publishProgram.manifest.kind = .assessment
        message.publishProgram.manifest.outputSchema = Data(try OutputSchema(fields: [OutputSchema.Field("score", .number)]).encoding)
        (message.publishProgram.manifest.fuel, message.publishProgram.manifest.maximumOutput) = (1_000, 64)
        message.publishProgram.commitment = Data(Sidecar.commitment(sidecar).bytes)
        message.publishProgram.size = UInt32(sidecar.count)
        return (try node.transaction([message], from: node.operatorKey, nonce: 1), sidecar)
    }

    @Test func `a browser shows the live chain, lists and consents, as text and at phone width`() async throws {
        guard Browser.programs != nil else {
            print("skipped: chromium and chromedriver are not installed (./dev setup --test)")
            return
        }
        let node = try await RunningNode()
        for nonce in UInt64(1)...20 {
            #expect(try await node.commit(node.transfer(1_000, to: node.operatorKey.address, from: node.aliceKey, nonce: nonce)) == 0)
        }
        let (program, code) = try program(node)
        #expect(try await node.commit(program, sidecars: [code]) == 0)
        let browser = try await Browser(port: try NodeInitialiser.freePort(), width: 1280, height: 1000)
        let result: Result<Void, any Error>
        do { result = .success(try await look(browser, at: node)) } catch { result = .failure(error) }
        await browser.close()
        try await node.stop()
        node.remove()
        try result.get()
    }

    private func look(_ browser: Browser, at node: RunningNode) async throws {
        try await browser.open("http://127.0.0.1:\(node.port)/")
        #expect(try await browser.wait(for: "document.getElementById('live').classList.contains('on')"))
        #expect(try await browser.wait(for: "document.querySelectorAll('#block-rows tr').length >= 10"))
        #expect(try await browser.wait(for: "document.getElementById('chain').textContent.startsWith('jupiter-test')"))
        let height = try await browser.evaluate("return document.getElementById('height').textContent") as? String ?? ""
        #expect(try await browser.wait(for: "document.getElementById('height').textContent !== '\(height)'"))

        #expect(try await browser.wait(for: "document.querySelector('#program-list h3')?.textContent.includes('<img')"))
        #expect(try await browser.evaluate("return document.querySelectorAll('#program-list img').length") as? Int == 0)

        let consents = """
            document.getElementById('subject').value = '\(node.aliceKey.address)';
            document.querySelector('#consent-form button').click()
            """
        _ = try await browser.evaluate(consents)
        #expect(try await browser.wait(for: "document.getElementById('consent-note').textContent.startsWith('0 grants and 0 erasures')"))
        _ = try await browser.evaluate(
            "document.getElementById('subject').value = 'jup1wrong'; document.querySelector('#consent-form button').click()")
        #expect(try await browser.wait(for: "document.getElementById('consent-note').textContent.includes('api.badParameter')"))

        if let folder = ProcessInfo.processInfo.environment["JUPITER_SCREENSHOTS"] { try await browser.screenshot(folder + "/console.png") }
        try await browser.resize(width: 360, height: 740)
        // The page is laid out anew some time after the size has changed.
        let fits = "innerWidth === 360 && document.documentElement.scrollWidth === document.documentElement.clientWidth"
        #expect(try await browser.wait(for: fits))
        if let folder = ProcessInfo.processInfo.environment["JUPITER_SCREENSHOTS"] { try await browser.screenshot(folder + "/phone.png") }
        // Every control can be reached and named without a mouse.
        let nameless =
            "return [...document.querySelectorAll('button,input,a')].filter(e => !(e.textContent.trim() || e.labels?.length)).length"
        #expect(try await browser.evaluate(nameless) as? Int == 0)
        // The refused consent query is the only thing the browser may complain about.
        #expect(try await browser.severeLogs().filter { !$0.contains("jup1wrong") } == [])
    }
}
