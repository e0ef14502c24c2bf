import Primitives

/// A validator as a node tells of it.
package struct ValidatorAnswer: Codable, Sendable {
    package let key: String
    /// The account that answers for it.
    package let account: String
    package let nodeId: String?
    package let endpoint: String?
    package let status: String
    package let votingWeight: UInt64
    package let grantedWeight: UInt64
    package let leaderWeight: UInt64
    package let leaderScore: UInt32
    /// What it leads with in the present epoch.
    package let presentLeaderWeight: UInt64
    package let votesFrom: UInt64
    package let statusEpoch: UInt64
    package let proposals: UInt64
    package let missed: UInt64
}

/// A weight on its way to what governance decided.
package struct PendingChangeAnswer: Codable, Sendable {
    package let validator: String
    package let status: String
    package let from: UInt64
    package let to: UInt64
    /// From which on it holds; `nil` when it waits for something else.
    package let epoch: UInt64?
}

/// `GET /v1/validators`.
package struct ValidatorsAnswer: Codable, Sendable {
    package let height: UInt64
    package let epoch: UInt64
    package let profile: String
    package let totalWeight: UInt64
    package let quorumWeight: UInt64
    package let validators: [ValidatorAnswer]
    package let pending: [PendingChangeAnswer]
}

/// A node of the chain as another one stands to it.
package struct PeerAnswer: Codable, Sendable {
    package let nodeId: String
    package let validator: String?
    package let endpoint: String
    package let connected: Bool
    package let direction: String?
    package let height: UInt64?
    package let roundTripMicroseconds: UInt64?
    package let bannedForMilliseconds: UInt64?
    package let lastError: String?
}

/// `GET /v1/peers`.
package struct PeersAnswer: Codable, Sendable {
    package let nodeId: String?
    package let peers: [PeerAnswer]
}

/// `GET /v1/governance/proposals/{id}`.
package struct ProposalAnswer: Codable, Sendable {
    package let id: String
    package let proposer: String
    package let change: JSONValue
    package let expires: UInt64
    /// open, passed, rejected, expired or failed.
    package let status: String
    package let weightFor: UInt64
    package let weightAgainst: UInt64
    package let quorumWeight: UInt64
    package let failure: UInt32?
}

/// `GET /v1/governance/proposals`.
package struct ProposalsAnswer: Codable, Sendable {
    package let height: UInt64
    package let proposals: [ProposalAnswer]
}

extension NodeClient {
    package func validators() async throws -> ValidatorsAnswer { try await get("/v1/validators") }

    package func peers() async throws -> PeersAnswer { try await get("/v1/peers") }

    /// The proposals that can be voted for.
    package func proposals() async throws -> ProposalsAnswer { try await get("/v1/governance/proposals") }

    /// Any proposal, decided ones included.
    package func proposal(_ id: Hash32) async throws -> ProposalAnswer { try await get("/v1/governance/proposals/\(id)") }
}
