import ChainTypes
import Cryptography
import Execution
import FoundationEssentials
import LedgerSupport
import LightClient
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Proven equivocation` {
    @Test func `takes all voting weight at the end of the epoch, and the chain goes on`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1, 1, 1, 1])
        try trust.block(evidence: [try trust.equivocation(2), try trust.equivocation(5)])
        #expect(trust.chain.lastEvents.map(\.type) == ["trust.jailed", "trust.jailed"])
        #expect(trust.chain.lastEvents.map { Hash32($0.id) } == [trust.validators[2].id, trust.validators[5].id])
        #expect(trust.weights.values.allSatisfy { $0 == 1 })
        #expect(try trust.record(2).status == .jailed)
        try trust.endEpoch()
        #expect(trust.chain.height == 3)
        #expect(trust.weights == [0: 1, 1: 1, 2: 0, 3: 1, 4: 1, 5: 0, 6: 1])
        #expect(trust.plan.validators.members[2].leaderWeight == 0)
        for _ in 0..<30 { try trust.block() }
        #expect(try trust.record(2).proposals <= 1)
    }

    @Test func `is two notarise votes, two finalise votes, or finalising and nullifying, in one view`() throws {
        let trust = try TrustChain(weights: [1, 1, 1, 1])
        let (a, b) = (Hash32(1, 1, 1, 1), Hash32(2, 2, 2, 2))
        func isValid(_ first: WireVote, _ second: WireVote) throws -> Bool {
            try trust.isValid([EquivocationRules.evidence(first, second).encoded()])
        }
        #expect(try isValid(trust.ballot(1, .notarise, block: a), trust.ballot(1, .notarise, block: b)))
        #expect(try isValid(trust.ballot(1, .finalise, block: a), trust.ballot(1, .finalise, block: b)))
        #expect(try isValid(trust.ballot(1, .finalise, block: a), trust.ballot(1, .nullify)))
        #expect(try isValid(trust.ballot(1, .nullify), trust.ballot(1, .finalise, block: a)))
        // What an honest validator may do.
        #expect(try !isValid(trust.ballot(1, .notarise, block: a), trust.ballot(1, .nullify)))
        #expect(try !isValid(trust.ballot(1, .notarise, block: a), trust.ballot(1, .finalise, block: b)))
        #expect(try !isValid(trust.ballot(1, .notarise, block: a), trust.ballot(1, .notarise, block: a)))
        #expect(try !isValid(trust.ballot(1, .notarise, view: 1, block: a), trust.ballot(1, .notarise, view: 2, block: b)))
        #expect(try !isValid(trust.ballot(1, .notarise, block: a), trust.ballot(2, .notarise, block: b)))
    }

    @Test func `needs both signatures, of this chain and its profile, and the one order`() throws {
        let trust = try TrustChain(weights: [1, 1, 1, 1])
        let other = try TrustChain(weights: [1, 1, 1, 1], profile: .crash)
        let stranger = trust.validators[2].key
        let (a, b) = (Hash32(1, 1, 1, 1), Hash32(2, 2, 2, 2))
        let first = try trust.ballot(1, .notarise, block: a)
        for second in [
            try trust.ballot(1, .notarise, block: b, signedBy: stranger), try other.ballot(1, .notarise, block: b),
        ] {
            #expect(try !trust.isValid([EquivocationRules.evidence(first, second).encoded()]))
        }
        let second = try trust.ballot(1, .notarise, block: b)
        let good = EquivocationRules.evidence(second, first)
        #expect(try good == EquivocationRules.evidence(first, second) && trust.isValid([good.encoded()]))
        var reversed = good
        (reversed.first, reversed.second) = (good.second, good.first)
        #expect(try !trust.isValid([reversed.encoded()]))
        #expect(try !trust.isValid([good.encoded() + [0]]))
        var beyond = good
        (beyond.first.signer, beyond.second.signer) = (4, 4)
        #expect(try !trust.isValid([beyond.encoded()]))
    }

    @Test func `is judged for those who would pass it on: due, settled, unknown or forged`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1])
        let (a, b) = (Hash32(1, 1, 1, 1), Hash32(2, 2, 2, 2))
        func judge(_ bytes: [UInt8]) throws -> EvidenceJudgement { try trust.view.judge(evidence: bytes) }
        let evidence = try trust.equivocation(1)
        guard case .due(let proven) = try judge(evidence) else {
            Issue.record("true evidence is due")
            return
        }
        #expect(proven.bytes == evidence && proven.offender == trust.validators[1].id && proven.epoch == 0 && proven.signer == 1)

        // Signed by somebody else, wholly or by half.
        let (first, second) = (try trust.ballot(1, .notarise, block: a), try trust.ballot(1, .notarise, block: b))
        let stranger = trust.validators[2].key
        for half in [try trust.ballot(1, .notarise, block: b, signedBy: stranger), second] {
            let other = half == second ? try trust.ballot(1, .notarise, block: a, signedBy: stranger) : first
            #expect(try judge(EquivocationRules.evidence(other, half).encoded()) == .forged(.badSignature))
        }
        var beyond = EquivocationRules.evidence(first, second)
        (beyond.first.signer, beyond.second.signer) = (4, 4)
        #expect(try judge(beyond.encoded()) == .forged(.unknownValidator))
        #expect(try judge([1, 2, 3]) == .forged(.malformed))
        let honest = EquivocationRules.evidence(first, try trust.ballot(1, .nullify))
        #expect(try judge(honest.encoded()) == .forged(.notEquivocation))

        // An epoch that this state knows nothing of accuses nobody of forgery, whoever signed.
        for key in [nil, stranger] {
            let votes = try [a, b].map { try trust.ballot(1, .notarise, block: $0, epoch: 7, signedBy: key) }
            #expect(try judge(EquivocationRules.evidence(votes[0], votes[1]).encoded()) == .unknownEpoch)
        }
        try trust.block(evidence: [evidence])
        #expect(try judge(evidence) == .settled && judge(trust.equivocation(1, view: 2)) == .settled)
    }

    @Test func `counts once, however many offences of that time are brought`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1])
        let evidence = try trust.equivocation(1)
        let another = try trust.equivocation(1, view: 2)
        #expect(try !trust.isValid([evidence, evidence]) && !trust.isValid([evidence, another]))
        #expect(try trust.chain.admissible([evidence, another, evidence]) == [evidence])
        try trust.block(evidence: [evidence])
        #expect(try !trust.isValid([another]))
        // It still has its weight until the epoch ends; what it does with it is punished already.
        try trust.endEpoch()
        #expect(try !trust.isValid([another]))
        let jailed = trust.chain.state.values
        try trust.block(evidence: [another])
        #expect(trust.chain.state.values[StateKey.validator(trust.validators[1].id)] == jailed[StateKey.validator(trust.validators[1].id)])
    }

    @Test func `counts nothing against those without weight`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1])
        try trust.block(evidence: [try trust.equivocation(1)])
        try trust.endEpoch()
        try trust.endEpoch()
        #expect(trust.weights[1] == 0)
        #expect(try !trust.isValid([trust.equivocation(1)]))
        #expect(try trust.isValid([trust.equivocation(2)]))
    }

    @Test func `is bounded in a block, in number and bytes`() throws {
        let trust = try TrustChain(weights: Array(repeating: 1, count: 20))
        let evidence = try (0..<20).map { try trust.equivocation($0) }
        #expect(try trust.isValid(Array(evidence.prefix(Limits.evidencePerBlock))))
        #expect(try !trust.isValid(Array(evidence.prefix(Limits.evidencePerBlock + 1))))
        #expect(try trust.chain.admissible(evidence).count == Limits.evidencePerBlock)
        #expect(evidence.allSatisfy { $0.count < Limits.evidence / 2 })
    }

    @Test func `of an earlier epoch counts while its set is kept`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1]) { ($0.parameters.epochLength, $0.parameters.epochMinimum) = (2, 2) }
        let evidence = try trust.equivocation(1)
        try trust.reach(epoch: TrustEvidence.window - 1)
        #expect(try trust.isValid([evidence]))
        try trust.endEpoch()
        #expect(try !trust.isValid([evidence]))
        try trust.endEpoch()
        #expect(try trust.view.validatorSet(0) == nil && trust.view.validatorSet(2) != nil)
        #expect(try !trust.isValid([trust.equivocationOfNextEpoch(1)]))
    }

    @Test func `against everybody keeps the last set rather than halting, until governance brings others`() throws {
        var trust = try TrustChain(weights: [3, 2], spare: 1)
        let before = trust.plan.validators
        try trust.block(evidence: [try trust.equivocation(0), try trust.equivocation(1)])
        while !trust.plan.closes { try trust.block() }
        #expect(trust.plan.following == before)
        try trust.block()
        #expect(trust.chain.lastEvents.map(\.type) == ["trust.setKept"])
        #expect(try trust.record(0).status == .jailed && trust.record(0).votingWeight == 3)
        #expect(try !trust.view.epoch().changeWaits)
        let addition = try trust.addition(2, weight: 5)
        try trust.decide { $0.addValidator = addition }
        try trust.endEpoch()
        #expect(trust.weights == [0: 0, 1: 0, 2: 5])
    }

    @Test func `is forgiven by governance alone: the weight then returns at the pace of any change`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1])
        let evidence = try trust.equivocation(1)
        try trust.block(evidence: [evidence])
        try trust.endEpoch()
        #expect(trust.weights[1] == 0)
        let id = trust.validators[1].node.validator
        #expect(
            try trust.submit(trust.proposal { $0.unjail.validator = trust.validators[2].node.validator }, by: 0)
                == Refusal.governanceNotJailed.code)
        try trust.decide { $0.unjail.validator = id }
        #expect(try trust.record(1).status == .active)
        try trust.endEpoch()
        #expect(trust.weights == [0: 1, 1: 1, 2: 1, 3: 1])
        #expect(try !trust.isValid([evidence]))
        #expect(try trust.isValid([trust.equivocation(1)]))
    }

    @Test func `survives hostile bytes (fuzz)`() throws {
        let seed: UInt64 = 0xE71D
        var generator = SeededGenerator(seed: seed)
        let trust = try TrustChain(weights: [1, 1, 1, 1])
        let good = try trust.equivocation(1)
        for round in 0..<1_000 {
            var bytes = good
            for _ in 0...(generator.next() % 3) {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            if round % 5 == 0 { bytes = generator.bytes(Int(generator.next() % 600)) }
            let isValid = try trust.isValid([bytes])
            #expect(!isValid || bytes == good, "seed \(seed) round \(round)")
        }
    }
}

extension MemoryChain {
    func admissible(_ evidence: [[UInt8]]) throws -> [[UInt8]] {
        try executor.admissibleEvidence(evidence, context: BlockContext(try nextHeader()), on: state)
    }
}

extension TrustChain {
    func isValid(_ evidence: [[UInt8]]) throws -> Bool {
        try chain.executor.isValidEvidence(evidence, context: BlockContext(try chain.nextHeader()), on: chain.state)
    }

    func equivocationOfNextEpoch(_ position: Int) throws -> [UInt8] {
        EquivocationRules.evidence(
            try ballot(position, .notarise, block: Hash32(1, 1, 1, 1), epoch: plan.epoch + 1),
            try ballot(position, .notarise, block: Hash32(2, 2, 2, 2), epoch: plan.epoch + 1)
        ).encoded()
    }
}
