import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Node
import Primitives
import Testing

/// A network of real engines, each beside a node. Needs the program `cometbft` (0.38) on PATH.
@Suite(.serialized, .enabled(if: Programs.jupiter != nil && CometBFTProgram.path != nil)) struct `CometBFT network` {
    private let wallet = SigningKey.ed25519()

    private func transfers(_ nonces: ClosedRange<UInt64>, among positions: Int, _ network: CometNetwork) async throws {
        for nonce in nonces {
            let transaction = try CometScene.transfer(nonce: nonce, from: wallet, chainID: CometNetwork.chainID)
            _ = try await network.clients[Int(nonce) % positions].commit(transaction)
        }
    }

    /// Waits until all nodes have `height`; they must then say the same of the wallet's account there.
    private func expectAgreement(at height: UInt64, nonce: UInt64, _ network: CometNetwork) async throws {
        var states: Set<[UInt8]> = []
        for position in network.clients.indices {
            try await network.reach(height, position)
            let client = network.clients[position]
            #expect(try await client.account(wallet.address).nonce == nonce)
            let answer = try await client.state(StateKey.account(wallet.address), height: height)
            states.insert(answer.value.map { [UInt8]($0) } ?? [])
        }
        #expect(states.count == 1)
    }

    @Test func `four validators agree; one is killed with its engine and comes back; one is wiped and joins with a snapshot`()
        async throws
    {
        let network = try CometNetwork(wallet: wallet)
        defer { network.stop() }
        for position in 0..<4 { try network.start(position) }
        for position in 0..<4 { try await network.reach(2, position) }
        try await transfers(1...20, among: 4, network)

        network.kill(3)
        try await transfers(21...30, among: 3, network)
        try network.start(3)
        try await expectAgreement(at: network.clients[0].status().height, nonce: 30, network)

        let trusted = try await network.clients[0].status().height - 1
        try network.wipe(3, trusting: trusted)
        try await transfers(31...50, among: 3, network)
        // A snapshot after what is trusted, and the blocks that prove it.
        try await network.reach(network.clients[0].status().height + 12, 0)
        try network.start(3)
        try await expectAgreement(at: network.clients[0].status().height, nonce: 50, network)
        // The past did not come with it.
        await #expect(throws: (any Error).self) { try await network.clients[3].state(StateKey.account(wallet.address), height: 1) }
    }

    /// The repository, by this file's place.
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func `the demo holds on localities that CometBFT decides`() async throws {
        let folder = "/tmp/jupiter-comet-demo-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = try ChildProcess(
            name: "demo", executable: try #require(Programs.jupiter),
            arguments: [
                "demo", "--consensus", "abci", "--contracts", Self.root.appending(path: "Contracts/build-output").path,
                "--report", folder + "/report.json",
            ], logPath: folder + "/demo.log")
        while process.isRunning { try await Task.sleep(for: .milliseconds(100)) }
        #expect(process.exitStatus == 0, "\(process.logTail)")
        let report = try JSONValue(parsing: PrivateFile.read(folder + "/report.json", limit: 10 << 20))
        #expect(try #require(report["assessments"]?.array).count > 0 && report["refusals"]?.array?.count == 10)
    }
}
