import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Node
import Primitives
import ScriptedEngine
import Testing
import WireTypes

/// A network of real engines, each beside a node. Needs the program `cometbft` (0.38) on PATH.
@Suite(.serialized, .enabled(if: Programs.jupiter != nil && Programs.cometbft != nil)) struct `CometBFT network` {
    /// Makes the engine's home with this seat's key, the chain's genesis, and connections on one machine allowed; answers its node id.
    private func makeEngine(_ seat: CometSeat, _ scene: CometScene) throws -> String {
        let program = try #require(Programs.cometbft)
        _ = try run(program, ["init", "--home", seat.engineHome])
        let seed = Data(seat.key.secretBytes)
        let key = Data(seat.key.verificationKey.bytes)
        let validator: [String: Any] = [
            "address": Digest.plain([UInt8](key)).description.prefix(40).uppercased(),
            "pub_key": ["type": "tendermint/PubKeyEd25519", "value": key.base64EncodedString()],
            "priv_key": ["type": "tendermint/PrivKeyEd25519", "value": (seed + key).base64EncodedString()],
        ]
        try write(validator, seat.engineHome + "/config/priv_validator_key.json")
        let formatter = ISO8601DateFormatter()
        let genesis: [String: Any] = [
            "genesis_time": formatter.string(from: Date(timeIntervalSince1970: Double(scene.genesis.wire.time) / 1_000)),
            "chain_id": scene.genesis.chainID, "initial_height": "1", "app_hash": "", "app_state": [String: String](),
        ]
        try write(genesis, seat.engineHome + "/config/genesis.json")
        let path = seat.engineHome + "/config/config.toml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
            .replacingOccurrences(of: "addr_book_strict = true", with: "addr_book_strict = false")
            .replacingOccurrences(of: "allow_duplicate_ip = false", with: "allow_duplicate_ip = true")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try run(program, ["show-node-id", "--home", seat.engineHome]).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func write(_ object: [String: Any], _ path: String) throws {
        try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: path))
    }

    private func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        (process.executableURL, process.arguments) = (URL(filePath: program), arguments)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `four validators agree, and one of them is killed with its engine and comes back`() async throws {
        let root = "/tmp/jupiter-comet-" + UUID().uuidString.prefix(13)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let scene = try CometScene(validators: 4)
        let seats = try scene.keys.enumerated().map {
            try CometSeat(root: "\(root)/\($0)", genesis: scene.genesis, key: $1)
        }
        defer { seats.forEach { $0.kill() } }
        let ids = try seats.map { try makeEngine($0, scene) }
        let peers = zip(ids, seats).map { "\($0)@127.0.0.1:\($1.p2pPort)" }.joined(separator: ",")
        for seat in seats {
            try seat.startNode()
            try await waitForSocket(seat)
            try seat.startEngine(peers: peers)
        }
        for seat in seats { try await seat.reach(2) }
        for nonce in UInt64(1)...20 { _ = try await seats[Int(nonce) % 4].client.commit(scene.transfer(nonce: nonce)) }
        seats[3].kill()
        for nonce in UInt64(21)...30 { _ = try await seats[Int(nonce) % 3].client.commit(scene.transfer(nonce: nonce)) }
        let height = try #require(await seats[0].height())
        try seats[3].startNode()
        try await waitForSocket(seats[3])
        try seats[3].startEngine(peers: peers)
        for seat in seats {
            try await seat.reach(height)
            #expect(try await seat.client.account(scene.wallet.address).nonce == 30)
        }
        var states: Set<[UInt8]> = []
        for seat in seats {
            let answer = try await seat.client.state(StateKey.account(scene.wallet.address), height: height)
            states.insert(answer.value.map { [UInt8]($0) } ?? [])
        }
        #expect(states.count == 1)
    }

    private func waitForSocket(_ seat: CometSeat) async throws {
        for _ in 0..<1_000 where !FileManager.default.fileExists(atPath: seat.socket) { try await Task.sleep(for: .milliseconds(20)) }
    }
}
