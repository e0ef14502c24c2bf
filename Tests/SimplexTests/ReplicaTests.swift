import ChainTypes
import Primitives
import Simplex
import Simulator
import Testing
import WireTypes

@Suite struct `A replica` {
    private typealias TestReplica = Replica<SimulatedVoteKeys>

    private func replica(_ committee: Committee, own: Int) -> TestReplica {
        Replica(
            TestReplica.Origin(
                chainID: "rules", profile: .byzantine, ownKey: committee.keys[own], head: committee.base,
                plan: EpochPlan(epoch: committee.epoch, validators: committee.set), base: committee.base),
            keys: SimulatedVoteKeys(committee.keys[own]))
    }

    private func builds(_ effects: [ReplicaEffect]) -> [BuildRequest] {
        effects.compactMap { if case .build(let request) = $0 { request } else { nil } }
    }

    private func commits(_ effects: [ReplicaEffect]) -> [Hash32] {
        effects.compactMap { if case .commit(let header, _) = $0 { header.hash } else { nil } }
    }

    /// Delivers the payload of `header` and executes it.
    private func obtain(_ header: BlockHeader, _ replica: inout TestReplica, _ effects: inout [ReplicaEffect]) {
        replica.received(payload: header, into: &effects)
        replica.executed(header.hash, into: &effects)
    }

    @Test func `commits from the head upward what is final, fetched and executed`() throws {
        let committee = try Committee()
        var replica = replica(committee, own: 3)
        let first = try committee.block(view: 1, after: committee.base)
        let second = try committee.block(view: 2, after: first.reference)
        var effects: [ReplicaEffect] = []
        replica.start(into: &effects)
        replica.receive(.certificate(committee.certificate(second.ballot(.finalise), by: [0, 1, 2])), from: 1, into: &effects)
        #expect(replica.isWanted(second.hash) && !replica.isWanted(first.hash))
        replica.received(payload: second, into: &effects)
        #expect(replica.isWanted(first.hash) && commits(effects).isEmpty)
        obtain(first, &replica, &effects)
        replica.executed(second.hash, into: &effects)
        #expect(commits(effects) == [first.hash, second.hash])
        #expect(replica.head == second.reference)
    }

    @Test func `judges a proposal only with its payload and its parent's state`() throws {
        let committee = try Committee()
        var replica = replica(committee, own: 3)
        let first = try committee.block(view: 1, after: committee.base)
        let second = try committee.block(view: 2, after: first.reference)
        func judged(_ effects: [ReplicaEffect]) -> Int { effects.count { if case .judge = $0 { true } else { false } } }
        var effects: [ReplicaEffect] = []
        replica.start(into: &effects)
        replica.receive(.certificate(committee.certificate(first.ballot(.notarise), by: [0, 1, 2])), from: 1, into: &effects)
        replica.receive(.proposal(committee.proposal(second)), from: 1, into: &effects)
        replica.received(payload: second, into: &effects)
        #expect(judged(effects) == 0)
        replica.received(payload: first, into: &effects)
        #expect(judged(effects) == 0)
        replica.executed(first.hash, into: &effects)
        #expect(judged(effects) == 1)
    }

    @Test func `nothing is built on an epoch's last block in that epoch`() throws {
        let committee = try Committee()
        // Leads view 2.
        var replica = replica(committee, own: 1)
        let last = try committee.block(view: 1, after: committee.base, isLast: true)
        var effects: [ReplicaEffect] = []
        replica.start(into: &effects)
        replica.receive(.proposal(committee.proposal(last)), from: 0, into: &effects)
        obtain(last, &replica, &effects)
        replica.receive(.certificate(committee.certificate(last.ballot(.finalise), by: [0, 2, 3])), from: 0, into: &effects)
        replica.executed(last.hash, into: &effects)
        #expect(commits(effects) == [last.hash])
        #expect(builds(effects).isEmpty)
    }

    @Test func `an epoch's last block that is notarised only is proposed again`() throws {
        let committee = try Committee()
        var replica = replica(committee, own: 1)
        let last = try committee.block(view: 1, after: committee.base, isLast: true)
        var effects: [ReplicaEffect] = []
        replica.start(into: &effects)
        replica.receive(.certificate(committee.certificate(last.ballot(.notarise), by: [0, 2, 3])), from: 0, into: &effects)
        obtain(last, &replica, &effects)
        let proposals = effects.compactMap { effect -> Proposal? in
            if case .broadcast(.proposal(let proposal)) = effect { proposal } else { nil }
        }
        #expect(builds(effects).isEmpty && proposals.map(\.view) == [2] && proposals.allSatisfy { $0.header == last && $0.isRepeated })
    }

    @Test func `messages of the next epoch wait for it under their sender's new position`() throws {
        let old = try Committee()
        var replica = replica(old, own: 3)
        let last = try old.block(view: 1, after: old.base, isLast: true)
        // In the next epoch the same validators stand in other positions.
        let order = [3, 2, 1, 0]
        let set = try ValidatorSet(order.map { ValidatorSet.Member(key: old.keys[$0], votingWeight: 1, leaderWeight: 1) })
        let next = EpochContext(
            chainID: "rules", profile: .byzantine, epoch: 1, validators: set, ownKey: old.keys[0], base: last.reference)
        let keys = SimulatedVoteKeys(old.keys[0])
        // Validator 0, now at position 3, sends a vote with a bad signature.
        let bad = Vote(epoch: 1, ballot: .nullify(1), signer: 2, signature: keys.sign(next.statement(.nullify(1))))
        var effects: [ReplicaEffect] = []
        replica.start(into: &effects)
        replica.receive(.vote(bad), from: 0, into: &effects)
        replica.receive(.certificate(old.certificate(last.ballot(.finalise), by: [0, 1, 2])), from: 0, into: &effects)
        obtain(last, &replica, &effects)
        #expect(commits(effects) == [last.hash])
        replica.begin(EpochPlan(epoch: 1, validators: set), into: &effects)
        let blamed = effects.compactMap { effect -> Int? in if case .misbehaviour(let signer, _) = effect { signer } else { nil } }
        #expect(blamed == [3])
    }

    @Test func `far behind it synchronises instead of fetching`() throws {
        let committee = try Committee()
        var replica = replica(committee, own: 3)
        let far = BlockReference(hash: Hash32(1, 1, 1, 1), height: 40)
        let target = try committee.block(view: 50, after: far)
        var effects: [ReplicaEffect] = []
        replica.start(into: &effects)
        let certificate = committee.certificate(target.ballot(.finalise), by: [0, 1, 2])
        replica.receive(.certificate(certificate), from: 1, into: &effects)
        let wanted = effects.compactMap { if case .synchronise(let block) = $0 { block } else { nil } }
        #expect(wanted == [target.reference])
        replica.synchronised(
            head: target.reference, plan: EpochPlan(epoch: 0, validators: committee.set), base: committee.base, certificate: certificate,
            into: &effects)
        #expect(replica.head == target.reference && replica.view == 51)
    }

    @Test func `a certificate for a block above is kept when the chain is brought halfway there`() throws {
        let committee = try Committee()
        var replica = replica(committee, own: 3)
        let first = try committee.block(view: 1, after: committee.base)
        let last = try committee.block(view: 2, after: first.reference, isLast: true)
        let certificate = committee.certificate(last.ballot(.finalise), by: [0, 1, 2])
        var effects: [ReplicaEffect] = []
        replica.start(into: &effects)
        replica.receive(.certificate(certificate), from: 1, into: &effects)
        replica.synchronised(
            head: first.reference, plan: EpochPlan(epoch: 0, validators: committee.set), base: committee.base, certificate: nil,
            into: &effects)
        obtain(last, &replica, &effects)
        let committed = effects.compactMap { effect -> (BlockHeader, WireCertificate?)? in
            if case .commit(let header, let certificate) = effect { (header, certificate) } else { nil }
        }
        #expect(committed.map(\.0) == [last] && committed.first?.1 == certificate)
    }
}
