import ABCI
import ChainTypes
import Foundation
import Node
import Primitives
import ScriptedEngine
import SwiftProtobuf
import Testing

/// One line of a recorded trace: which connection was called for what.
struct TraceLine: Sendable {
    let connection: Int
    let name: String
    let height: Int64

    init?(_ line: Substring) {
        let parts = line.split(separator: " ")
        guard parts.count >= 2, let connection = parts[0].last?.wholeNumberValue else { return nil }
        (self.connection, name) = (connection, String(parts[1]))
        height = parts.count > 2 ? Int64(parts[2].dropFirst(2)) ?? 0 : 0
    }

    /// The trace of a real node; `nil` where ../shared is not there.
    static func recorded() throws -> [TraceLine]? {
        let file = URL(filePath: #filePath).appending(path: "../../../../shared/vectors/abci/call-trace.txt").standardized
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            print("skipped: ../shared is not there")
            return nil
        }
        return text.split(separator: "\n").compactMap(TraceLine.init)
    }

    /// The shape of the recorded one, for machines without it.
    static let short: [TraceLine] = {
        var lines = ["c0 info", "c0 flush", "c3 init_chain", "c3 flush"]
        for height in 1...6 {
            if height % 4 == 1 { lines += ["c3 prepare_proposal h=\(height)", "c3 flush"] }
            lines += ["c3 process_proposal h=\(height)", "c3 flush"]
            if height >= 3 {
                lines += ["c3 extend_vote h=\(height)", "c3 flush"]
                lines += ["c3 verify_vote_extension h=\(height)", "c3 flush", "c3 verify_vote_extension h=\(height)", "c3 flush"]
            }
            lines += [
                "c2 check_tx", "c2 flush", "c3 finalize_block h=\(height)", "c3 flush", "c3 flush", "c2 flush", "c3 commit", "c3 flush",
            ]
        }
        return lines.compactMap { TraceLine($0[...]) }
    }()
}

@Suite struct `ABCI traces` {
    /// What every height holds, the same for everybody who replays.
    private func block(_ node: CometNode, _ height: Int64) throws -> ScriptedBlock {
        node.block(height, height % 2 == 0 ? [] : [try node.transfer(nonce: UInt64(height + 1) / 2)])
    }

    /// Makes the call of a line, and says what came: each kind with its own kind.
    private func play(_ line: TraceLine, _ node: CometNode, _ engine: ScriptedComet, checked: inout UInt64) async throws {
        let connection = engine.connection(line.connection)
        let block = try block(node, max(line.height, 1))
        let call: ABCIRequest.OneOf_Kind
        switch line.name {
        case "info": call = .info(ABCIInfoRequest())
        case "flush": call = .flush(ABCIFlushRequest())
        case "init_chain": call = .initChain(.with { ($0.chainID, $0.initialHeight) = (engine.chainID, 1) })
        case "prepare_proposal": call = block.prepare(maxTxBytes: 1 << 20)
        case "process_proposal": call = block.process
        case "extend_vote": call = block.extend
        case "verify_vote_extension": call = block.verify
        case "finalize_block": call = block.finalize
        case "commit": call = .commit(ABCICommitRequest())
        case "check_tx":
            checked += 1
            let transaction = try node.transfer(9, nonce: 1_000 + checked).encoded
            call = .checkTx(.with { $0.tx = Data(transaction) })
        default: throw ABCIClientError.unexpected
        }
        try await connection.send([call])
        let answer = try await connection.receive()
        switch (line.name, answer) {
        case ("info", .info), ("flush", .flush), ("init_chain", .initChain), ("prepare_proposal", .prepareProposal),
            ("extend_vote", .extendVote), ("commit", .commit), ("check_tx", .checkTx):
            break
        case ("process_proposal", .processProposal(let answer)): #expect(answer.status == .accept, "height \(line.height)")
        case ("verify_vote_extension", .verifyVoteExtension(let answer)): #expect(answer.status == .accept)
        case ("finalize_block", .finalizeBlock(let answer)): #expect(answer.txResults.count == block.transactions.count)
        default: Issue.record("\(line.name) at \(line.height) was answered with \(answer)")
        }
    }

    /// The application hash at the end.
    private func replay(
        _ lines: [TraceLine], on node: CometNode, crashing crash: (TraceLine) -> Bool = { _ in false }
    ) async throws -> Data {
        try await node.start()
        var engine = try await node.engine()
        var checked: UInt64 = 0
        var last: Int64 = 0
        for line in lines {
            if crash(line) {
                // The application dies, and takes its engine along; both come back and shake hands.
                engine.close()
                await node.stop()
                try await node.start()
                engine = try await node.engine()
                try await shakeHands(node, engine, stored: last)
            }
            try await play(line, node, engine, checked: &checked)
            if line.name == "finalize_block" { last = line.height }
        }
        let info = try await engine.info()
        await node.stop()
        return info.lastBlockAppHash
    }

    /// CometBFT's handshake: what its store has and the application lacks is finalised again, and committed unless the trace goes on there.
    private func shakeHands(_ node: CometNode, _ engine: ScriptedComet, stored: Int64) async throws {
        let height = try await engine.info().lastBlockHeight
        #expect(height == stored || height == stored - 1)
        if height == 0 { _ = try await engine.initChain() }
        if height < stored { _ = try await engine.finalize(try block(node, stored)) }
    }

    @Test func `a recorded trace is answered call for call`() async throws {
        let lines = try TraceLine.recorded() ?? TraceLine.short
        #expect(lines.count > 50)
        #expect(try await replay(lines, on: CometNode()).count == 32)
    }

    /// Before every commit (so between finalising and committing, at each height), and before every call about a height that this node
    /// proposes, from the proposal over each vote to the decision. A flush changes nothing that a crash before its next call does not show.
    @Test func `crashes before commits and between all calls of a height leave the same chain`() async throws {
        let lines = try TraceLine.recorded() ?? TraceLine.short
        let first = try CometNode()
        let plain = try await replay(lines, on: first)
        let crashed = try await replay(lines, on: CometNode(joins: first)) { line in
            line.name == "commit" || line.name == "init_chain" || line.height % 4 == 1
        }
        #expect(plain.count == 32 && crashed == plain)
    }
}
