import ChainTypes
import FoundationEssentials
import Hummingbird
import Modules
import Node
import Primitives
import SwiftProtobuf
import WireTypes

extension Handlers {
    /// Validators, other nodes, and what the validators decide.
    var trustRoutes: [Route] {
        [
            Route(.get, "/v1/validators") { _, _ in try await reading { try .json(ValidatorsView(view)) } },
            Route(.get, "/v1/peers") { _, _ in
                try .json(PeersView(nodeId: node.nodeID.map { "\($0)" }, peers: node.peerViews))
            },
            Route(.get, "/v1/governance/proposals") { _, _ in try await reading { try proposals() } },
            Route(.get, "/v1/governance/proposals/{id}") { _, context in
                let id = try context.hash("id")
                return try await reading { try proposal(id) }
            },
            Route(.get, "/v1/governance/parameters") { _, _ in try await reading { try parameters() } },
            Route(.get, "/v1/governance/attestation") { _, _ in try await reading { try attestationRules() } },
        ]
    }

    private struct PeersView: Encodable {
        let nodeId: String?
        let peers: [PeerView]
    }

    private struct ProposalsView: Encodable {
        let height: UInt64
        let proposals: [ProposalView]
    }

    private struct ChainParametersView: Encodable {
        let present: ParametersView
        /// From the next epoch on.
        let next: ParametersView?
    }

    /// Those that can be voted for: a bounded number.
    private func proposals() throws -> Response {
        let (height, trust) = (view.head.height, view.trust())
        let set = try presentSet(trust)
        let open = try trust.openProposals().map { ProposalView($0, set: set, profile: view.genesis.wire.profile) }
        return try .json(ProposalsView(height: height, proposals: open))
    }

    /// Any one, decided ones included.
    private func proposal(_ id: Hash32) throws -> Response {
        let trust = view.trust()
        guard let proposal = try trust.proposal(id) else { throw NodeError.notFound("the proposal") }
        return try .json(ProposalView(proposal, set: presentSet(trust), profile: view.genesis.wire.profile))
    }

    private func parameters() throws -> Response {
        let parameters = try view.trust().parameters()
        return try .json(
            ChainParametersView(
                present: ParametersView(parameters.present), next: parameters.hasNext ? ParametersView(parameters.next) : nil))
    }

    private func attestationRules() throws -> Response {
        let value = try view.value(StateKey.attestationRules)
        let rules = try value.map { try WireAttestationRules(serializedBytes: $0) } ?? view.genesis.attestationRules
        return try .json(AttestationRulesView(rules, genesis: view.genesis))
    }

    private func presentSet(_ trust: TrustView) throws -> ValidatorSet {
        guard let set = try trust.validatorSet(trust.epoch().epoch) else { throw NodeError.damagedChain("the validators") }
        return set
    }
}
