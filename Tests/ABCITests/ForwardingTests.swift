import ABCI
import ABCIServer
import ChainTypes
import Foundation
import Node
import Primitives
import ScriptedEngine
import TestVectors
import Testing

@Suite struct `ABCI forwarding` {
    private func submit(_ node: CometNode, _ submitted: SubmittedTransaction) async throws -> (status: Int, code: Int?) {
        let body: [String: Any] = [
            "transaction": Data(submitted.transaction.bytes).base64EncodedString(),
            "sidecars": submitted.sidecars.map { Data($0).base64EncodedString() },
        ]
        let answer = try await node.post("/v1/transactions", body)
        return (answer.status, (answer.json["error"] as? [String: Any])?["code"] as? Int)
    }

    @Test func `what the API takes in reaches the engine, and comes back in a block`() async throws {
        let rpc = ScriptedRPC()
        let port = try await rpc.start()
        let node = try CometNode { $0.cometRPC = "http://127.0.0.1:\(port)" }
        try await node.start()
        let engine = try await node.engine()
        rpc.bind(engine)
        _ = try await engine.initChain()
        let transaction = try node.transfer(nonce: 1)
        #expect(try await submit(node, transaction).status == 202)
        #expect(rpc.transactions == [transaction.encoded])
        // Known here, refused by the application, and what the engine says for itself.
        var answer = try await submit(node, transaction)
        #expect(answer.status == 409 && answer.code == Int(TransactionError.alreadyKnown.code))
        answer = try await submit(node, try node.transfer(4, nonce: 1))
        #expect(answer.status == 422 && answer.code == Int(TransactionError.replayed.code))
        let next = try node.transfer(nonce: 2)
        for (mood, status, code) in [(ScriptedRPC.Mood.full, 429, 1415), (.broken, 503, 1414), (.cached, 409, 127)] {
            rpc.set(mood)
            answer = try await submit(node, next)
            #expect(answer.status == status && answer.code == code)
        }
        rpc.set(.willing)
        #expect(try await submit(node, next).status == 202)
        // Several at once.
        let more = try (3...40).map { try node.transfer(nonce: UInt64($0)) }
        let batch = more.map { ["transaction": Data($0.transaction.bytes).base64EncodedString()] }
        let results = try await node.post("/v1/transactions/batch", ["transactions": batch]).json["results"] as? [[String: Any]]
        #expect(results?.count == 38 && results?.allSatisfy { $0["error"] == nil } == true)
        var block = node.block(1)
        block.transactions = rpc.transactions
        block.transactions = try await engine.prepare(block)
        #expect(block.transactions.count == 40)
        #expect(try await engine.decide(block).txResults.allSatisfy { $0.code == 0 })
        let found = try await node.get("/v1/transactions/\(more[37].transaction.id)?wait=10")
        #expect(found.json["status"] as? String == "committed")
        // The engine checks again what is left, and takes in again what it has lost.
        #expect(try await engine.checkTx(next.encoded, .recheck).code == TransactionError.replayed.code)
        let waiting = try node.transfer(nonce: 41)
        #expect(try await engine.checkTx(waiting.encoded).code == 0)
        #expect(try await engine.checkTx(waiting.encoded, .recheck).code == 0)
        #expect(try await engine.checkTx(waiting.encoded).code == 0)
        await node.stop()
        await rpc.stop()
    }

    @Test func `an engine that was restarted is told again what waits`() async throws {
        let rpc = ScriptedRPC()
        let port = try await rpc.start()
        let node = try CometNode { $0.cometRPC = "http://127.0.0.1:\(port)" }
        try await node.start()
        var engine = try await node.engine()
        rpc.bind(engine)
        _ = try await engine.initChain()
        let waiting = try (1...3).map { try node.transfer(nonce: UInt64($0)) }
        for submitted in waiting { #expect(try await submit(node, submitted).status == 202) }
        // It comes back with an empty mempool, and its RPC a little later.
        engine.close()
        rpc.forget()
        rpc.set(.broken)
        engine = try await node.engine()
        rpc.bind(engine)
        #expect(try await engine.info().lastBlockHeight == 0)
        rpc.set(.willing)
        for _ in 0..<2_400 where rpc.transactions.count < 3 { try await Task.sleep(for: .milliseconds(50)) }
        #expect(Set(rpc.transactions) == Set(waiting.map(\.encoded)))
        await node.stop()
        await rpc.stop()
    }

    @Test func `without an engine's RPC a transaction waits for another attempt`() async throws {
        let node = try CometNode { $0.cometRPC = nil }
        try await node.start()
        let answer = try await submit(node, try node.transfer(nonce: 1))
        #expect(answer.status == 503 && answer.code == 1414)
        #expect(try await node.get("/ready").status == 503, "there is no block yet")
        #expect(node.errors.lines == [], "to ask to come again is no error of the node")
        await node.stop()
    }

    @Test func `fuzz: an answer of the RPC is understood or unavailable`() {
        let samples = [
            #"{"jsonrpc":"2.0","id":1,"result":{"code":0,"data":"","log":"","codespace":"","hash":"AB"}}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error","data":"mempool is full"}}"#,
        ].map { Array($0.utf8) }
        HostileBytes.each(samples) { bytes in
            do throws(NodeError) { _ = try CometBroadcaster.isAccepted(Data(bytes)) } catch {
                #expect(error == .engineUnavailable)
            }
        }
    }

    @Test func `engine and genesis have to agree`() throws {
        func load(_ text: String) throws -> NodeConfiguration { try NodeConfiguration.load(file: Array(text.utf8)) }
        #expect(try load(#"{"consensus": "abci", "abci": "unix:///run/abci.sock"}"#).abciAddress() == .unix(path: "/run/abci.sock"))
        #expect(try load("{}").abciAddress() == nil)
        for text in [
            #"{"consensus": "abci"}"#, #"{"consensus": "raft"}"#, #"{"abci": "unix:///run/abci.sock"}"#,
            #"{"consensus": "abci", "abci": "tcp://0.0.0.0:26658"}"#, #"{"consensus": "abci", "abci": "here"}"#,
            #"{"cometRPC": "nowhere"}"#, #"{"snapshotInterval": 0}"#,
        ] {
            #expect(throws: NodeError.self, "\(text)") { try load(text) }
        }
        let remote = #"{"consensus": "abci", "abci": "tcp://0.0.0.0:26658", "abciAllowRemote": true}"#
        #expect(try load(remote).abciAddress() == .tcp(host: "0.0.0.0", port: 26_658))
        let node = try CometNode()
        var own = node.configuration
        (own.consensus, own.abci) = ("simplex", nil)
        #expect(throws: NodeError.self) { try JupiterNode(home: node.home, configuration: own, passphrase: CometNode.passphrase) }
    }
}
