import ChainTypes
import Cryptography
import Foundation
import Glibc
import JupiterClient
import LocalFederation
import Node
import Primitives
import WireTypes

/// The programs that these tests start.
enum Programs {
    /// Jupiter, built beside the tests.
    static let jupiter: String? = {
        let start = (CommandLine.arguments[0] as NSString).deletingLastPathComponent
        let candidates = [start, (start as NSString).deletingLastPathComponent].map { $0 + "/jupiter" }
        let found = candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
        if found == nil { print("skipped: jupiter is not built beside the tests") }
        return found
    }()
}

/// A validator's node as a process; the test plays its engine.
final class CometSeat {
    static let passphrase = "a passphrase of the test"

    let home: NodeHome
    let key: SigningKey
    let client: NodeClient
    let socket: String
    let rpcPort: Int
    private let root: String
    private let chainID: String
    private(set) var node: ChildProcess?

    init(root: String, genesis: Genesis, key: SigningKey) throws {
        (self.root, self.key, chainID) = (root, key, genesis.chainID)
        home = NodeHome(path: root + "/node/" + genesis.chainID)
        socket = root + "/abci.sock"
        rpcPort = try NodeInitialiser.freePort()
        try FileManager.default.createDirectory(atPath: root + "/node", withIntermediateDirectories: true)
        let made = try NodeInitialiser(chainID: genesis.chainID).join(genesis, home, passphrase: Self.passphrase)
        // The home of this seat's validator, not of a new one.
        try Data(KeyFile.seal(key, passphrase: Self.passphrase)).write(to: URL(filePath: home.validatorKeyFile))
        client = try NodeClient(url: "http://127.0.0.1:\(made.configuration.apiPort)", timeout: 5)
    }

    func startNode() throws {
        guard let program = Programs.jupiter else { throw CancellationError() }
        node = try ChildProcess(
            name: "node", executable: program,
            arguments: [
                "node", "start", chainID, "--home", root, "--consensus", "abci", "--abci", "unix://" + socket, "--comet-rpc",
                "http://127.0.0.1:\(rpcPort)",
            ], environment: ["JUPITER_PASSPHRASE": Self.passphrase], logPath: root + "/node.log")
    }

    func kill() {
        guard let node else { return }
        Glibc.kill(node.processID, SIGKILL)
        while node.isRunning { usleep(2_000) }
        self.node = nil
    }

    func height() async -> UInt64? { try? await client.status().height }

    /// Waits until the node has this height.
    func reach(_ height: UInt64, seconds: Int = 60) async throws {
        for _ in 0..<seconds * 20 {
            if let now = await self.height(), now >= height { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CometSeatError.notReached(height, node?.logTail ?? "")
    }
}

enum CometSeatError: Error { case notReached(UInt64, String) }

/// A genesis for CometBFT with keys for its validators, and an account with money.
struct CometScene {
    let genesis: Genesis
    let keys: [SigningKey]
    let wallet: SigningKey

    init(validators: Int, chainID: String = "jupiter-comet") throws {
        keys = (0..<validators).map { _ in SigningKey.ed25519() }
        wallet = .ed25519()
        var wire = WireGenesis()
        (wire.version, wire.chainID, wire.profile, wire.consensus) = (Genesis.version, chainID, .byzantine, .cometbft)
        wire.time = UInt64(Date().timeIntervalSince1970) * 1_000
        wire.parameters = Genesis.defaultParameters
        wire.operator = .init(wallet.address.bytes)
        wire.validators.validators = keys.map { key in
            var validator = WireValidator()
            validator.publicKey = .init(key.verificationKey.bytes)
            (validator.votingWeight, validator.leaderWeight) = (10, 1)
            return validator
        }
        var allocation = WireAllocation()
        (allocation.account, allocation.amount) = (.init(wallet.address.bytes), 1_000_000_000)
        wire.allocations = [allocation]
        genesis = try Genesis(encoding: wire)
    }

    func validator(_ position: Int) -> Hash32 { Hash32(keys[position].verificationKey.bytes) ?? .zero }

    func transfer(nonce: UInt64) throws -> SubmittedTransaction {
        try Self.transfer(nonce: nonce, from: wallet, chainID: genesis.chainID)
    }

    static func transfer(nonce: UInt64, from wallet: SigningKey, chainID: String) throws -> SubmittedTransaction {
        var transfer = WireTransfer()
        (transfer.to, transfer.amount) = (.init(repeating: 9, count: 32), 5)
        var message = WireMessage()
        message.transfer = transfer
        var body = WireTransactionBody()
        body.chainID = chainID
        body.sender = .init(wallet.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 50_000, 1_000)
        body.messages = [message]
        return try SubmittedTransaction(SignedTransaction(signing: body, with: wallet), sidecars: [])
    }
}
