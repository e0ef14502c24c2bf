import API
import ChainTypes
import Cryptography
import Foundation
import FoundationNetworking
import Logging
import Node
import Primitives
import WireTypes

/// A new one-validator chain in a temporary folder whose node runs in this process and serves its API on a free port.
package final class RunningNode: Sendable {
    package static let passphrase = "correct horse battery staple"

    package let home: NodeHome
    package let genesis: Genesis
    package let port: Int
    package let operatorKey: SigningKey
    /// An account with 1,000 JUPT.
    package let aliceKey: SigningKey
    private let task: Task<Void, any Error>
    private let folder: String
    private let session: URLSession

    package init(
        chainID: String = "jupiter-test", configure: (inout NodeConfiguration) throws -> Void = { _ in }
    ) async throws {
        folder = NSTemporaryDirectory() + "jupiter-node-" + UUID().uuidString
        operatorKey = .ed25519()
        aliceKey = .ed25519()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var initialiser = NodeInitialiser(chainID: chainID)
        initialiser.operatorKey = operatorKey
        initialiser.allocations = [(aliceKey.address, 1_000_000_000)]
        home = NodeHome(path: folder + "/node")
        genesis = try initialiser.initialise(home, passphrase: Self.passphrase).genesis
        var configuration = try home.configuration(environment: [:])
        configuration.apiPort = 0
        configuration.blockInterval = 10
        try configure(&configuration)
        let (ready, continuation) = AsyncThrowingStream<Int, any Error>.makeStream()
        let (home, settings) = (home, configuration)
        task = Task {
            do {
                let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                try await NodeServer.run(home: home, configuration: settings, passphrase: Self.passphrase, log: log) { port in
                    continuation.yield(port)
                }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
                throw error
            }
        }
        var found: Int?
        for try await port in ready {
            found = port
            break
        }
        guard let found else { throw NodeError.stopping }
        port = found
        let network = URLSessionConfiguration.ephemeral
        network.timeoutIntervalForRequest = 60
        session = URLSession(configuration: network)
    }

    /// Stops the node and waits for it; the home stays until `remove`.
    package func stop() async throws {
        task.cancel()
        _ = await task.result
        session.invalidateAndCancel()
    }

    package func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// An answer of the API.
    package struct Answer: Sendable {
        package let status: Int
        package let headers: [String: String]
        package let body: Data

        /// The body as JSON.
        package var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body) as? [String: Any]) ?? [:] }
        package var text: String { String(decoding: body, as: UTF8.self) }
        /// The code of an error answer.
        package var code: Int? { (json["error"] as? [String: Any])?["code"] as? Int }
    }

    package func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, body: nil, headers: headers)
    }

    package func post(_ path: String, _ object: Any, headers: [String: String] = [:]) async throws -> Answer {
        let all = headers.merging(["Content-Type": "application/json"]) { given, _ in given }
        return try await send("POST", path, body: try JSONSerialization.data(withJSONObject: object), headers: all)
    }

    package func send(_ method: String, _ path: String, body: Data?, headers: [String: String]) async throws -> Answer {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw NodeError.notFound(path) }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = body
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await session.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw NodeError.notFound(path) }
        let fields = response.allHeaderFields.reduce(into: [String: String]()) { fields, field in
            if let name = field.key as? String, let value = field.value as? String { fields[name.lowercased()] = value }
        }
        return Answer(status: response.statusCode, headers: fields, body: data)
    }

    /// A signed transaction of `messages`.
    package func transaction(
        _ messages: [WireMessage], from key: SigningKey, nonce: UInt64, validUntil: UInt64 = 50_000
    ) throws -> SignedTransaction {
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(key.address.bytes)
        (body.nonce, body.validFrom, body.validUntil, body.fee) = (nonce, 0, validUntil, 1_000)
        body.messages = messages
        return try SignedTransaction(signing: body, with: key)
    }

    package func transfer(
        _ amount: UInt64, to address: Address, from key: SigningKey, nonce: UInt64, validUntil: UInt64 = 50_000
    ) throws -> SignedTransaction {
        var message = WireMessage()
        message.transfer.to = .init(address.bytes)
        message.transfer.amount = amount
        return try transaction([message], from: key, nonce: nonce, validUntil: validUntil)
    }

    /// Hands over a transaction and waits for its receipt's code.
    package func commit(_ transaction: SignedTransaction, sidecars: [[UInt8]] = []) async throws -> Int {
        let body: [String: Any] = [
            "transaction": Data(transaction.bytes).base64EncodedString(),
            "sidecars": sidecars.map { Data($0).base64EncodedString() },
        ]
        let accepted = try await post("/v1/transactions", body)
        guard accepted.status == 202 else { return accepted.code ?? -1 }
        let answer = try await get("/v1/transactions/\(transaction.id)?wait=30")
        return (answer.json["receipt"] as? [String: Any])?["code"] as? Int ?? -2
    }
}
