import ChainTypes
import Primitives
import WireTypes

/// A validator or follower of one chain: the voting of each epoch, the tree of blocks that are not final yet, and what must be fetched,
/// judged, executed and committed, in order. A pure state machine; the machine and the simulator are the two shells around it.
package struct Replica<Keys: VoteKeys>: ~Copyable {
    /// What a replica is made from.
    package struct Origin: Sendable {
        package var chainID: String
        package var profile: WireQuorumProfile
        /// `nil` for one that only follows.
        package var ownKey: Hash32?
        package var settings = SimplexSettings()
        /// The first epoch that it may vote in: 0, or later when its log was lost.
        package var votesFrom: UInt64 = 0
        package var plantedBug: PlantedBug?
        /// The committed head, and the plan of the block after it.
        package var head: BlockReference
        package var plan: EpochPlan
        /// The last block of the epoch before the plan's, or the genesis.
        package var base: BlockReference

        package init(
            chainID: String, profile: WireQuorumProfile, ownKey: Hash32?, head: BlockReference, plan: EpochPlan, base: BlockReference
        ) {
            (self.chainID, self.profile, self.ownKey, self.head, self.plan, self.base) = (chainID, profile, ownKey, head, plan, base)
        }
    }

    /// How many messages of one sender wait for the next epoch.
    private static var keptMessages: Int { 32 }

    var origin: Origin
    private let keys: Keys
    var core: SimplexCore<Keys>
    var tree: BlockTree
    var building: Building?
    /// Proposals under examination, by block.
    var examinations: [Hash32: Proposal] = [:]
    /// The newest block known to be final.
    var target: BlockReference?
    var finalisations: [Hash32: WireCertificate] = [:]
    /// Messages of the next epoch, by the key of their sender: its position may be another there. `nil` for whoever is no member yet.
    private var early: [(message: ConsensusMessage, sender: Hash32?)] = []
    /// What ended the epoch before, for those who are still in it.
    private var lastOfPrevious: WireCertificate?
    var synchronising: BlockReference?
    /// The epoch's last block is committed and the next plan not here yet.
    var isBetweenEpochs = false

    struct Building {
        let view: UInt64
        let parent: BlockReference
        var isRequested = false
    }

    /// - Parameters:
    ///   - log: what this replica persisted in the plan's epoch, in order; empty on a new chain.
    ///   - payloads: headers of blocks above the head whose payloads the log holds.
    package init(_ origin: Origin, keys: Keys, log: [LogEntry] = [], payloads: [BlockHeader] = []) {
        self.origin = origin
        self.keys = keys
        core = SimplexCore(
            context: Self.context(origin, plan: origin.plan, base: origin.base), keys: keys, settings: origin.settings,
            mayVote: origin.plan.epoch >= origin.votesFrom, log: log)
        tree = BlockTree(head: origin.head)
        for header in payloads {
            tree.note(header)
            tree.change(header.hash) { $0.hasPayload = true }
        }
        for case .certificate(let certificate) in log where certificate.kind == .finalise && certificate.epoch == origin.plan.epoch {
            finalisations[certificate.ballot.block] = certificate
        }
    }

    private static func context(_ origin: Origin, plan: EpochPlan, base: BlockReference) -> EpochContext {
        EpochContext(
            chainID: origin.chainID, profile: origin.profile, epoch: plan.epoch, validators: plan.validators, ownKey: origin.ownKey,
            base: base, plantedBug: origin.plantedBug)
    }

    package var context: EpochContext { core.context }
    package var view: UInt64 { core.view }
    package var head: BlockReference { tree.head }
    package var leader: Int { core.leader }
    /// The view of the newest final block of the epoch; 0 while that is the epoch's base.
    package var finalView: UInt64 { core.finalView }
    package var mayVote: Bool { core.mayVote }
    /// The newest block known to be final; not before the head.
    package var final: BlockReference { core.final.height > head.height ? core.final : head }

    /// Whether a fetch is still of use.
    package func isWanted(_ hash: Hash32) -> Bool { tree[hash].map { !$0.hasPayload } ?? false }

    package mutating func start(into effects: inout [ReplicaEffect]) {
        effects.append(.began(context))
        drive(into: &effects) { core, out in core.start(into: &out) }
        if core.final.height > head.height { target = core.final }
        progress(into: &effects)
    }

    package mutating func receive(_ message: ConsensusMessage, from sender: Int?, into effects: inout [ReplicaEffect]) {
        let epoch = context.epoch
        if message.epoch == epoch, !isBetweenEpochs {
            return drive(into: &effects) { core, out in core.receive(message, from: sender, into: &out) }
        }
        if message.epoch < epoch {
            // Only one who gives up a view, or asks, has missed the epoch's end.
            guard let sender, let lastOfPrevious, lastOfPrevious.epoch == message.epoch, message.isCallForHelp else { return }
            return effects.append(.send(.certificate(lastOfPrevious), to: sender))
        }
        if message.epoch == epoch + 1 { keep(message, from: sender.map { context.validators.members[$0].key }) }
        if message.epoch > epoch, !isBetweenEpochs { effects.append(.behind(epoch: message.epoch)) }
    }

    private mutating func keep(_ message: ConsensusMessage, from sender: Hash32?) {
        let bound = sender == nil ? Self.keptMessages * 8 : Self.keptMessages
        guard early.reduce(0, { $1.sender == sender ? $0 + 1 : $0 }) < bound else { return }
        early.append((message, sender))
    }

    package mutating func timeout(_ timer: ViewTimer, into effects: inout [ReplicaEffect]) {
        guard !isBetweenEpochs else { return }
        drive(into: &effects) { core, out in core.timeout(timer, into: &out) }
    }

    /// Tells whether anybody has something to propose.
    package mutating func work(_ exists: Bool, into effects: inout [ReplicaEffect]) {
        drive(into: &effects) { core, out in core.work(exists, into: &out) }
    }

    /// A validator whose log was lost may vote from `epoch` on.
    package mutating func votes(from epoch: UInt64) { origin.votesFrom = epoch }

    /// From the next epoch on, how long a leader may wait for something to propose; milliseconds.
    package mutating func idle(for interval: UInt64) { origin.settings.idleInterval = interval }

    /// The epoch's last block is committed: `plan` is that of the block after it.
    package mutating func begin(_ plan: EpochPlan, into effects: inout [ReplicaEffect]) {
        precondition(plan.epoch == context.epoch + 1, "epochs follow each other")
        lastOfPrevious = core.finalisation
        enter(plan, base: head, certificate: nil, into: &effects)
    }

    /// The shell has brought the chain to `head`, whose certificate it is, in the epoch of `plan` that began after `base`.
    package mutating func synchronised(
        head: BlockReference, plan: EpochPlan, base: BlockReference, certificate: WireCertificate?, into effects: inout [ReplicaEffect]
    ) {
        synchronising = nil
        guard head.height > tree.head.height || plan.epoch > context.epoch else { return progress(into: &effects) }
        tree.move(to: head)
        // Those of blocks above the new head are still to be committed: the end of an epoch is worth nothing without.
        finalisations = finalisations.filter { $0.value.height > head.height }
        if plan.epoch == context.epoch {
            if let certificate { drive(into: &effects) { core, out in core.receive(.certificate(certificate), from: nil, into: &out) } }
            if let target, target.height <= head.height { self.target = nil }
            return progress(into: &effects)
        }
        enter(plan, base: base, certificate: certificate, into: &effects)
    }

    private mutating func enter(
        _ plan: EpochPlan, base: BlockReference, certificate: WireCertificate?, into effects: inout [ReplicaEffect]
    ) {
        let hadWork = core.hasWork
        core = SimplexCore(
            context: Self.context(origin, plan: plan, base: base), keys: keys, settings: origin.settings,
            mayVote: plan.epoch >= origin.votesFrom)
        core.hasWork = hadWork
        (building, examinations, target, finalisations) = (nil, [:], nil, [:])
        isBetweenEpochs = false
        effects.append(.began(context))
        drive(into: &effects) { core, out in
            if let certificate, certificate.epoch == plan.epoch { core.keep(certificate) }
            core.start(into: &out)
        }
        let waiting = early
        early = []
        for (message, sender) in waiting where message.epoch == plan.epoch {
            receive(message, from: sender.flatMap { key in plan.validators.members.firstIndex { $0.key == key } }, into: &effects)
        }
        progress(into: &effects)
    }
}

extension ConsensusMessage {
    /// Whether an honest sender sends it because it is stuck.
    var isCallForHelp: Bool {
        switch self {
        case .vote(let vote): vote.ballot.kind == .nullify
        case .request: true
        case .proposal, .certificate: false
        }
    }
}
