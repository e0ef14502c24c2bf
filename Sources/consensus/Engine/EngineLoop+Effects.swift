import ChainTypes
import Dispatch
import LightClient
import Primitives
import Simplex
import Synchronization
import WireTypes

extension EngineLoop {
    // MARK: Effects

    /// Does what the replica asked for, and what comes of that, until nothing is left.
    mutating func carryOut(_ effects: inout [ReplicaEffect]) throws {
        while !effects.isEmpty {
            let batch = effects
            effects = []
            // One synchronisation serves the whole batch: nothing of it leaves before everything it signs is durable.
            if !isAlone {
                for case .persist(let entry) in batch { journal.append(entry) }
                try journal.syncVotes()
            }
            for effect in batch { try carryOut(effect, into: &effects) }
            build(into: &effects)
        }
        try journal.tidy(payloads: engine.payloads)
    }

    private mutating func carryOut(_ effect: ReplicaEffect, into effects: inout [ReplicaEffect]) throws {
        switch effect {
        case .persist(let entry): note(entry)
        case .broadcast(let message): if !isAlone { engine.network.broadcast(message) }
        case .send(let message, let position): engine.network.send(message, to: context.validators.members[position].key)
        case .setTimer(let timer, let delay): self.timer = (timer, .now() + .milliseconds(Int(delay)))
        case .build(let request): pending = PendingBuild(request: request)
        case .fetch(let block, let position): fetch(block, from: position, into: &effects)
        case .judge(let proposal): worker.judge(proposal.header)
        case .execute(let header): worker.execute(header)
        case .commit(let header, let certificate):
            if let began = proposed.removeValue(forKey: header.hash) { noteFinality(since: began) }
            worker.commit(header, certificate)
        case .synchronise(let target): engine.network.synchronise(target)
        case .behind(let epoch): engine.network.behind(epoch)
        case .equivocation(let first, let second): accuse(first, second)
        case .misbehaviour(let position, let error):
            engine.condition.withLock { $0.misbehaviours += 1 }
            engine.network.punish(context.validators.members[position].key, error)
        case .entered(let view, let leader): noteView(view, leader: leader)
        case .began(let context): try begin(context)
        }
    }

    private mutating func fetch(_ block: BlockReference, from position: Int?, into effects: inout [ReplicaEffect]) {
        if let payload = engine.payloads.takeEarly(block.hash) {
            engine.payloads.put(payload)
            if !isAlone { journal.append(payload) }
            return replica.received(payload: payload.header, into: &effects)
        }
        engine.network.fetch(block, from: position.map { context.validators.members[$0].key })
    }

    private mutating func accuse(_ first: Vote, _ second: Vote) {
        engine.condition.withLock { $0.equivocations += 1 }
        let validators = context.validators
        // Nobody is punished without weight, and nobody twice: the core reports each view.
        guard context.epoch == first.epoch, context.weight(first.signer) > 0,
            !evidence.contains(offender: validators.members[first.signer].key, epoch: first.epoch),
            let proven = try? ProvenEquivocation(
                EquivocationRules.evidence(first.wire, second.wire), validators: validators, profile: context.profile,
                chainID: context.chainID)
        else { return }
        if evidence.insert(proven, isOwn: true) { engine.network.share(proven) }
    }

    private mutating func begin(_ context: EpochContext) throws {
        self.context = context
        evidence.begin(epoch: context.epoch, validators: context.validators)
        try journal.begin(epoch: context.epoch, payloads: engine.payloads)
        engine.network.began(context)
        engine.condition.withLock { status in
            (status.epoch, status.votes) = (context.epoch, replica.mayVote)
        }
    }

    private mutating func noteView(_ view: UInt64, leader: Int) {
        pending = nil
        entered = (.now(), entered.now)
        let key = context.validators.members[leader].key
        if proposed.count > 64 { proposed = [:] }
        engine.condition.withLock { status in
            (status.view, status.leader) = (view, key)
            status.views += 1
        }
    }

    private func note(_ entry: LogEntry) {
        guard case .vote(let vote) = entry else { return }
        engine.condition.withLock { status in
            switch vote.ballot.kind {
            case .notarise: status.notariseVotes += 1
            case .nullify: status.nullifyVotes += 1
            case .finalise: status.finaliseVotes += 1
            case .unspecified, .UNRECOGNIZED: break
            }
        }
    }

    private func noteFinality(since began: DispatchTime) {
        let microseconds = (DispatchTime.now().uptimeNanoseconds - began.uptimeNanoseconds) / 1_000
        engine.condition.withLock { $0.ownFinality.add(microseconds: microseconds) }
    }

    // MARK: Time

    /// When something is to be done even if nothing comes.
    var deadline: DispatchTime {
        var deadline = timer?.deadline ?? .distantFuture
        if let pending, !pending.isRunning { deadline = min(deadline, buildTime) }
        return deadline
    }

    /// Fires the timer when its time is over, and tells the replica whether anybody has something to propose.
    mutating func tick(into effects: inout [ReplicaEffect]) {
        replica.work(hasWork, into: &effects)
        if let timer, timer.deadline <= .now() {
            self.timer = nil
            engine.condition.withLock { $0.timeouts += 1 }
            replica.timeout(timer.timer, into: &effects)
        }
        build(into: &effects)
    }

    private var hasWork: Bool { mustProve || !evidence.isIdle || engine.source.backlog > 0 }

    /// When the pending block is due: at once with a full block, after the block interval with anything, else when idling is over.
    private var buildTime: DispatchTime {
        if engine.source.backlog >= Int(parameters.maximumBlockTransactions) { return .now() }
        let interval = entered.before + .milliseconds(Int(engine.settings.blockInterval))
        return hasWork ? interval : max(interval, entered.now + .milliseconds(Int(parameters.idleInterval)))
    }

    private mutating func build(into effects: inout [ReplicaEffect]) {
        guard let pending, !pending.isRunning, buildTime <= .now(), let own = engine.keys.own else { return }
        self.pending?.isRunning = true
        worker.build(pending.request, proposer: own, evidence: evidence.candidates)
    }
}
