import ChainTypes
import FoundationEssentials
import Primitives
import Simplex
import Simulator
import Testing
import WireTypes

/// The leader of view v is validator (v − 1) mod 4; the replica under test is another one unless a test says so.
@Suite struct `Rules of a view` {
    @Test func `one vote to notarise a view, whatever else is proposed`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let (first, second) = (
            try committee.block(view: 1, after: committee.base), try committee.block(view: 1, after: committee.base, salt: 1)
        )
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.proposal(committee.proposal(first)), from: 0, into: &effects)
        core.examined(first.hash, view: 1, isValid: true, into: &effects)
        core.receive(.proposal(committee.proposal(second)), from: 0, into: &effects)
        core.examined(second.hash, view: 1, isValid: true, into: &effects)
        #expect(effects.examined == [first.hash])
        #expect(effects.votes(of: 3) == [first.ballot(.notarise)])
        #expect(effects.accused == [0])
    }

    @Test func `a vote leaves only after it is in the log`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.timeout(ViewTimer(epoch: 0, view: 1), into: &effects)
        let logged = effects.firstIndex { if case .persist(.vote) = $0 { true } else { false } }
        let sent = effects.firstIndex { if case .broadcast(.vote) = $0 { true } else { false } }
        #expect(try #require(logged) < #require(sent))
    }

    @Test func `a view that was given up is never finalised`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let block = try committee.block(view: 1, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.timeout(ViewTimer(epoch: 0, view: 1), into: &effects)
        core.receive(.certificate(committee.certificate(block.ballot(.notarise), by: [0, 1, 2])), from: 1, into: &effects)
        #expect(core.view == 2)
        #expect(effects.votes(of: 3).allSatisfy { $0 == .nullify(1) })
    }

    @Test func `a view that was finalised is never given up, after a restart either`() throws {
        let committee = try Committee()
        let block = try committee.block(view: 1, after: committee.base)
        var core = committee.core(3)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.certificate(committee.certificate(block.ballot(.notarise), by: [0, 1, 2])), from: 1, into: &effects)
        #expect(effects.votes(of: 3) == [block.ballot(.finalise)])
        // Even if the log lost the certificate in front of the vote.
        let votes = effects.persisted.filter { if case .vote = $0 { true } else { false } }
        var again = committee.core(3, log: votes)
        var later: [CoreEffect] = []
        again.start(into: &later)
        again.timeout(ViewTimer(epoch: 0, view: 1), into: &later)
        #expect(!later.votes(of: 3).contains(.nullify(1)))
    }

    @Test func `a proposal waits until the views after its parent are known to be nullified`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let first = try committee.block(view: 1, after: committee.base)
        let third = try committee.block(view: 3, after: first.reference)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.certificate(committee.certificate(first.ballot(.notarise), by: [0, 1, 2])), from: 1, into: &effects)
        core.receive(.proposal(committee.proposal(third)), from: 2, into: &effects)
        // The view before the proposal ends with a block: the proposal ignores it.
        let second = try committee.block(view: 2, after: first.reference)
        core.receive(.certificate(committee.certificate(second.ballot(.notarise), by: [0, 1, 2])), from: 1, into: &effects)
        #expect(core.view == 3)
        #expect(effects.examined.isEmpty)
        #expect(effects.requests.last?.contains(2) == true)
        core.receive(.certificate(committee.certificate(.nullify(2), by: [0, 1, 2])), from: 1, into: &effects)
        #expect(effects.examined == [third.hash])
    }

    @Test func `a proposal beside the final block is given up at once`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let first = try committee.block(view: 1, after: committee.base)
        let stale = try committee.block(view: 2, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.certificate(committee.certificate(first.ballot(.finalise), by: [0, 1, 2])), from: 1, into: &effects)
        effects = []
        core.receive(.proposal(committee.proposal(stale)), from: 1, into: &effects)
        #expect(effects.votes(of: 3) == [.nullify(2)])
    }

    @Test func `a header whose height does not follow its parent's is given up`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let high = try committee.block(view: 1, after: committee.base, heightAbove: 1_000)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.proposal(committee.proposal(high)), from: 0, into: &effects)
        #expect(effects.examined.isEmpty)
        #expect(effects.votes(of: 3) == [.nullify(1)])
    }

    @Test func `an invalid proposal is given up`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let block = try committee.block(view: 1, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.proposal(committee.proposal(block)), from: 0, into: &effects)
        core.examined(block.hash, view: 1, isValid: false, into: &effects)
        #expect(effects.votes(of: 3) == [.nullify(1)])
    }

    @Test func `a leader builds on the newest notarised block`() throws {
        let committee = try Committee()
        var core = committee.core(2)
        let first = try committee.block(view: 1, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.certificate(committee.certificate(first.ballot(.notarise), by: [0, 1, 3])), from: 1, into: &effects)
        core.receive(.certificate(committee.certificate(.nullify(2), by: [0, 1, 3])), from: 1, into: &effects)
        #expect(core.view == 3)
        #expect(effects.proposed == [first.reference])
    }

    @Test func `a leader with a gap asks before it builds`() throws {
        let committee = try Committee()
        var core = committee.core(2)
        let first = try committee.block(view: 1, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.certificate(committee.certificate(.nullify(2), by: [0, 1, 3])), from: 1, into: &effects)
        #expect(effects.proposed.isEmpty && effects.requests == [1...1])
        core.receive(.certificate(committee.certificate(first.ballot(.notarise), by: [0, 1, 3])), from: 1, into: &effects)
        #expect(effects.proposed == [first.reference])
    }

    @Test(arguments: [
        (WireQuorumProfile.byzantine, [UInt64](repeating: 1, count: 3), 2, false), (.byzantine, [1, 1, 1], 3, true),
        (.byzantine, [5, 3, 1], 2, true), (.byzantine, [4, 2, 3], 2, false), (.crash, [1, 1, 1, 1], 2, false),
        (.crash, [1, 1, 1, 1], 3, true),
    ])
    func `a quorum is strictly more than its share`(profile: WireQuorumProfile, weights: [UInt64], signers: Int, isQuorum: Bool) throws {
        let committee = try Committee(weights: weights, profile: profile)
        var core = committee.core(0)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        // The first validator leads and says nothing: its own vote does not count here.
        var certificate = committee.certificate(.nullify(1), by: Array(0..<signers))
        core.receive(.certificate(certificate), from: 1, into: &effects)
        #expect((core.view == 2) == isQuorum)
        #expect(effects.blamed == (isQuorum ? [] : [1]))
        certificate.signatures[0] = .init([UInt8](repeating: 1, count: 64))
        var other = committee.core(0)
        other.start(into: &effects)
        other.receive(.certificate(certificate), from: 1, into: &effects)
        #expect(other.view == 1)
    }

    @Test func `whoever lost its log says nothing until its epoch`() throws {
        let committee = try Committee()
        var core = committee.core(0, mayVote: false)
        let block = try committee.block(view: 2, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.timeout(ViewTimer(epoch: 0, view: 1), into: &effects)
        core.receive(.certificate(committee.certificate(.nullify(1))), from: 1, into: &effects)
        core.receive(.proposal(committee.proposal(block)), from: 1, into: &effects)
        core.examined(block.hash, view: 2, isValid: true, into: &effects)
        core.receive(.certificate(committee.certificate(block.ballot(.notarise))), from: 1, into: &effects)
        #expect(core.view == 3 && effects.votes(of: 0).isEmpty && effects.proposed.isEmpty)
    }
}
