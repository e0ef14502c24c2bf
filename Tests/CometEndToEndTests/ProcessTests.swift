import ABCI
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import ScriptedEngine
import Testing
import WireTypes

@Suite(.serialized, .enabled(if: Programs.jupiter != nil)) struct `ABCI process` {
    private func engine(_ seat: CometSeat, _ chainID: String) async throws -> ScriptedComet {
        for _ in 0..<6_000 {
            if let engine = try? ScriptedComet(path: seat.socket, chainID: chainID) { return engine }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try ScriptedComet(path: seat.socket, chainID: chainID)
    }

    @Test func `a node killed between finalising and committing replays and comes to the same`() async throws {
        let root = "/tmp/jupiter-comet-" + UUID().uuidString.prefix(13)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let scene = try CometScene(validators: 1)
        let seat = try CometSeat(root: root, genesis: scene.genesis, key: scene.keys[0])
        defer { seat.kill() }
        func block(_ height: Int64) throws -> ScriptedBlock {
            ScriptedBlock(
                height: height, time: scene.genesis.wire.time + UInt64(height) * 1_000, proposer: scene.validator(0),
                transactions: [try scene.transfer(nonce: UInt64(height)).encoded])
        }
        try seat.startNode()
        var engine = try await engine(seat, scene.genesis.chainID)
        _ = try await engine.initChain()
        _ = try await engine.decide(block(1))
        for height in Int64(2)...4 {
            let lost = try await engine.finalize(block(height))
            seat.kill()
            try seat.startNode()
            engine = try await self.engine(seat, scene.genesis.chainID)
            let info = try await engine.info()
            #expect(info.lastBlockHeight == height - 1)
            let replayed = try await engine.finalize(block(height))
            #expect(replayed == lost && replayed.txResults.map(\.code) == [0])
            try await engine.commit()
            #expect(try await engine.info().lastBlockAppHash == lost.appHash)
            // Killed after the commit: nothing of it is lost, and it is not asked for again.
            seat.kill()
            try seat.startNode()
            engine = try await self.engine(seat, scene.genesis.chainID)
            #expect(try await engine.info().lastBlockHeight == height)
        }
        try await seat.reach(4)
        #expect(try await seat.client.account(scene.wallet.address).nonce == 4)
    }
}
