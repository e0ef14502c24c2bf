import ABCI
import ABCIServer
import ChainTypes
import Cryptography
import Foundation
import Node
import Primitives
import ScriptedEngine
import SwiftProtobuf
import TestVectors
import Testing

@Suite struct `ABCI socket` {
    @Test func `every call has its answer over four connections`() async throws {
        let node = try CometNode()
        try await node.start()
        let engine = try await node.engine()
        for number in 0..<4 {
            let echo = try await engine.connection(number).call(.echo(.with { $0.message = "hello \(number)" }))
            #expect(echo == .echo(.with { $0.message = "hello \(number)" }))
        }
        var info = try await engine.info()
        #expect(info.data == "jupiter" && info.appVersion == 1 && info.lastBlockHeight == 0 && info.lastBlockAppHash.isEmpty)
        #expect(try await engine.initChain().validators.count == 1)
        let transaction = try node.transfer(nonce: 1)
        #expect(try await engine.checkTx(transaction.encoded).code == 0)
        var block = node.block(1)
        block.transactions = try await engine.prepare(node.block(1, [transaction]))
        #expect(block.transactions == [transaction.encoded])
        #expect(try await engine.process(block) == .accept)
        #expect(try await engine.consensus.call(block.extend) == .extendVote(ABCIExtendVoteResponse()))
        #expect(try await engine.consensus.call(block.verify) == .verifyVoteExtension(.with { $0.status = .accept }))
        let decided = try await engine.finalize(block)
        #expect(decided.txResults.map(\.code) == [0])
        #expect(try await engine.commit().retainHeight == 0)
        info = try await engine.info()
        #expect(info.lastBlockHeight == 1 && info.lastBlockAppHash == decided.appHash && info.version == JupiterNode.version)
        #expect(try await engine.snapshot.call(.listSnapshots(ABCIListSnapshotsRequest())) == .listSnapshots(ABCIListSnapshotsResponse()))
        let chunk = try await engine.snapshot.call(.loadSnapshotChunk(.with { ($0.height, $0.format) = (1, 1) }))
        #expect(chunk == .loadSnapshotChunk(ABCILoadSnapshotChunkResponse()))
        let offer = try await engine.snapshot.call(.offerSnapshot(ABCIOfferSnapshotRequest()))
        #expect(offer == .offerSnapshot(.with { $0.result = .abort }))
        let applied = try await engine.snapshot.call(.applySnapshotChunk(ABCIApplySnapshotChunkRequest()))
        #expect(applied == .applySnapshotChunk(.with { $0.result = .abort }))
        // The API serves what the engine has decided.
        let status = try await node.get("/v1/status")
        #expect(status.json["height"] as? Int == 1)
        let found = try await node.get("/v1/transactions/\(transaction.transaction.id)")
        #expect(found.json["status"] as? String == "committed")
        await node.stop()
    }

    @Test func `checks are made together and answered in order`() async throws {
        let node = try CometNode()
        try await node.start()
        let engine = try await node.engine()
        _ = try await engine.initChain()
        var calls: [ABCIRequest.OneOf_Kind] = []
        var expected: [String] = []
        for nonce in UInt64(1)...300 {
            let isGood = nonce % 3 != 0
            let bytes = isGood ? try node.transfer(nonce: nonce).encoded : [1, 2, UInt8(truncatingIfNeeded: nonce)]
            calls.append(.checkTx(.with { $0.tx = Data(bytes) }))
            expected.append(isGood ? "0" : "\(TransactionError.malformed.code)")
            if nonce % 100 == 0 {
                calls += [.flush(ABCIFlushRequest()), .echo(.with { $0.message = "\(nonce)" })]
                expected += ["flush", "echo \(nonce)"]
            }
        }
        let asked = calls
        async let sent: Void = engine.mempool.send(asked)
        var answers: [String] = []
        for _ in asked {
            switch try await engine.mempool.receive() {
            case .checkTx(let answer): answers.append("\(answer.code)")
            case .flush: answers.append("flush")
            case .echo(let echo): answers.append("echo \(echo.message)")
            default: answers.append("?")
            }
        }
        try await sent
        #expect(answers == expected)
        await node.stop()
    }

    @Test func `a lone flush is answered on every connection`() async throws {
        let node = try CometNode()
        try await node.start()
        let engine = try await node.engine()
        for number in 0..<4 {
            try await engine.connection(number).send([.flush(ABCIFlushRequest()), .flush(ABCIFlushRequest())])
            #expect(try await engine.connection(number).receive() == .flush(ABCIFlushResponse()))
            #expect(try await engine.connection(number).receive() == .flush(ABCIFlushResponse()))
        }
        await node.stop()
    }

    @Test func `what breaks the protocol has an exception with a stable code, and ends its connection only`() async throws {
        let node = try CometNode()
        try await node.start()
        let engine = try await node.engine()
        func exception(_ bytes: [UInt8]) async throws -> String {
            let client = try ABCIClient(path: node.socketPath)
            try await client.send(raw: bytes)
            let text = try await client.ending()
            return String(text.prefix { $0 != ":" })
        }
        func call(_ kind: ABCIRequest.OneOf_Kind) async throws -> String { try await exception(ABCIClient.frame(kind)) }
        // Before the chain is initialised.
        #expect(try await call(node.block(1).finalize) == "abci.outOfOrder (1833)")
        #expect(try await call(node.block(1).process) == "abci.outOfOrder (1833)")
        #expect(try await call(.initChain(.with { $0.chainID = "jupiter-other" })) == "abci.wrongChain (1835)")
        _ = try await engine.initChain()
        #expect(try await call(.commit(ABCICommitRequest())) == "abci.outOfOrder (1833)")
        #expect(try await call(node.block(2).finalize) == "abci.wrongHeight (1834)")
        #expect(try await call(node.block(0).prepare(maxTxBytes: 1)) == "abci.wrongHeight (1834)")
        // Lengths beyond the limit, of two forms, and what is no request.
        #expect(try await exception([0xff, 0xff, 0xff, 0xff, 0x7f]) == "abci.frameTooLarge (1831)")
        #expect(try await exception([0xff, 0xff, 0xff, 0xff, 0xff, 0x01]) == "abci.frameTooLarge (1831)")
        #expect(try await exception([0x81, 0x00]) == "abci.malformed (1830)")
        #expect(try await exception(FrameReader.frame([0xff, 0xff])) == "abci.malformed (1830)")
        #expect(try await exception(FrameReader.frame([])) == "abci.unknownKind (1832)")
        #expect(try await exception(FrameReader.frame([0x22, 0x00])) == "abci.unknownKind (1832)")
        // What came before the error is answered first.
        let client = try ABCIClient(path: node.socketPath)
        try await client.send(raw: ABCIClient.frame(.echo(.with { $0.message = "first" })) + [0])
        #expect(try await client.receive() == .echo(.with { $0.message = "first" }))
        #expect(try await client.ending().hasPrefix("abci.unknownKind"))
        // Truncated: the engine goes in the middle of a request.
        let truncated = try ABCIClient(path: node.socketPath)
        try await truncated.send(raw: Array(ABCIClient.frame(node.block(1).finalize).dropLast(3)))
        truncated.shutDown()
        // The engine's own connections have not noticed.
        #expect(try await engine.decide(node.block(1)).txResults.isEmpty)
        #expect(try await engine.info().lastBlockHeight == 1)
        await node.stop()
    }

    @Test func `fuzz: bytes on a connection are answered or end it`() async throws {
        let node = try CometNode()
        try await node.start()
        let engine = try await node.engine()
        _ = try await engine.initChain()
        let samples = [
            try ABCIClient.frame(node.block(1, [try node.transfer(nonce: 1)]).process), try ABCIClient.frame(.info(ABCIInfoRequest())),
            try ABCIClient.frame(.query(.with { $0.path = "/state" })),
            try ABCIClient.frame(.offerSnapshot(.with { $0.snapshot.metadata = Data(repeating: 1, count: 114) })),
        ]
        var hostile = HostileBytes(seed: HostileBytes.seed)
        for round in 0..<min(HostileBytes.rounds, 200) {
            let client = try ABCIClient(path: node.socketPath)
            try? await client.send(raw: hostile.next(samples[round % samples.count]))
            client.shutDown()
        }
        #expect(try await engine.decide(node.block(1, [try node.transfer(nonce: 1)])).txResults.map(\.code) == [0])
        await node.stop()
    }

    @Test func `queries are of committed state, with proofs up to the application hash`() async throws {
        let node = try CometNode()
        try await node.start()
        let engine = try await node.engine()
        _ = try await engine.initChain()
        let first = try await engine.decide(node.block(1, [try node.transfer(nonce: 1)]))
        let second = try await engine.decide(node.block(2, [try node.transfer(nonce: 2)]))
        let key = StateKey.account(node.wallet.address)
        for (height, hash) in [(Int64(1), first.appHash), (2, second.appHash)] {
            let answer = try await engine.query("/state", key, height: height, prove: true)
            #expect(answer.code == 0 && answer.height == height && answer.key.elementsEqual(key))
            #expect(throws: Never.self) { try ABCIProof.verify(answer, appHash: [UInt8](hash)) }
            var other = answer
            other.value.append(0)
            #expect(throws: (any Error).self) { try ABCIProof.verify(other, appHash: [UInt8](hash)) }
            #expect(throws: (any Error).self) { try ABCIProof.verify(answer, appHash: [UInt8](repeating: 0, count: 32)) }
        }
        let absent = try await engine.query("/state", StateKey.account(Address(Hash32(1, 2, 3, 4))), height: 2, prove: true)
        #expect(absent.value.isEmpty && absent.code == 0)
        #expect(throws: Never.self) { try ABCIProof.verify(absent, appHash: [UInt8](second.appHash)) }
        let nonce = try await engine.query("/account/nonce", node.wallet.address.bytes)
        #expect([UInt8](nonce.value) == [0, 0, 0, 0, 0, 0, 0, 3] && nonce.height == 2)
        let text = try await engine.query("/account/nonce", Array("\(node.wallet.address)".utf8))
        #expect(text.value == nonce.value)
        #expect(try await engine.query("/head", []).value.count == 96)
        #expect(try await engine.query("/p2p/filter/addr/127.0.0.1:1", []).code == 0)
        #expect(try await engine.query("/elsewhere", []).code == ABCIError.unknownPath.code)
        for (path, data, height) in [
            ("/state", [UInt8](), Int64(0)), ("/state", key, -1), ("/account/nonce", [1, 2], 0), ("/head", [], 9), ("/head", [], .min),
        ] {
            #expect(try await engine.query(path, data, height: height).code == ABCIError.badQuery.code)
        }
        #expect(try await engine.query("/state", key, height: 99).code != 0)
        await node.stop()
    }

    @Test func `the addresses are those of this machine unless asked for`() throws {
        #expect(try ABCIAddress("unix:///run/jupiter/abci.sock") == .unix(path: "/run/jupiter/abci.sock"))
        #expect(try ABCIAddress("tcp://127.0.0.1:26658") == .tcp(host: "127.0.0.1", port: 26_658))
        #expect(try ABCIAddress("tcp://localhost:0") == .tcp(host: "127.0.0.1", port: 0))
        #expect(try ABCIAddress("tcp://[::1]:1") == .tcp(host: "::1", port: 1))
        for text in ["tcp://0.0.0.0:26658", "tcp://10.0.0.1:1", "tcp://[::]:1", "tcp://192.168.1.1:80"] {
            #expect(throws: ABCIServerError.notLoopback) { try ABCIAddress(text) }
            #expect(throws: Never.self) { try ABCIAddress(text, allowsRemote: true) }
        }
        for text in [
            "", "unix://relative", "unix:///" + String(repeating: "a", count: 110), "tcp://host:1", "tcp://127.0.0.1", "http://127.0.0.1:1",
            "tcp://127.0.0.1:99999",
        ] {
            #expect(throws: ABCIServerError.badAddress) { try ABCIAddress(text, allowsRemote: true) }
        }
    }

    @Test func `TCP carries the same, calls wait for somebody who answers, and connections are counted`() async throws {
        var limits = ConnectionLimits()
        (limits.connections, limits.calls) = (2, 4)
        let socket = ABCISocket(address: try ABCIAddress("tcp://127.0.0.1:0"), limits: limits)
        let run = Task { try await socket.run() }
        while socket.port == nil { try await Task.sleep(for: .milliseconds(5)) }
        let port = try #require(socket.port)
        let client = try ABCIClient(port: port)
        // More calls than may wait on a connection: they are read as the others are answered.
        let sent: [ABCIRequest.OneOf_Kind] = (0..<20).map { number in .query(.with { $0.height = number }) }
        try await client.send(sent)
        let second = try ABCIClient(port: port)
        #expect(try await second.call(.echo(.with { $0.message = "beside" })) == .echo(.with { $0.message = "beside" }))
        socket.install { call in
            guard case .query(let request) = call else { throw ABCIError.unknownKind }
            return ABCIResponse(.query(.with { $0.height = request.height }))
        }
        for number in Int64(0)..<20 { #expect(try await client.receive() == .query(.with { $0.height = number })) }
        let third = try ABCIClient(port: port)
        #expect(try await third.ending().isEmpty)
        // A call that the handler throws at ends its connection.
        await #expect(throws: ABCIClientError.exception(ABCIError.unknownKind.text)) { try await client.call(.info(ABCIInfoRequest())) }
        run.cancel()
        _ = await run.result
        await #expect(throws: ABCIClientError.closed) { try await second.receive() }
    }

    @Test func `a socket that a node left behind is taken over, and nothing else is`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("abci.sock")
        try Data([1]).write(to: URL(filePath: path))
        await #expect(throws: ABCIServerError.cannotListen) { try await ABCISocket(address: .unix(path: path)).run() }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data([1]))
    }
}
