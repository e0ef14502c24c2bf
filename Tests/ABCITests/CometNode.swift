import API
import ChainTypes
import Cryptography
import Foundation
import FoundationNetworking
import Logging
import Node
import Primitives
import ScriptedEngine
import Synchronization
import WireTypes

/// A node of a chain that another engine decides, in this process, with its API and its socket.
final class CometNode: Sendable {
    static let passphrase = "correct horse battery staple"

    private struct State {
        var task: Task<Void, any Error>?
        var port: Int?
        var starts = 0
    }

    let home: NodeHome
    let genesis: Genesis
    let validator: Hash32
    let wallet: SigningKey
    let configuration: NodeConfiguration
    /// What the node logs as its own errors.
    let errors = ErrorRecorder()
    private let directory: TemporaryDirectory
    private let state = Mutex(State())

    var socketPath: String { directory.file("abci.sock") }

    /// - Parameter joins: a chain that exists; a new one when `nil`.
    init(joins other: CometNode? = nil, _ configure: (inout NodeConfiguration) -> Void = { _ in }) throws {
        directory = try TemporaryDirectory()
        wallet = try SigningKey.ed25519(seed: [UInt8](repeating: 77, count: 32))
        var initialiser = NodeInitialiser(chainID: "jupiter-abci")
        initialiser.consensus = .cometbft
        initialiser.allocations = [(wallet.address, 1_000_000_000)]
        initialiser.parameters.epochLength = 12
        initialiser.parameters.epochMinimum = 3
        initialiser.configuration.consensus = "abci"
        initialiser.configuration.abci = "unix://" + directory.file("abci.sock")
        home = NodeHome(path: directory.file("node"))
        if let other {
            genesis = try initialiser.join(other.genesis, home, passphrase: Self.passphrase).genesis
            validator = other.validator
        } else {
            let made = try initialiser.initialise(home, passphrase: Self.passphrase)
            (genesis, validator) = (made.genesis, made.validator)
        }
        var configuration = try home.configuration(environment: [:])
        configuration.apiPort = 0
        // The engine of these tests is in this process: on a busy machine it answers late.
        configuration.cometRPCTimeout = 120_000
        configure(&configuration)
        self.configuration = configuration
    }

    /// Starts the node and waits for its API.
    func start() async throws {
        let (ready, continuation) = AsyncStream<Int>.makeStream()
        let (home, configuration, errors) = (home, configuration, errors)
        let task = Task {
            defer { continuation.finish() }
            let log = Logger(label: "test") { _ in errors }
            try await NodeServer.run(home: home, configuration: configuration, passphrase: Self.passphrase, log: log) { port in
                self.state.withLock { ($0.port, $0.starts) = (port, $0.starts + 1) }
                continuation.yield(port)
            }
        }
        state.withLock { $0.task = task }
        for await _ in ready { return }
        try await task.value
    }

    /// How often the API has come up.
    var starts: Int { state.withLock { $0.starts } }

    func stop() async {
        let task = state.withLock { $0.task.take() }
        task?.cancel()
        _ = await task?.result
    }

    /// An engine with its four connections, as soon as the socket is there.
    func engine() async throws -> ScriptedComet {
        for _ in 0..<6_000 {
            if let engine = try? ScriptedComet(path: socketPath, chainID: genesis.chainID) { return engine }
            try await Task.sleep(for: .milliseconds(10))
        }
        return try ScriptedComet(path: socketPath, chainID: genesis.chainID)
    }

    func client() async throws -> ABCIClient {
        _ = try await engine()
        return try ABCIClient(path: socketPath)
    }

    func get(_ path: String) async throws -> (status: Int, json: [String: Any]) {
        try await send(URLRequest(url: url(path)))
    }

    func post(_ path: String, _ object: [String: Any]) async throws -> (status: Int, json: [String: Any]) {
        var request = URLRequest(url: try url(path))
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONSerialization.data(withJSONObject: object)
        return try await send(request)
    }

    private func url(_ path: String) throws -> URL {
        guard let port = state.withLock({ $0.port }), let url = URL(string: "http://127.0.0.1:\(port)\(path)") else {
            throw NodeError.notFound(path)
        }
        return url
    }

    private func send(_ request: URLRequest) async throws -> (status: Int, json: [String: Any]) {
        let (data, response) = try await URLSession.shared.data(for: request)
        let json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, json ?? [:])
    }

    // MARK: Chain

    func transfer(_ amount: UInt64 = 3, nonce: UInt64) throws -> SubmittedTransaction {
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(wallet.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 10_000, 1_000)
        var transfer = WireTransfer()
        (transfer.to, transfer.amount) = (.init(repeating: 9, count: 32), amount)
        var message = WireMessage()
        message.transfer = transfer
        body.messages = [message]
        return try SubmittedTransaction(SignedTransaction(signing: body, with: wallet), sidecars: [])
    }

    func block(_ height: Int64, _ transactions: [SubmittedTransaction] = []) -> ScriptedBlock {
        ScriptedBlock(
            height: height, time: genesis.wire.time + UInt64(height) * 1_000, proposer: validator,
            transactions: transactions.map(\.encoded))
    }
}
