import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LightClient
import LocalFederation
import Node
import Primitives
import Testing
import WireTypes

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
        let network = try await running()
        defer { network.stop() }
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

    /// A network whose four nodes have blocks with 20 transfers.
    private func running() async throws -> CometNetwork {
        let network = try CometNetwork(wallet: wallet)
        do {
            for position in 0..<4 { try network.start(position) }
            for position in 0..<4 { try await network.reach(2, position) }
            try await transfers(1...20, among: 4, network)
        } catch {
            network.stop()
            throw error
        }
        return network
    }

    @Test func `the application alone is killed: its engine ends with it, and started again both catch up`() async throws {
        let network = try await running()
        defer { network.stop() }
        network.killNode(3)
        try await transfers(21...30, among: 3, network)
        try await network.engineEnds(3)
        // The engine's store may be a block ahead of the application's: the handshake replays it.
        try network.startNode(3)
        try network.startEngine(3)
        try await expectAgreement(at: network.clients[0].status().height, nonce: 30, network)
        try await transfers(31...34, among: 4, network)
    }

    @Test func `CometBFT alone is killed: its application waits, says so, and goes on with it`() async throws {
        let network = try await running()
        defer { network.stop() }
        network.killEngine(3)
        let height = try await network.clients[3].status().height
        try await transfers(21...30, among: 3, network)
        // It answers what it knows, and takes nothing that nobody would decide.
        #expect(network.isNodeRunning(3))
        #expect(try await network.clients[3].status().height <= height + 1)
        let transaction = try CometScene.transfer(nonce: 31, from: wallet, chainID: CometNetwork.chainID)
        let refusal = await #expect(throws: NodeRefusal.self) { try await network.clients[3].submit(transaction) }
        #expect(refusal?.code == 1414 && refusal?.status == 503)
        try network.startEngine(3)
        try await expectAgreement(at: network.clients[0].status().height, nonce: 30, network)
        try await transfers(31...34, among: 4, network)
    }

    @Test func `a light client that knows the genesis alone verifies what each node shows of live signed headers and receipts`()
        async throws
    {
        let network = try await running()
        defer { network.stop() }
        let transaction = try CometScene.transfer(nonce: 21, from: wallet, chainID: CometNetwork.chainID)
        let height = try await network.clients[0].commit(transaction).height
        for position in network.clients.indices {
            // The block that proves a header, and the one that proves its state.
            try await network.reach(height + 3, position)
            try await verifyHeaders(network.clients[position], network.genesis, reaching: height)
            try await verifyReceipt(transaction.transaction.id, at: network.clients[position], network.genesis, height: height)
        }
    }

    /// Follows the node's certified headers from the genesis on; each carries headers that CometBFT's validators signed.
    private func verifyHeaders(_ node: NodeClient, _ genesis: Genesis, reaching height: UInt64) async throws {
        var client = LightVerifier(genesis: genesis)
        for _ in 0..<600 where client.trusted.height < height {
            for certified in try await node.headers(after: client.trusted.height) {
                let proof = try WireCometFinality(strictly: [UInt8](certified.certificate), limit: Limits.finality)
                let before = client
                var forged = proof
                forged.stateRoot = .init(Hash32(1, 2, 3, 4).bytes)
                var tampered = certified
                tampered.certificate = .init(forged.encoded())
                #expect(throws: LightClientError.self) { try client.accept(tampered) }
                #expect(client == before)
                try client.accept(certified)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(client.trusted.height >= height)
    }

    private func verifyReceipt(_ id: Hash32, at node: NodeClient, _ genesis: Genesis, height: UInt64) async throws {
        var proof: WireReceiptProof?
        // The headers that prove it come a moment after the blocks.
        for _ in 0..<600 where proof == nil {
            proof = try? await node.receiptProof(id)
            if proof == nil { try await Task.sleep(for: .milliseconds(50)) }
        }
        let bytes = try #require(proof).encoded()
        let receipt = try ReceiptVerifier.verify(bytes, genesis: genesis).receipt
        #expect(Hash32(receipt.transactionID) == id && receipt.height == height && receipt.code == 0)
        let other = try CometScene(validators: 4).genesis
        #expect(throws: (any Error).self) { try ReceiptVerifier.verify(bytes, genesis: other) }
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
