import ChainTypes
import Cryptography
import FoundationEssentials
import Hummingbird
import Node
import Primitives
import SwiftProtobuf
import WireTypes

extension Handlers {
    var stateRoutes: [Route] {
        [
            Route(.get, "/v1/state/{key}") { request, context in
                guard let key = Hex.decode(try context.parameter("key")), (1...512).contains(key.count) else {
                    throw APIError.badParameter("key")
                }
                let (prove, height) = (try request.flag("prove"), try request.height("height"))
                return try await reading { try state(key, height: height, prove: prove) }
            },
            Route(.get, "/v1/accounts/{address}") { _, context in
                guard let address = try? Address(text: context.parameter("address")) else { throw APIError.badParameter("address") }
                return try await reading { try account(address) }
            },
            Route(.get, "/v1/sidecars/{hash}") { _, context in
                let hash = try context.hash("hash")
                return try await reading {
                    guard let sidecar = try view.sidecar(hash) else { throw NodeError.notFound("the sidecar") }
                    return .bytes(sidecar, type: "application/octet-stream")
                }
            },
        ]
    }

    private struct ValueView: Encodable {
        let height: UInt64
        let value: Data?
        let proof: Data?
    }

    private func state(_ key: [UInt8], height: UInt64?, prove: Bool) throws -> Response {
        guard height ?? 0 <= view.head.height else { throw NodeError.notFound("the state at that height") }
        let answer = try view.ledger.query(key, height: height, prove: prove)
        return try .json(ValueView(height: answer.height, value: answer.value.map { Data($0) }, proof: answer.proof.map { Data($0) }))
    }

    private struct AccountView: Encodable {
        let address: String
        let nonce: UInt64
        let balance: UInt64
        let pendingNonce: UInt64
    }

    private func account(_ address: Address) throws -> Response {
        let account = try view.account(address)
        return try .json(
            AccountView(
                address: "\(address)", nonce: account.nonce, balance: account.balance,
                pendingNonce: try node.mempool.pendingNonce(address)))
    }

    // MARK: Lists and single values

    var listRoutes: [Route] {
        [
            list("/v1/datasets", "datasets", StateKey.family("registry"), DatasetView.self),
            Route(.get, "/v1/datasets/{id}") { _, context in
                let id = try context.parameter("id")
                guard id.utf8.count <= Limits.identifier else { throw APIError.badParameter("id") }
                return try await reading { try one(StateKey.dataset(id), DatasetView.self) }
            },
            list("/v1/programs", "programs", StateKey.family("programs"), ProgramView.self),
            single("/v1/programs/{hash}", "hash", StateKey.program, ProgramView.self),
            list("/v1/enclaves", "enclaves", StateKey.family("enclaves"), EnclaveView.self),
            single("/v1/enclaves/{id}", "id", StateKey.enclave, EnclaveView.self),
            list("/v1/references", "references", StateKey.family("references"), ReferenceView.self),
            list("/v1/endorsements", "endorsements", StateKey.family("endorsements"), EndorsementView.self),
            list("/v1/localities", "localities", StateKey.family("localities"), LocalityView.self),
            ofAccount("/v1/records", "records", "owner", StateKey.records(of:), RecordView.self),
            ofAccount("/v1/consents", "consents", "subject", StateKey.consents(of:), ConsentView.self),
            list("/v1/assessments", "assessments", StateKey.family("assessments"), AssessmentView.self),
            single("/v1/assessments/{id}", "id", StateKey.assessment, AssessmentView.self),
            list("/v1/subscriptions", "subscriptions", StateKey.family("subscriptions"), SubscriptionView.self),
            single("/v1/subscriptions/{id}", "id", StateKey.subscription, SubscriptionView.self),
        ]
    }

    private func list<View: StateView>(_ path: String, _ name: String, _ prefix: [UInt8], _ type: View.Type) -> Route
    where View.Wire: SwiftProtobuf.Message {
        Route(.get, path) { request, _ in try await page(request, name, prefix, type) }
    }

    private func ofAccount<View: StateView>(
        _ path: String, _ name: String, _ parameter: String, _ prefix: @escaping @Sendable (Address) -> [UInt8], _ type: View.Type
    ) -> Route where View.Wire: SwiftProtobuf.Message {
        Route(.get, path) { request, _ in
            guard let text = request.text(parameter), let address = try? Address(text: text) else { throw APIError.badParameter(parameter) }
            return try await page(request, name, prefix(address), type)
        }
    }

    private func single<View: StateView>(
        _ path: String, _ parameter: String, _ key: @escaping @Sendable (Hash32) -> [UInt8], _ type: View.Type
    ) -> Route where View.Wire: SwiftProtobuf.Message {
        Route(.get, path) { _, context in
            let hash = try context.hash(parameter)
            return try await reading { try one(key(hash), type) }
        }
    }

    private func one<View: StateView>(_ key: [UInt8], _ type: View.Type) throws -> Response where View.Wire: SwiftProtobuf.Message {
        guard let value = try view.value(key) else { throw NodeError.notFound("it") }
        return try .json(View(try View.Wire(serializedBytes: value)))
    }

    /// At most `limit` values after the key `after`, and where the next page begins.
    private func page<View: StateView>(
        _ request: Request, _ name: String, _ prefix: [UInt8], _ type: View.Type
    ) async throws -> Response where View.Wire: SwiftProtobuf.Message {
        let limit = try request.number("limit", default: 100, in: 1...1_000)
        var after: [UInt8]?
        if let text = request.text("after") {
            guard let key = Hex.decode(text), key.count <= 512, key.starts(with: prefix) else { throw APIError.badParameter("after") }
            after = key
        }
        let start = after
        return try await reading {
            let keys = try view.ledger.keys(prefix: prefix, after: start, limit: limit)
            let views = try keys.compactMap { key in try view.value(key).map { View(try View.Wire(serializedBytes: $0)) } }
            let next = keys.count == limit ? keys.last.map { Hex.encode($0) } : nil
            return try .json(Page(name: name, items: views, next: next))
        }
    }
}

/// A list under its own name, with the key to continue after.
private struct Page<View: Encodable>: Encodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    let name: String
    let items: [View]
    let next: String?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(items, forKey: Key(stringValue: name))
        try container.encode(next, forKey: Key(stringValue: "next"))
    }
}
