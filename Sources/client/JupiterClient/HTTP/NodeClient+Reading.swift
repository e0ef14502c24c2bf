import ChainTypes
import Cryptography
import Foundation
import Primitives
import WireTypes

extension NodeClient {
    package func status() async throws -> NodeStatus { try await get("/v1/status") }

    /// All items of a list such as `datasets`, page after page; at most `limit`.
    package func list(_ name: String, query: String = "", limit: Int = 100_000) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        var after = ""
        while items.count < limit {
            let parameters = [query, "limit=1000", after].filter { !$0.isEmpty }.joined(separator: "&")
            let page = try await json("/v1/\(name)?\(parameters)")
            guard let more = page[name]?.array else { throw ClientError.malformedAnswer("a list of \(name)") }
            items += more
            guard let next = page["next"]?.text, !more.isEmpty else { break }
            after = "after=\(next)"
        }
        return items
    }

    /// Whether the node serves, and if not, why.
    package func readiness() async throws -> (ready: Bool, reasons: [String]) {
        do {
            _ = try await bytes("/ready")
            return (true, [])
        } catch ClientError.malformedAnswer { return (false, ["not ready"]) } catch let refusal as NodeRefusal {
            return (false, [refusal.reason])
        }
    }

    /// The node's genesis: its hash is computed here, not taken on trust.
    package func genesis() async throws -> Genesis {
        let answer: GenesisAnswer = try await get("/v1/genesis")
        return try Genesis(decoding: [UInt8](answer.genesis))
    }

    /// A certified header: of `height`, or the newest.
    package func header(_ height: UInt64? = nil) async throws -> WireCertifiedHeader {
        let answer: HeaderAnswer = try await get("/v1/headers/\(height.map(String.init) ?? "latest")")
        return answer.certified
    }

    /// What a light client that trusts `height` must be shown: the ends of the epochs since, and the newest certified header.
    package func headers(after height: UInt64) async throws -> [WireCertifiedHeader] {
        let answer: HeadersAnswer = try await get("/v1/headers?after=\(height)")
        return answer.headers.map(\.certified)
    }

    package func account(_ address: Address) async throws -> AccountAnswer { try await get("/v1/accounts/\(address)") }

    /// A value of the state, by its raw key.
    /// - Parameter height: after which block; `nil` for the newest.
    package func state(_ key: [UInt8], height: UInt64? = nil, prove: Bool = false) async throws -> StateAnswer {
        var query: [String] = []
        if prove { query.append("prove=true") }
        if let height { query.append("height=\(height)") }
        let suffix = query.isEmpty ? "" : "?" + query.joined(separator: "&")
        return try await get("/v1/state/\(Hex.encode(key))\(suffix)")
    }

    /// The sidecar that hashes to `commitment`; another one is refused.
    package func sidecar(_ commitment: Hash32) async throws -> [UInt8] {
        let bytes = try await self.bytes("/v1/sidecars/\(commitment)")
        guard Sidecar.commitment(bytes) == commitment else { throw ClientError.malformedAnswer("a sidecar with another hash") }
        return bytes
    }

    package func dataset(_ id: String) async throws -> WireDataset? {
        try await value(StateKey.dataset(id)) { try WireDataset(strictly: $0, limit: $1) }
    }

    package func program(_ hash: Hash32) async throws -> WireProgram? {
        try await value(StateKey.program(hash)) { try WireProgram(strictly: $0, limit: $1) }
    }

    package func enclave(_ id: Hash32) async throws -> WireEnclave? {
        try await value(StateKey.enclave(id)) { try WireEnclave(strictly: $0, limit: $1) }
    }

    package func record(_ owner: Address, dataset: String, record: Hash32) async throws -> WireRecord? {
        try await value(StateKey.record(owner, dataset: dataset, record: record)) { try WireRecord(strictly: $0, limit: $1) }
    }

    package func erasure(_ id: Hash32) async throws -> WireErasure? {
        try await value(StateKey.erasure(id)) { try WireErasure(strictly: $0, limit: $1) }
    }

    package func consent(_ subject: Address, grant: Hash32) async throws -> WireConsent? {
        try await value(StateKey.consent(subject, grant: grant)) { try WireConsent(strictly: $0, limit: $1) }
    }

    package func assessment(_ id: Hash32) async throws -> WireAssessment? {
        try await value(StateKey.assessment(id)) { try WireAssessment(strictly: $0, limit: $1) }
    }

    package func subscription(_ id: Hash32) async throws -> WireSubscription? {
        try await value(StateKey.subscription(id)) { try WireSubscription(strictly: $0, limit: $1) }
    }

    package func locality(_ chainID: String) async throws -> WireLocality? {
        try await value(StateKey.locality(chainID)) { try WireLocality(strictly: $0, limit: $1) }
    }

    func value<Value>(_ key: [UInt8], decode: ([UInt8], Int) throws -> Value) async throws -> Value? {
        guard let value = try await state(key).value else { return nil }
        do { return try decode([UInt8](value), Limits.stateValue) } catch { throw ClientError.malformedAnswer("a value of the state") }
    }
}
