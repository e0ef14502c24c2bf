import ChainTypes
import Cryptography
import Foundation
import Primitives
import WireTypes

/// One fixed value of every kind that the state holds about validators and their decisions.
enum TrustValueSamples {
    static var node: WireValidatorNode {
        var value = WireValidatorNode()
        value.validator = Samples.data(1)
        value.nodeID = Samples.data(2)
        value.endpoint = "sg-1.example:7000"
        value.account = Samples.data(3)
        return value
    }

    static var validator: WireValidatorRecord {
        var value = WireValidatorRecord()
        value.node = node
        (value.status, value.statusEpoch) = (.rejoining, 4)
        (value.votingWeight, value.grantedWeight) = (5, 6)
        (value.leaderWeight, value.leaderScore) = (7, 16)
        (value.votesFrom, value.log) = (8, Samples.data(9))
        (value.accountableFrom, value.decided) = (10, 11)
        (value.proposals, value.missed) = (12, 13)
        return value
    }

    static var validatorList: WireValidatorList {
        var value = WireValidatorList()
        value.validators = [Samples.data(1), Samples.data(2)]
        return value
    }

    static var epoch: WireEpochRecord {
        var value = WireEpochRecord()
        (value.epoch, value.firstHeight, value.lastView, value.changeWaits) = (1, 2, 3, true)
        return value
    }

    static var leaderService: WireLeaderService {
        var value = WireLeaderService()
        (value.proposals, value.missed) = (300, 2)
        return value
    }

    static var proposal: WireGovernanceProposal {
        var value = WireGovernanceProposal()
        (value.id, value.proposer) = (Samples.data(1), Samples.data(2))
        value.change.addValidator.node = node
        (value.change.addValidator.votingWeight, value.change.addValidator.leaderWeight) = (3, 4)
        value.change.addValidator.signature = Samples.data(5, 64)
        (value.expires, value.status) = (6, .failed)
        var vote = WireProposalVote()
        (vote.validator, vote.agrees) = (Samples.data(7), true)
        value.votes = [vote]
        (value.height, value.decidedHeight, value.failure) = (8, 9, 2057)
        return value
    }

    static var openProposals: WireOpenProposals {
        var entry = WireOpenProposal()
        (entry.id, entry.proposer, entry.expires) = (Samples.data(1), Samples.data(2), 3)
        var value = WireOpenProposals()
        value.proposals = [entry]
        return value
    }

    static var parameters: WireChainParameters {
        var value = WireChainParameters()
        value.present = Genesis.defaultParameters
        value.next = Genesis.defaultParameters
        value.next.leaderStep = 0
        return value
    }

    static var equivocation: WireEquivocation {
        var vote = WireVote()
        (vote.epoch, vote.view, vote.height, vote.kind, vote.signer) = (1, 2, 3, .notarise, 4)
        (vote.block, vote.signature) = (Samples.data(5), Samples.data(6, 64))
        var value = WireEquivocation()
        (value.first, value.second) = (vote, vote)
        value.second.block = Samples.data(7)
        return value
    }

    static func values() -> [(String, [UInt8])] {
        [
            ("validator", validator.encoded()), ("validator list", validatorList.encoded()), ("epoch", epoch.encoded()),
            ("leader service", leaderService.encoded()), ("proposal", proposal.encoded()), ("open proposals", openProposals.encoded()),
            ("parameters", parameters.encoded()), ("equivocation", equivocation.encoded()),
            (
                "possession statement",
                ValidatorStatement.possession(chainID: Samples.chainID, account: Address(Samples.hash(4)))
            ),
            (
                "rejoin statement",
                ValidatorStatement.rejoin(chainID: Samples.chainID, account: Address(Samples.hash(4)), log: Samples.hash(5))
            ),
        ]
    }
}
