import API
import ChainTypes
import Cryptography
import Foundation
import LightClient
import Primitives
import RunningNode
import SwiftProtobuf
import Testing
import WireTypes

@Suite struct `Validators and governance over HTTP` {
    /// Proposes a change as the one validator's account; answers its identifier.
    private func propose(_ change: WireChange, on node: RunningNode, nonce: UInt64) async throws -> String {
        var message = WireMessage()
        (message.proposeChange.change, message.proposeChange.expires) = (change, 1_000)
        let transaction = try node.transaction([message], from: node.operatorKey, nonce: nonce)
        #expect(try await node.commit(transaction) == 0)
        let receipt = try await node.get("/v1/transactions/\(transaction.id)").json["receipt"] as? [String: Any]
        let events = try #require(receipt?["events"] as? [[String: Any]])
        return try #require(events.first { $0["type"] as? String == "governance.proposed" }?["id"] as? String)
    }

    @Test func `a decided weight is shown as the plan and then as the weight`() async throws {
        let node = try await RunningNode()
        let before = try await node.get("/v1/validators").json
        let validator = try #require((before["validators"] as? [[String: Any]])?.first)
        let key = try #require(Hash32(hex: validator["key"] as? String ?? ""))
        #expect(key == node.genesis.validators.members[0].key)
        #expect(validator["status"] as? String == "active" && validator["votingWeight"] as? Int == 1)
        #expect(validator["account"] as? String == "\(node.operatorKey.address)" && validator["leaderScore"] as? Int == 16)
        #expect(before["quorumWeight"] as? Int == 1 && before["totalWeight"] as? Int == 1 && before["epoch"] as? Int == 0)

        var change = WireChange()
        (change.setVotingWeight.validator, change.setVotingWeight.votingWeight) = (.init(key.bytes), 5)
        let id = try await propose(change, on: node, nonce: 1)
        let proposal = try await node.get("/v1/governance/proposals/\(id)").json
        #expect(proposal["status"] as? String == "passed" && proposal["weightFor"] as? Int == 1)
        #expect((proposal["change"] as? [String: Any])?["kind"] as? String == "setVotingWeight")
        let open = try await node.get("/v1/governance/proposals").json
        #expect((open["proposals"] as? [Any])?.isEmpty == true)

        // The epoch ends after at least twenty blocks, so the plan is seen first.
        let status = try await node.get("/v1/status").json
        let plan = try #require((status["plan"] as? [[String: Any]])?.first)
        #expect(plan["validator"] as? String == "\(key)" && plan["from"] as? Int == 1 && plan["to"] as? Int == 5)
        #expect(plan["epoch"] as? Int == 1 && status["epoch"] as? Int == 0)
        var after = before
        for nonce in 1...200 where after["epoch"] as? Int == 0 {
            // A block each: an idle chain would take its time.
            #expect(try await node.commit(node.transfer(1, to: node.operatorKey.address, from: node.aliceKey, nonce: UInt64(nonce))) == 0)
            after = try await node.get("/v1/validators").json
        }
        #expect((after["validators"] as? [[String: Any]])?.first?["votingWeight"] as? Int == 5 && after["totalWeight"] as? Int == 5)
        #expect((after["pending"] as? [Any])?.isEmpty == true)
        try await node.stop()
        node.remove()
    }

    @Test func `parameters are named as in the protocol, and decided ones follow`() async throws {
        let node = try await RunningNode()
        let known = try await node.get("/v1/governance/parameters").json
        let present = try #require(known["present"] as? [String: Any])
        #expect(known["next"] == nil && present.count == 10)
        let decoded = try WireParameters(jsonUTF8Bytes: [UInt8](JSONSerialization.data(withJSONObject: present)))
        #expect(decoded == node.genesis.parameters)
        var change = WireChange()
        change.setParameters = decoded
        change.setParameters.minimumFee = 3
        let id = try await propose(change, on: node, nonce: 1)
        let next = try await node.get("/v1/governance/parameters").json["next"] as? [String: Any]
        #expect(next?["minimumFee"] as? Int == 3)
        #expect(try await node.get("/v1/status").json["parametersChange"] as? Bool == true)
        let proposal = try await node.get("/v1/governance/proposals/\(id)").json
        let parameters = (proposal["change"] as? [String: Any])?["parameters"] as? [String: Any]
        #expect(parameters?["minimumFee"] as? Int == 3)
        try await node.stop()
        node.remove()
    }

    @Test func `status tells of a chain with one validator, and unknown proposals are not found`() async throws {
        let node = try await RunningNode()
        let status = try await node.get("/v1/status").json
        let validators = status["validators"] as? [String: Any]
        #expect(validators?["voting"] as? Int == 1 && validators?["totalWeight"] as? Int == 1)
        #expect((status["peers"] as? [String: Any])?["known"] as? Int == 0)
        #expect((status["sync"] as? [String: Any])?["state"] as? String == "current")
        #expect(status["minimumFee"] as? Int == 1 && (status["plan"] as? [Any])?.isEmpty == true)
        #expect((try await node.get("/v1/peers").json["peers"] as? [Any])?.isEmpty == true)
        let missing = try await node.get("/v1/governance/proposals/" + String(repeating: "0", count: 64))
        #expect(missing.status == 404 && missing.code == 1410)
        #expect(try await node.get("/v1/governance/proposals/xyz").code == 1451)
        try await node.stop()
        node.remove()
    }

    @Test(arguments: [WireQuorumProfile.byzantine, .crash])
    func `the quorum's weight is the least that is one`(profile: WireQuorumProfile) {
        for total in Array(UInt64(1)...40) + [1 << 50, (1 << 60) - 1, 1_000 << 50] {
            let least = leastQuorum(of: total, profile)
            #expect(Quorum.isReached(weight: least, total: total, profile: profile), "\(total)")
            #expect(!Quorum.isReached(weight: least - 1, total: total, profile: profile), "\(total)")
        }
    }

    @Test func `a proposal shows its change and the weight of its votes`() throws {
        let keys = [Hash32(0, 0, 0, 1), Hash32(0, 0, 0, 2), Hash32(0, 0, 0, 3)]
        let set = try ValidatorSet(zip(keys, [5, 3, 2] as [UInt64]).map { .init(key: $0, votingWeight: $1, leaderWeight: 1) })
        let account = SigningKey.ed25519().address
        var proposal = WireGovernanceProposal()
        (proposal.id, proposal.proposer) = (.init(Hash32(1, 1, 1, 1).bytes), .init(account.bytes))
        (proposal.expires, proposal.status, proposal.height) = (90, .open, 7)
        proposal.votes = [(keys[0], true), (keys[2], false), (Hash32(9, 9, 9, 9), true)].map { key, agrees in
            var vote = WireProposalVote()
            (vote.validator, vote.agrees) = (.init(key.bytes), agrees)
            return vote
        }
        var node = WireValidatorNode()
        (node.validator, node.nodeID) = (.init(Hash32(0, 0, 0, 4).bytes), .init(Hash32(0, 0, 0, 5).bytes))
        (node.endpoint, node.account) = ("node4:7400", .init(account.bytes))
        proposal.change.addValidator.node = node
        (proposal.change.addValidator.votingWeight, proposal.change.addValidator.leaderWeight) = (2, 1)
        func json() throws -> [String: Any] {
            let data = try JSONEncoder().encode(ProposalView(proposal, set: set, profile: .byzantine))
            return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        }
        let shown = try json()
        // Votes of those who are no members any more weigh nothing.
        #expect(shown["weightFor"] as? Int == 5 && shown["weightAgainst"] as? Int == 2 && shown["quorumWeight"] as? Int == 7)
        #expect(shown["status"] as? String == "open" && shown["decidedHeight"] == nil && (shown["votes"] as? [Any])?.count == 3)
        let change = try #require(shown["change"] as? [String: Any])
        #expect(change["kind"] as? String == "addValidator" && change["endpoint"] as? String == "node4:7400")
        #expect(change["votingWeight"] as? Int == 2 && change["account"] as? String == "\(account)")
        proposal.change.removeValidator.validator = .init(keys[1].bytes)
        #expect((try json()["change"] as? [String: Any])?["kind"] as? String == "removeValidator")
        proposal.change.unjail.validator = .init(keys[1].bytes)
        let unjail = try #require(try json()["change"] as? [String: Any])
        #expect(unjail["kind"] as? String == "unjail" && unjail["validator"] as? String == "\(keys[1])")
        (proposal.status, proposal.failure, proposal.decidedHeight) = (.failed, 2060, 12)
        #expect(try json()["failure"] as? Int == 2060 && json()["decidedHeight"] as? Int == 12)
    }
}
