import ChainTypes
import Cryptography
import Execution
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Proposals` {
    @Test func `of a single validator pass at once`() throws {
        var trust = try TrustChain(weights: [1], spare: 1)
        let addition = try trust.addition(1)
        let id = try trust.decide { $0.addValidator = addition }
        #expect(try trust.view.proposal(id)?.status == .passed)
        #expect(try trust.view.openProposals().isEmpty)
        #expect(try trust.record(1).status == .joining)
        try trust.endEpoch()
        #expect(try trust.record(1).status == .active)
        #expect(try trust.record(1).votesFrom == 1)
    }

    @Test func `pass with more than two thirds of the weight, and not with exactly two thirds`() throws {
        var trust = try TrustChain(weights: [1, 1, 1], spare: 1)
        let addition = try trust.addition(3)
        let transaction = try trust.sign(trust.proposal { $0.addValidator = addition }, by: 0)
        let id = transaction.messageIdentifier(0)
        #expect(try trust.block([transaction])[0].code == 0)
        #expect(try trust.submit(trust.vote(id), by: 1) == 0)
        #expect(try trust.view.proposal(id)?.status == .open)
        #expect(try trust.view.openProposals().map(\.id) == [.init(id.bytes)])
        #expect(try trust.submit(trust.vote(id), by: 2) == 0)
        #expect(try trust.view.proposal(id)?.status == .passed)
        #expect(try trust.submit(trust.vote(id), by: 2) == Refusal.governanceDecided.code)
    }

    @Test func `pass with more than half of the weight in the crash profile`() throws {
        var trust = try TrustChain(weights: [1, 1, 1], spare: 1, profile: .crash)
        let addition = try trust.addition(3)
        let transaction = try trust.sign(trust.proposal { $0.addValidator = addition }, by: 0)
        try trust.block([transaction])
        #expect(try trust.submit(trust.vote(transaction.messageIdentifier(0)), by: 1) == 0)
        #expect(try trust.view.proposal(transaction.messageIdentifier(0))?.status == .passed)
    }

    @Test func `are rejected once nobody can make them pass, and a vote can be changed before`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1], spare: 1)
        let addition = try trust.addition(4)
        let transaction = try trust.sign(trust.proposal { $0.addValidator = addition }, by: 0)
        let id = transaction.messageIdentifier(0)
        try trust.block([transaction])
        try trust.submit(trust.vote(id, agrees: false), by: 1)
        try trust.submit(trust.vote(id, agrees: true), by: 1)
        try trust.submit(trust.vote(id, agrees: false), by: 2)
        #expect(try trust.view.proposal(id)?.status == .open)
        #expect(try trust.view.proposal(id)?.votes.count == 3)
        try trust.submit(trust.vote(id, agrees: false), by: 3)
        #expect(try trust.view.proposal(id)?.status == .rejected)
        #expect(try trust.record(4).status == .unspecified)
    }

    @Test func `expire after their last height`() throws {
        var trust = try TrustChain(weights: [1, 1], spare: 1)
        let addition = try trust.addition(2)
        let transaction = try trust.sign(trust.proposal(expires: 3) { $0.addValidator = addition }, by: 0)
        let id = transaction.messageIdentifier(0)
        try trust.block([transaction])
        try trust.block()
        try trust.block()
        #expect(try trust.view.proposal(id)?.status == .open)
        #expect(try trust.submit(trust.vote(id), by: 1) == Refusal.governanceDecided.code)
        #expect(try trust.view.proposal(id)?.status == .expired)
        #expect(trust.chain.lastEvents.map(\.type) == ["governance.expired"])
        #expect(try trust.view.openProposals().isEmpty)
    }

    @Test func `need a validator's account, a possible expiry, and room`() throws {
        var trust = try TrustChain(weights: [1, 1], spare: 1)
        let addition = try trust.addition(2)
        let proposal = trust.proposal { $0.addValidator = addition }
        #expect(try trust.submit(proposal, by: 2) == Refusal.governanceNotValidator.code)
        for offset in [UInt64(0), GovernanceModule.longest + 2] {
            let proposal = trust.proposal(expires: trust.chain.height + offset) { $0.addValidator = addition }
            #expect(try trust.submit(proposal, by: 0) == Refusal.governanceBadExpiry.code)
        }
        for _ in 0..<GovernanceModule.mostOpenOfOne { #expect(try trust.submit(proposal, by: 0) == 0) }
        #expect(try trust.submit(proposal, by: 0) == Refusal.governanceTooManyOpen.code)
        #expect(try trust.submit(trust.vote(Hash32(1, 2, 3, 4)), by: 0) == Refusal.governanceUnknownProposal.code)
        let open = try #require(try trust.view.openProposals().first.flatMap { Hash32($0.id) })
        #expect(try trust.submit(trust.vote(open), by: 2) == Refusal.governanceNotValidator.code)
    }

    @Test func `that became impossible fail when they are decided`() throws {
        var trust = try TrustChain(weights: [1, 1], spare: 1)
        let addition = try trust.addition(2)
        let first = try trust.sign(trust.proposal { $0.addValidator = addition }, by: 0)
        let second = try trust.sign(trust.proposal { $0.addValidator = addition }, by: 1)
        try trust.block([first, second])
        try trust.block([
            try trust.sign(trust.vote(first.messageIdentifier(0)), by: 1),
            try trust.sign(trust.vote(second.messageIdentifier(0)), by: 0),
        ])
        #expect(try trust.view.proposal(first.messageIdentifier(0))?.status == .passed)
        let failed = try #require(try trust.view.proposal(second.messageIdentifier(0)))
        #expect(failed.status == .failed && failed.failure == Refusal.governanceExists.code)
    }
}

@Suite struct `Joining and leaving` {
    @Test func `goes from one validator to two to four and back, and the plan says when`() throws {
        var trust = try TrustChain(weights: [1], spare: 3) { ($0.parameters.epochLength, $0.parameters.epochMinimum) = (40, 20) }
        for position in 1...3 {
            let addition = try trust.addition(position)
            try trust.decide { $0.addValidator = addition }
        }
        #expect(try trust.view.pending().map(\.epoch) == [1, 2, 3])
        try trust.reach(epoch: 1)
        #expect(trust.weights == [0: 1, 1: 1])
        #expect(try trust.view.pending().map(\.epoch) == [2, 3])
        try trust.reach(epoch: 2)
        #expect(trust.weights == [0: 1, 1: 1, 2: 1])
        try trust.reach(epoch: 3)
        #expect(trust.weights == [0: 1, 1: 1, 2: 1, 3: 1])
        #expect(try trust.view.pending().isEmpty)
        let epoch = trust.plan.epoch
        for position in [3, 0, 2] {
            let removal = trust.removal(position)
            try trust.decide(by: 1) { $0.removeValidator = removal }
        }
        try trust.reach(epoch: epoch + 3)
        #expect(trust.weights == [1: 1])
        #expect(try trust.record(0).status == .left)
        #expect(try trust.view.validators().count == 1 && trust.view.nodes().count == 1)
        #expect(try trust.view.pending().isEmpty)
        // And back in again.
        let again = try trust.addition(0)
        try trust.decide(by: 1) { $0.addValidator = again }
        try trust.endEpoch()
        #expect(trust.weights == [1: 1, 0: 1])
    }

    @Test func `needs the new key's own signature`() throws {
        var trust = try TrustChain(weights: [1], spare: 1)
        var forged = try trust.addition(1, signedBy: trust.validators[0].key)
        #expect(try trust.submit(trust.proposal { $0.addValidator = forged }, by: 0) == Refusal.governanceNoPossession.code)
        forged = try trust.addition(1)
        forged.node.account = trust.validators[0].node.account
        #expect(try trust.submit(trust.proposal { $0.addValidator = forged }, by: 0) == Refusal.governanceNoPossession.code)
    }

    @Test func `is refused for a key of small order, whatever signed for it`() throws {
        var trust = try TrustChain(weights: [1], spare: 1)
        var addition = try trust.addition(1)
        // The identity: any signature whose R is [s]B would verify by the equation alone.
        addition.node.validator = .init([1] + [UInt8](repeating: 0, count: 31))
        #expect(try trust.submit(trust.proposal { $0.addValidator = addition }, by: 0) == Refusal.governanceMalformed.code)
    }

    @Test func `is refused for keys and nodes that are there, and for values that cannot be`() throws {
        var trust = try TrustChain(weights: [1, 1], spare: 1)
        let there = try trust.addition(1)
        #expect(try trust.submit(trust.proposal { $0.addValidator = there }, by: 0) == Refusal.governanceExists.code)
        let new = try trust.addition(2)
        let faults: [(inout WireAddValidator) -> Void] = [
            { $0.node.endpoint = "" }, { $0.votingWeight = 0 }, { $0.votingWeight = 1 << 50 + 1 }, { $0.leaderWeight = 1 << 46 + 1 },
            { $0.node.nodeID = .init() }, { $0.node.validator = .init(repeating: 1, count: 31) },
        ]
        for fault in faults {
            var change = new
            fault(&change)
            #expect(try trust.submit(trust.proposal { $0.addValidator = change }, by: 0) == Refusal.governanceMalformed.code)
        }
        var change = new
        change.node.nodeID = trust.validators[1].node.nodeID
        #expect(try trust.submit(trust.proposal { $0.addValidator = change }, by: 0) == Refusal.governanceExists.code)
        #expect(try trust.submit(trust.proposal { _ in }, by: 0) == Refusal.governanceMalformed.code)
    }

    @Test func `never leaves nobody: the last one stays until another has joined`() throws {
        var trust = try TrustChain(weights: [1], spare: 1) { $0.parameters.epochMinimum = 6 }
        let removal = trust.removal(0)
        #expect(try trust.submit(trust.proposal { $0.removeValidator = removal }, by: 0) == Refusal.governanceLastValidator.code)
        let addition = try trust.addition(1)
        try trust.decide { $0.addValidator = addition }
        try trust.decide { $0.removeValidator = removal }
        #expect(try trust.view.pending().map(\.epoch) == [2, 1])
        try trust.reach(epoch: 2)
        #expect(trust.weights == [1: 1])
    }

    @Test func `can be called off before it is done`() throws {
        var trust = try TrustChain(weights: [1], spare: 1)
        let (addition, removal) = (try trust.addition(1), trust.removal(1))
        try trust.decide { $0.addValidator = addition }
        try trust.decide { $0.removeValidator = removal }
        #expect(try trust.record(1).status == .left)
        #expect(try trust.view.pending().isEmpty)
        try trust.endEpoch()
        #expect(trust.weights == [0: 1])
        #expect(try trust.submit(trust.proposal { $0.removeValidator = removal }, by: 0) == Refusal.governanceUnknownValidator.code)
    }

    @Test func `moves weight by decision alone, spread over epochs`() throws {
        var trust = try TrustChain(weights: [10, 10, 10, 10])
        let id = trust.validators[2].node.validator
        try trust.decide {
            $0.setVotingWeight.validator = id
            $0.setVotingWeight.votingWeight = 100
        }
        let pending = try #require(try trust.view.pending().first)
        #expect(pending.from == 10 && pending.to == 100)
        let expected = try #require(pending.epoch)
        try trust.reach(epoch: expected - 1)
        #expect(trust.weights[2].map { $0 > 10 && $0 < 100 } == true)
        try trust.reach(epoch: expected)
        #expect(trust.weights == [0: 10, 1: 10, 2: 100, 3: 10])
        let same = trust.proposal {
            $0.setVotingWeight.validator = id
            $0.setVotingWeight.votingWeight = 100
        }
        #expect(try trust.submit(same, by: 0) == Refusal.governanceNoChange.code)
    }
}

@Suite struct `Hostile messages about validators` {
    @Test func `are refused or taken, and the chain goes on (fuzz)`() throws {
        let seed: UInt64 = 0x60FF
        var generator = SeededGenerator(seed: seed)
        var trust = try TrustChain(weights: [1, 2, 3], spare: 1)
        let (addition, removal) = (try trust.addition(3), trust.removal(1))
        var update = WireUpdateEndpoint()
        update.validator = trust.validators[0].node.validator
        (update.nodeID, update.endpoint) = (.init(Hash32(3, 3, 3, 3).bytes), "host:1")
        let samples = [
            trust.proposal { $0.addValidator = addition }, trust.proposal { $0.removeValidator = removal },
            trust.proposal { $0.setParameters = trust.chain.genesis.parameters },
            trust.proposal {
                $0.setVotingWeight.validator = removal.validator
                $0.setVotingWeight.votingWeight = 9
            },
            try trust.rejoin(0, log: Hash32(9, 9, 9, 9)), WireMessage(.updateEndpoint(update)), trust.vote(Hash32(1, 1, 1, 1)),
        ].map { $0.encoded() }
        var taken = 0
        for round in 0..<600 {
            var bytes = samples[round % samples.count]
            for _ in 0..<generator.next() % 3 {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            guard let message = try? WireMessage(strictly: bytes, limit: Limits.transaction), message.kind != nil else { continue }
            if try trust.submit(message, by: Int(generator.next() % 4)) == 0 { taken += 1 }
            #expect(trust.plan.validators.totalWeight > 0, "seed \(seed) round \(round)")
        }
        #expect(taken > 10, "seed \(seed)")
    }
}

@Suite struct `Parameters` {
    @Test func `change at the end of the epoch, for every rule that reads them`() throws {
        var trust = try TrustChain(weights: [1])
        var parameters = trust.chain.genesis.parameters
        (parameters.minimumFee, parameters.epochLength) = (5, 4)
        try trust.decide { $0.setParameters = parameters }
        #expect(try trust.view.parameters().next == parameters)
        #expect(trust.plan.parameters == trust.chain.genesis.parameters)
        let cheap = trust.proposal { $0.setParameters = trust.chain.genesis.parameters }
        #expect(try trust.submit(cheap, by: 0) == 0)
        try trust.decide { $0.setParameters = parameters }
        try trust.endEpoch()
        #expect(trust.plan.parameters == parameters)
        #expect(try trust.submit(cheap, by: 0) == TransactionError.feeTooLow.code)
        let first = try trust.view.epoch().firstHeight
        try trust.endEpoch()
        #expect(try trust.view.epoch().firstHeight == first + 4)
    }

    @Test func `that a chain could not live with are refused`() throws {
        var trust = try TrustChain(weights: [1])
        var parameters = trust.chain.genesis.parameters
        #expect(try trust.submit(trust.proposal { $0.setParameters = parameters }, by: 0) == Refusal.governanceNoChange.code)
        parameters.epochMinimum = 1
        #expect(try trust.submit(trust.proposal { $0.setParameters = parameters }, by: 0) == Refusal.governanceMalformed.code)
    }
}
