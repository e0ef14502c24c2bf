import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import Testing
import WireTypes

@Suite struct `Messages about validators` {
    private let chainID = "jupiter-sg"
    private let account = Address(Hash32(1, 2, 3, 4))

    @Test func `a rejoin is signed by the validator for its chain, account and log`() throws {
        let key = try SigningKey.ed25519(seed: [UInt8](repeating: 9, count: 32))
        let log = Hash32(5, 6, 7, 8)
        let message = try WireMessage.rejoin(key, account: account, log: log, chainID: chainID).rejoin
        #expect(Hash32(message.log) == log && Array(message.validator) == key.verificationKey.bytes)
        let statement = ValidatorStatement.rejoin(chainID: chainID, account: account, log: log)
        try key.verificationKey.verify([UInt8](message.signature), of: statement, context: .rejoin)
        let other = ValidatorStatement.rejoin(chainID: "jupiter-my", account: account, log: log)
        #expect(throws: CryptographyError.badSignature) {
            try key.verificationKey.verify([UInt8](message.signature), of: other, context: .rejoin)
        }
    }

    @Test func `an added validator shows that it has its key`() throws {
        let key = try SigningKey.ed25519(seed: [UInt8](repeating: 9, count: 32))
        var node = WireValidatorNode()
        node.validator = .init(key.verificationKey.bytes)
        node.account = .init(account.bytes)
        let possession = try WireChange.proofOfPossession(of: key, account: account, chainID: chainID)
        let change = WireChange.add(node, votingWeight: 3, possession: possession)
        #expect(change.addValidator.votingWeight == 3 && change.addValidator.leaderWeight == 1 && change.addValidator.node == node)
        let statement = ValidatorStatement.possession(chainID: chainID, account: account)
        try key.verificationKey.verify([UInt8](change.addValidator.signature), of: statement, context: .validatorPossession)
    }

    @Test func `proposals and votes say what they are given`() {
        let (id, node) = (Hash32(1, 1, 1, 1), Hash32(2, 2, 2, 2))
        let proposal = WireMessage.propose(.setVotingWeight(of: id, to: 7), expires: 90).proposeChange
        #expect(proposal.expires == 90 && proposal.change.setVotingWeight.votingWeight == 7)
        #expect(Hash32(WireMessage.propose(.remove(id), expires: 1).proposeChange.change.removeValidator.validator) == id)
        #expect(Hash32(WireMessage.propose(.unjail(id), expires: 1).proposeChange.change.unjail.validator) == id)
        #expect(WireChange.set(Genesis.defaultParameters).setParameters == Genesis.defaultParameters)
        let vote = WireMessage.vote(on: id, agrees: true).voteOnProposal
        #expect(Hash32(vote.proposal) == id && vote.agrees)
        let update = WireMessage.updateEndpoint(validator: id, nodeID: node, endpoint: "a:1").updateEndpoint
        #expect(Hash32(update.validator) == id && Hash32(update.nodeID) == node && update.endpoint == "a:1")
    }
}
