import ChainTypes
import Console
import Cryptography
import Foundation
import Node
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

    /// A dataset whose name would run as a script if it were put into the page as markup.
    private func dataset(_ name: String, description: String) -> WireMessage {
        var message = WireMessage()
        message.publishDataset.dataset = name
        message.publishDataset.metadata.name = "<img src=x onerror=document.title='owned'>"
        message.publishDataset.metadata.description_p = description
        message.publishDataset.residency = .local
        message.publishDataset.minimumCohort = 10
        return message
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
        let browser = try await Browser(port: try NodeInitialiser.freePort(), width: 1280, height: 1000)
        try await browser.open("http://127.0.0.1:\(node.port)/")
        #expect(try await browser.wait(for: "document.getElementById('live').classList.contains('on')"))
        #expect(try await browser.wait(for: "document.querySelectorAll('#block-rows tr').length >= 10"))
        #expect(try await browser.wait(for: "document.getElementById('chain').textContent.startsWith('jupiter-test')"))
        let height = try await browser.evaluate("return document.getElementById('height').textContent") as? String ?? ""
        #expect(try await browser.wait(for: "document.getElementById('height').textContent !== '\(height)'"))

        let consents = """
            document.getElementById('subject').value = '\(node.aliceKey.address)';
            document.querySelector('#consent-form button').click()
            """
        _ = try await browser.evaluate(consents)
        #expect(try await browser.wait(for: "document.getElementById('consent-note').textContent.startsWith('0 grants')"))
        _ = try await browser.evaluate("document.getElementById('subject').value = 'jup1wrong'; document.querySelector('#consent-form button').click()")
        #expect(try await browser.wait(for: "document.getElementById('consent-note').textContent.includes('api.badParameter')"))

        if let folder = ProcessInfo.processInfo.environment["JUPITER_SCREENSHOTS"] { try await browser.screenshot(folder + "/console.png") }
        try await browser.resize(width: 360, height: 740)
        let overflow = try await browser.evaluate("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        #expect(overflow as? Int == 0)
        if let folder = ProcessInfo.processInfo.environment["JUPITER_SCREENSHOTS"] { try await browser.screenshot(folder + "/phone.png") }
        // Every control can be reached and named without a mouse.
        let nameless = "return [...document.querySelectorAll('button,input,a')].filter(e => !(e.textContent.trim() || e.labels?.length)).length"
        #expect(try await browser.evaluate(nameless) as? Int == 0)
        // The refused consent query is the only thing the browser may complain about.
        #expect(try await browser.severeLogs().filter { !$0.contains("jup1wrong") } == [])
        await browser.close()
        try await node.stop()
        node.remove()
    }
}
