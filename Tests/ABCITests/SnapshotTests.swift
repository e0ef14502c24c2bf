import ABCI
import AuthenticatedState
import ChainTypes
import Cryptography
import Foundation
import Node
import Primitives
import ScriptedEngine
import SwiftProtobuf
import TestVectors
import Testing

@Suite struct `ABCI snapshots` {
    private func chain(_ heights: Int64) async throws -> (CometNode, ScriptedComet, [Int64: Data]) {
        let node = try CometNode { $0.snapshotInterval = 5 }
        try await node.start()
        let engine = try await node.engine()
        _ = try await engine.initChain()
        var hashes: [Int64: Data] = [:]
        for height in 1...heights {
            hashes[height] = try await engine.decide(node.block(height, [try node.transfer(nonce: UInt64(height))])).appHash
        }
        return (node, engine, hashes)
    }

    private func list(_ engine: ScriptedComet) async throws -> [ABCISnapshot] {
        guard case .listSnapshots(let answer) = try await engine.snapshot.call(.listSnapshots(ABCIListSnapshotsRequest())) else {
            throw ABCIClientError.unexpected
        }
        return answer.snapshots
    }

    private func chunk(_ engine: ScriptedComet, _ snapshot: ABCISnapshot, _ index: UInt32) async throws -> Data {
        let call = ABCIRequest.OneOf_Kind.loadSnapshotChunk(
            .with { ($0.height, $0.format, $0.chunk) = (snapshot.height, snapshot.format, index) })
        guard case .loadSnapshotChunk(let answer) = try await engine.snapshot.call(call) else { throw ABCIClientError.unexpected }
        return answer.chunk
    }

    private func offer(_ engine: ScriptedComet, _ snapshot: ABCISnapshot, _ hash: Data) async throws -> ABCIOfferSnapshotResponse.Result {
        let call = ABCIRequest.OneOf_Kind.offerSnapshot(.with { ($0.snapshot, $0.appHash) = (snapshot, hash) })
        guard case .offerSnapshot(let answer) = try await engine.snapshot.call(call) else { throw ABCIClientError.unexpected }
        return answer.result
    }

    private func apply(_ engine: ScriptedComet, _ index: UInt32, _ chunk: Data) async throws -> ABCIApplySnapshotChunkResponse {
        let call = ABCIRequest.OneOf_Kind.applySnapshotChunk(.with { ($0.index, $0.chunk, $0.sender) = (index, chunk, "peer") })
        guard case .applySnapshotChunk(let answer) = try await engine.snapshot.call(call) else { throw ABCIClientError.unexpected }
        return answer
    }

    @Test func `a node without a chain begins with the state of another, over the same connections`() async throws {
        let (source, giver, hashes) = try await chain(12)
        let offered = try await list(giver)
        #expect(offered.map(\.height) == [10, 5])
        let snapshot = try #require(offered.first)
        let hash = try #require(hashes[10])
        let joiner = try CometNode(joins: source)
        try await joiner.start()
        let taker = try await joiner.engine()
        #expect(try await taker.info().lastBlockHeight == 0)
        // What is not proven by the application hash is not taken.
        #expect(try await offer(taker, snapshot, hashes[5] ?? Data()) == .reject)
        var other = snapshot
        other.format = 2
        #expect(try await offer(taker, other, hash) == .rejectFormat)
        for change in [\ABCISnapshot.hash, \.metadata] {
            other = snapshot
            other[keyPath: change][0] ^= 1
            #expect(try await offer(taker, other, hash) == .reject)
        }
        other = snapshot
        other.chunks += 1
        #expect(try await offer(taker, other, hash) == .reject)
        #expect(try await offer(taker, snapshot, hash) == .accept)
        for index in 0..<snapshot.chunks {
            let chunk = try await chunk(giver, snapshot, index)
            var bad = chunk
            bad[bad.count / 2] ^= 1
            let refused = try await apply(taker, index, bad)
            #expect(refused.result == .retry && refused.refetchChunks == [index] && refused.rejectSenders == ["peer"])
            // Out of order: the one that is due is asked for.
            #expect(try await apply(taker, index + 1, chunk).refetchChunks == [index])
            #expect(try await apply(taker, index, chunk).result == .accept)
        }
        let info = try await taker.info()
        #expect(info.lastBlockHeight == 10 && info.lastBlockAppHash == hash)
        // Both go on alike.
        for height in Int64(11)...14 {
            let block = source.block(height, [try source.transfer(nonce: UInt64(height))])
            let answer = try await taker.decide(block)
            if height <= 12 { #expect(answer.appHash == hashes[height]) } else { #expect(try await giver.decide(block) == answer) }
        }
        let account = try await joiner.get("/v1/accounts/\(joiner.wallet.address)")
        #expect(account.json["nonce"] as? Int == 14)
        #expect(try await offer(taker, snapshot, hash) == .abort)
        await joiner.stop()
        await source.stop()
    }

    @Test func `a restore that is given up begins anew, and what is there survives a restart`() async throws {
        let (source, giver, hashes) = try await chain(7)
        let snapshot = try #require(try await list(giver).first)
        let joiner = try CometNode(joins: source)
        try await joiner.start()
        var taker = try await joiner.engine()
        #expect(try await offer(taker, snapshot, hashes[5] ?? Data()) == .accept)
        #expect(try await apply(taker, 0, try await chunk(giver, snapshot, 0)).result == .accept)
        #expect(try await offer(taker, snapshot, hashes[5] ?? Data()) == .accept)
        #expect(try await apply(taker, 1, try await chunk(giver, snapshot, 1)).refetchChunks == [0])
        for index in 0..<snapshot.chunks {
            #expect(try await apply(taker, index, try await chunk(giver, snapshot, index)).result == .accept)
        }
        #expect(try await taker.info().lastBlockHeight == 5)
        await joiner.stop()
        try await joiner.start()
        taker = try await joiner.engine()
        #expect(try await taker.info().lastBlockAppHash == hashes[5])
        await joiner.stop()
        await source.stop()
    }
}
