import ChainTypes
import Dispatch
import Primitives
import Simplex
import Synchronization
import WireTypes

/// The voting thread: inputs to the replica, the replica's effects to log, network, clock and ledger.
struct EngineLoop: ~Copyable {
    let engine: SimplexEngine
    let worker: LedgerWorker
    var replica: Replica<ValidatorKeys>
    var journal: Journal
    var evidence = EvidencePool()
    var timer: (timer: ViewTimer, deadline: DispatchTime)?
    var pending: PendingBuild?
    /// When the present view and the one before it began.
    var entered = (now: DispatchTime.now(), before: DispatchTime.now())
    /// Whether the newest block has results that no header proves yet; after a start nobody knows.
    var mustProve = true
    /// When an own block was made, by hash, to tell how long finality took.
    var proposed: [Hash32: DispatchTime] = [:]
    /// The chain's rules in the present epoch.
    var parameters: WireParameters
    /// The epoch that the effect being carried out belongs to: the replica may be in the next one already.
    var context: EpochContext

    struct PendingBuild {
        let request: BuildRequest
        var isRunning = false
    }

    init(_ engine: SimplexEngine, worker: LedgerWorker) throws {
        (self.engine, self.worker) = (engine, worker)
        let head = engine.application.head
        let reference = BlockReference(hash: head.blockHash, height: head.height)
        let opened = try Journal.open(engine, head: reference, plan: head.plan)
        journal = opened.journal
        let log = engine.settings.logPath == nil ? nil : journal.name
        engine.condition.withLock { $0.log = log }
        for payload in opened.payloads { engine.payloads.put(payload) }
        var origin = Replica<ValidatorKeys>.Origin(
            chainID: engine.genesis.chainID, profile: engine.genesis.wire.profile, ownKey: engine.keys.own, head: reference,
            plan: head.plan, base: engine.history.base)
        origin.settings.viewTimeout = engine.settings.viewTimeout
        parameters = head.plan.parameters
        origin.settings.idleInterval = parameters.idleInterval
        origin.votesFrom = opened.votesFrom
        replica = Replica(origin, keys: engine.keys, log: opened.entries, payloads: opened.payloads.map(\.header))
        context = replica.context
    }

    mutating func run() throws {
        var effects: [ReplicaEffect] = []
        replica.start(into: &effects)
        try carryOut(&effects)
        while let inputs = engine.mailbox.take(until: deadline) {
            for input in inputs { try take(input, into: &effects) }
            tick(into: &effects)
            try carryOut(&effects)
        }
    }

    private mutating func take(_ input: EngineInput, into effects: inout [ReplicaEffect]) throws {
        switch input {
        case .message(let message, let sender): receive(message, from: sender, into: &effects)
        case .payload(let payload): receive(payload, into: &effects)
        case .evidence(let proven): if evidence.insert(proven, isOwn: false) { engine.network.share(proven) }
        case .arrival: break
        case .install(let blocks): worker.install(blocks)
        case .votes(let epoch):
            journal.votes(from: epoch)
            try journal.sync()
            replica.votes(from: epoch)
        case .answer(let answer): try take(answer, into: &effects)
        }
    }

    private mutating func receive(_ message: ConsensusMessage, from sender: Hash32?, into effects: inout [ReplicaEffect]) {
        // Positions are those of the replica's epoch, whatever the message's.
        let position = sender.flatMap { key in replica.context.validators.members.firstIndex { $0.key == key } }
        replica.receive(message, from: position, into: &effects)
    }

    private mutating func receive(_ payload: BlockPayload, into effects: inout [ReplicaEffect]) {
        guard replica.isWanted(payload.header.hash) else {
            if payload.header.height > replica.head.height { engine.payloads.putEarly(payload) }
            return
        }
        keep(payload)
        replica.received(payload: payload.header, into: &effects)
    }

    /// A payload is in the log before anybody hears that it is held.
    private mutating func keep(_ payload: BlockPayload) {
        engine.payloads.put(payload)
        if !isAlone { journal.append(payload) }
    }

    private mutating func take(_ answer: LedgerAnswer, into effects: inout [ReplicaEffect]) throws {
        switch answer {
        case .built(let request, let payload, let refused):
            evidence.refused(refused)
            guard pending?.request == request else { return }
            pending = nil
            guard let payload else { return }
            proposed[payload.header.hash] = .now()
            keep(payload)
            engine.condition.withLock { $0.proposals += 1 }
            if !isAlone { engine.network.distribute(payload) }
            replica.built(payload.header, view: request.view, into: &effects)
        case .judged(let hash, let isValid): replica.judged(hash, isValid: isValid, into: &effects)
        case .executed(let hash):
            if let payload = engine.payloads[hash] { mustProve = !payload.content.transactions.isEmpty }
            replica.executed(hash, into: &effects)
        case .committed(let header, let outcome, let included):
            evidence.included(included, epoch: header.epoch)
            journal.committed(header.height, erasesSidecars: outcome.erasesSidecars)
            guard header.lastOfEpoch, replica.head.hash == header.hash else { return }
            follow(outcome.plan.parameters)
            replica.begin(outcome.plan, into: &effects)
        case .installed(let head, let plan, let base, let certificate):
            let base = base ?? replica.context.base
            follow(plan.parameters)
            replica.synchronised(head: head, plan: plan, base: base, certificate: certificate, into: &effects)
        case .failed(let error): throw error
        }
    }

    private mutating func follow(_ parameters: WireParameters) {
        self.parameters = parameters
        replica.idle(for: parameters.idleInterval)
    }

    /// Whether this validator decides alone: then nothing is sent, and a block is shown to nobody before it is durable.
    var isAlone: Bool { replica.context.own != nil && replica.context.validators.members.count == 1 }
}
