import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What validators and the accounts that answer for them send (docs/spec/trust.md §6, §7).
extension WireMessage {
    /// Says that the validator with `key` votes with the new log named `log`.
    package static func rejoin(_ key: SigningKey, account: Address, log: Hash32, chainID: String) throws -> WireMessage {
        var action = WireRejoin()
        action.validator = .init(key.verificationKey.bytes)
        action.log = .init(log.bytes)
        action.signature = .init(try key.sign(ValidatorStatement.rejoin(chainID: chainID, account: account, log: log), context: .rejoin))
        return .rejoin(action)
    }

    /// Says where the validator's node is.
    package static func updateEndpoint(validator: Hash32, nodeID: Hash32, endpoint: String) -> WireMessage {
        var action = WireUpdateEndpoint()
        action.validator = .init(validator.bytes)
        (action.nodeID, action.endpoint) = (.init(nodeID.bytes), endpoint)
        return .updateEndpoint(action)
    }

    /// Proposes a change that can be voted for until height `expires`.
    package static func propose(_ change: WireChange, expires: UInt64) -> WireMessage {
        var action = WireProposeChange()
        (action.change, action.expires) = (change, expires)
        return .proposeChange(action)
    }

    package static func vote(on proposal: Hash32, agrees: Bool) -> WireMessage {
        var action = WireVoteOnProposal()
        (action.proposal, action.agrees) = (.init(proposal.bytes), agrees)
        return .voteOnProposal(action)
    }
}

extension WireChange {
    /// - Parameter possession: from `proofOfPossession`, made where the new validator's key is.
    package static func add(
        _ node: WireValidatorNode, votingWeight: UInt64, leaderWeight: UInt64 = 1, possession: [UInt8]
    ) -> WireChange {
        var change = WireChange()
        change.addValidator.node = node
        (change.addValidator.votingWeight, change.addValidator.leaderWeight) = (votingWeight, leaderWeight)
        change.addValidator.signature = .init(possession)
        return change
    }

    package static func remove(_ validator: Hash32) -> WireChange {
        var change = WireChange()
        change.removeValidator.validator = .init(validator.bytes)
        return change
    }

    package static func setVotingWeight(of validator: Hash32, to weight: UInt64) -> WireChange {
        var change = WireChange()
        change.setVotingWeight.validator = .init(validator.bytes)
        change.setVotingWeight.votingWeight = weight
        return change
    }

    package static func unjail(_ validator: Hash32) -> WireChange {
        var change = WireChange()
        change.unjail.validator = .init(validator.bytes)
        return change
    }

    /// - Parameter parameters: all of them; what is left out is zero.
    package static func set(_ parameters: WireParameters) -> WireChange {
        var change = WireChange()
        change.setParameters = parameters
        return change
    }

    /// Shows that whoever holds `key` wants it to be a validator of this chain, for which `account` answers.
    package static func proofOfPossession(of key: SigningKey, account: Address, chainID: String) throws -> [UInt8] {
        try key.sign(ValidatorStatement.possession(chainID: chainID, account: account), context: .validatorPossession)
    }
}
