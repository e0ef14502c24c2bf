import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import LightClient
import Primitives
import Testing
import WireTypes

/// Validators who all voted twice, in any epoch.
private struct Offenders {
    let keys: [SigningKey]
    let set: ValidatorSet

    init(_ count: Int) throws {
        keys = try (0..<count).map { try SigningKey.ed25519(seed: Hash32(7, 7, 7, UInt64($0)).bytes) }
        set = try ValidatorSet(
            keys.map { key in
                guard case .ed25519(let bytes) = key.verificationKey else { throw CancellationError() }
                return ValidatorSet.Member(key: bytes, votingWeight: 1, leaderWeight: 1)
            })
    }

    func evidence(_ signer: Int, epoch: UInt64 = 0, view: UInt64 = 1, signedBy key: SigningKey? = nil) throws -> ProvenEquivocation {
        func vote(_ block: Hash32) throws -> WireVote {
            var vote = WireVote()
            (vote.epoch, vote.view, vote.height, vote.kind, vote.signer) = (epoch, view, 1, .notarise, UInt32(signer))
            vote.block = .init(block.bytes)
            let statement = EquivocationRules.statement(vote, profile: .byzantine, chainID: "pool")
            vote.signature = .init(try (key ?? keys[signer]).sign(statement, context: .vote))
            return vote
        }
        let evidence = EquivocationRules.evidence(try vote(Hash32(1, 1, 1, 1)), try vote(Hash32(2, 2, 2, 2)))
        return try ProvenEquivocation(evidence, validators: set, profile: .byzantine, chainID: "pool")
    }
}

@Suite struct `Evidence that waits for a block` {
    @Test func `is never forged`() throws {
        let offenders = try Offenders(2)
        #expect(throws: LightClientError.badSignature) { try offenders.evidence(0, signedBy: offenders.keys[1]) }
        #expect(throws: LightClientError.unknownValidator) { try offenders.evidence(2, signedBy: offenders.keys[1]) }
        #expect(try offenders.evidence(1).offender == offenders.set.members[1].key)
    }

    @Test func `is one piece an offender, whatever else it did`() throws {
        let offenders = try Offenders(2)
        var pool = EvidencePool()
        let first = try offenders.evidence(0)
        var taken = pool.insert(first, isOwn: false)
        #expect(taken && pool.contains(offender: first.offender, epoch: 0) && !pool.contains(offender: first.offender, epoch: 1))
        for other in try [first, offenders.evidence(0, view: 2), offenders.evidence(0, epoch: 1)] {
            taken = pool.insert(other, isOwn: false)
            #expect(!taken)
        }
        taken = pool.insert(try offenders.evidence(1), isOwn: false)
        #expect(taken && pool.count == 2)
        // It was seen here again: that counts for longer.
        taken = pool.insert(try offenders.evidence(0, epoch: 1), isOwn: true)
        #expect(taken && pool.count == 2 && pool.candidates.count == 2)
    }

    @Test func `what others bring is bounded, and goes when this node saw something itself`() throws {
        let offenders = try Offenders(EvidencePool.maximum + 20)
        var pool = EvidencePool()
        for signer in 0..<EvidencePool.maximum + 10 {
            let taken = pool.insert(try offenders.evidence(signer), isOwn: false)
            #expect(taken == (signer < EvidencePool.maximum))
        }
        var own: [[UInt8]] = []
        for signer in EvidencePool.maximum + 5..<EvidencePool.maximum + 20 {
            let evidence = try offenders.evidence(signer)
            let taken = pool.insert(evidence, isOwn: true)
            #expect(taken)
            own.append(evidence.bytes)
        }
        #expect(pool.count == EvidencePool.maximum)
        #expect(pool.candidates.count == Limits.evidencePerBlock && Array(pool.candidates.prefix(own.count)) == own)
        // Nothing of others displaces it, and what it displaced may come again once there is room.
        var taken = pool.insert(try offenders.evidence(EvidencePool.maximum), isOwn: false)
        #expect(!taken)
        pool.included([own[0]], epoch: 0)
        taken = pool.insert(try offenders.evidence(EvidencePool.maximum - 1), isOwn: false)
        #expect(taken && pool.count == EvidencePool.maximum)
    }

    @Test func `goes with any proof of the same offence in a final block, and does not come back`() throws {
        let offenders = try Offenders(2)
        var pool = EvidencePool()
        let (first, other) = (try offenders.evidence(0), try offenders.evidence(1))
        for evidence in [first, other] { _ = pool.insert(evidence, isOwn: true) }
        pool.included([try offenders.evidence(0, view: 9).bytes], epoch: 0)
        #expect(pool.candidates == [other.bytes])
        let taken = pool.insert(first, isOwn: true)
        #expect(!taken && pool.count == 1)
    }

    @Test func `goes when its epoch is too long ago`() throws {
        let offenders = try Offenders(1)
        var pool = EvidencePool()
        let evidence = try offenders.evidence(0, epoch: 3)
        _ = pool.insert(evidence, isOwn: true)
        pool.begin(epoch: 3 + EquivocationRules.window - 1, validators: offenders.set)
        #expect(pool.candidates == [evidence.bytes])
        pool.begin(epoch: 3 + EquivocationRules.window, validators: offenders.set)
        #expect(pool.count == 0 && !pool.contains(offender: evidence.offender, epoch: 3))
        let taken = pool.insert(evidence, isOwn: true)
        #expect(!taken && pool.isIdle)
    }

    /// The block whose state refused it may be given up, and the punishment with it.
    @Test func `rests until the next epoch whenever it is refused, and goes when it is too old`() throws {
        let offenders = try Offenders(1)
        var pool = EvidencePool()
        let evidence = try offenders.evidence(0)
        pool.begin(epoch: 0, validators: offenders.set)
        _ = pool.insert(evidence, isOwn: true)
        #expect(!pool.isIdle)
        pool.refused([evidence.bytes])
        #expect(pool.isIdle && pool.candidates.isEmpty && pool.count == 1)
        for epoch: UInt64 in 1...3 {
            pool.begin(epoch: epoch, validators: offenders.set)
            #expect(!pool.isIdle && pool.candidates == [evidence.bytes])
            pool.refused([evidence.bytes])
            #expect(pool.isIdle && pool.candidates.isEmpty && pool.count == 1)
        }
        pool.begin(epoch: EquivocationRules.window, validators: offenders.set)
        #expect(pool.count == 0)
    }

    @Test func `needs no block of its own once its offender has no weight`() throws {
        let offenders = try Offenders(2)
        var pool = EvidencePool()
        pool.begin(epoch: 0, validators: offenders.set)
        let evidence = try offenders.evidence(0)
        _ = pool.insert(evidence, isOwn: true)
        #expect(!pool.isIdle)
        let rest = offenders.set.members.map { member in
            ValidatorSet.Member(
                key: member.key, votingWeight: member.key == evidence.offender ? 0 : member.votingWeight, leaderWeight: member.leaderWeight)
        }
        pool.begin(epoch: 1, validators: try ValidatorSet(rest))
        #expect(pool.isIdle && pool.candidates == [evidence.bytes])
    }

    @Test func `fills no mailbox`() throws {
        let federation = try TestFederation(validators: 4)
        let member = try Member(federation, 0, hub: LoopbackHub())
        let evidence = try Offenders(1).evidence(0)
        // Nobody reads: the engine does not run.
        let taken = (0..<EvidencePool.maximum + 44).count { _ in member.engine.deliver(evidence) }
        #expect(taken == EvidencePool.maximum && member.engine.droppedMessages == 44)
    }
}
