import ChainTypes
import Primitives
import Simplex
import WireTypes

/// One chain in virtual time: everything follows from the seed.
final class Simulation {
    enum Event {
        indirect case fault(Scenario.Fault)
        case deliver(Letter, to: Int)
        case timer(node: Int, life: Int, serial: UInt64, ViewTimer)
        case work(node: Int, exists: Bool)
        case synced(node: Int, life: Int, covered: Int)
        indirect case built(node: Int, life: Int, BuildRequest)
        /// The idle interval of an own proposal is over.
        indirect case idled(node: Int, life: Int, BuildRequest)
        indirect case judged(node: Int, life: Int, Proposal)
        indirect case executed(node: Int, life: Int, BlockHeader)
        case committed(node: Int, life: Int, serial: Int)
        indirect case fetch(node: Int, life: Int, BlockReference, first: Int?, attempt: Int)
        case fetchAsked(by: Int, life: Int, of: Int, Hash32)
        case payload(node: Int, life: Int, SimulatedBlock)
        case synchronise(node: Int, life: Int, attempt: Int)
        case chainAsked(by: Int, life: Int, of: Int)
        indirect case chain(node: Int, life: Int, chain: [Hash32], certificate: WireCertificate?)
    }

    /// One message on its way; shared by all its copies.
    final class Letter {
        let message: ConsensusMessage
        let sender: Int

        init(_ message: ConsensusMessage, sender: Int) { (self.message, self.sender) = (message, sender) }
    }

    let scenario: Scenario
    let genesis: BlockReference
    /// True time at the start, milliseconds.
    let epochStart: UInt64 = 1_000_000
    var queue = EventQueue<Event>()
    var random: SeededGenerator
    var network: NetworkWeather
    var nodes: [SimulatedNode] = []
    var checker: Checker
    var faults = FaultCounts()
    /// Every block that was made, with its payload.
    var blocks: [Hash32: SimulatedBlock] = [:]
    /// When the last message of each link arrives, to see reordering.
    var arrivals: [UInt64]
    /// What everybody must commit, and until when; `nil` before stabilisation.
    var goal: (height: UInt64, deadline: UInt64)?

    init(_ scenario: Scenario) {
        self.scenario = scenario
        random = SeededGenerator(seed: SimulatedVoteKeys.mix(scenario.seed ^ 0x5EED))
        network = scenario.network
        genesis = BlockReference(hash: Hash32(scenario.seed, 0, 0, 1), height: 0)
        checker = Checker(scenario, genesis: genesis.hash)
        arrivals = Array(repeating: 0, count: scenario.count * scenario.count)
        for id in 0..<scenario.count {
            let keys = SimulatedVoteKeys(scenario.roster.keys[id])
            let disk = SimulatedDisk(genesis: genesis.hash)
            let node = SimulatedNode(id: id, keys: keys, disk: disk, replica: replica(id, keys: keys, disk: disk, votesFrom: 0))
            node.actor = scenario.actors[id]?.actor()
            node.hasWork = scenario.work.startsBusy
            nodes.append(node)
        }
        faults.clockSkew = scenario.skews.count { $0 != 0 }
    }

    /// A replica made from what is on `disk`.
    func replica(_ id: Int, keys: SimulatedVoteKeys, disk: SimulatedDisk, votesFrom: UInt64) -> Replica<SimulatedVoteKeys> {
        let plan = scenario.roster.plan(at: disk.height + 1)
        let base = scenario.roster.base(of: plan.epoch)
        var origin = Replica<SimulatedVoteKeys>.Origin(
            chainID: scenario.chainID, profile: scenario.profile, ownKey: scenario.roster.keys[id], head: disk.head, plan: plan,
            base: BlockReference(hash: disk.chain[Int(base)], height: base))
        origin.settings = scenario.settings
        origin.votesFrom = votesFrom
        origin.plantedBug = scenario.actors[id] == nil ? scenario.plantedBug : nil
        var entries: [LogEntry] = []
        var payloads: [BlockHeader] = []
        for record in disk.log {
            switch record {
            case .entry(let entry): if entry.epoch == plan.epoch { entries.append(entry) }
            case .payload(let block): if block.header.height > disk.height { payloads.append(block.header) }
            }
        }
        return Replica(origin, keys: keys, log: entries, payloads: payloads)
    }

    /// Runs until everybody has met the goal, or something is wrong.
    func run() -> SimulationOutcome {
        for fault in scenario.faults { queue.schedule(.fault(fault.fault), after: fault.time) }
        for change in scenario.work.changes { queue.schedule(.work(node: change.node, exists: change.exists), after: change.time) }
        for node in nodes { begin(node) }
        while checker.failure == nil, !isDone, let event = queue.next() {
            if let goal, queue.now > goal.deadline {
                checker.fail(.liveness, missing(goal.height))
                break
            }
            handle(event)
        }
        if checker.failure == nil, !isDone { checker.fail(.liveness, "nothing is left to happen; " + missing(goal?.height ?? 0)) }
        let failure = checker.failure.map {
            SimulationFailure(seed: scenario.seed, rule: $0.rule, time: queue.now / 1000, text: $0.text)
        }
        return SimulationOutcome(failure: failure, faults: faults, blocks: checker.height)
    }

    private var isDone: Bool {
        guard let goal else { return false }
        return nodes.allSatisfy { !isExpected($0) || $0.disk.height >= goal.height }
    }

    private func missing(_ height: UInt64) -> String {
        let late = nodes.filter { isExpected($0) && $0.disk.height < height }
        let places = late.map { "\($0.id) (height \($0.disk.height), epoch \($0.replica.context.epoch), view \($0.replica.view))" }
        return "height \(height) is not reached by nodes " + places.joined(separator: ", ")
    }

    /// Whether a node must make progress.
    private func isExpected(_ node: SimulatedNode) -> Bool { node.actor == nil && !scenario.fallen.contains(node.id) }

    func begin(_ node: SimulatedNode) {
        node.forget()
        for case .payload(let block) in node.disk.log { node.payloads.insert(block.header.hash) }
        node.effectEpoch = node.replica.context.epoch
        drive(node) { $0.work(node.hasWork, into: &$1) }
        drive(node) { $0.start(into: &$1) }
    }

    /// Gives a replica an input, and does what it asks.
    func drive(_ node: SimulatedNode, _ body: (inout Replica<SimulatedVoteKeys>, inout [ReplicaEffect]) -> Void) {
        var effects: [ReplicaEffect] = []
        body(&node.replica, &effects)
        for effect in effects {
            guard case .persist(let entry) = effect else {
                node.hold(.effect(effect))
                continue
            }
            persist(entry, of: node)
        }
        if node.actor == nil {
            checker.observes(
                epoch: node.replica.context.epoch, finalView: node.replica.finalView, height: node.replica.final.height, node: node.id)
        }
        sync(node)
        perform(node)
    }

    private func persist(_ entry: LogEntry, of node: SimulatedNode) {
        let position = node.disk.append(.entry(entry))
        switch entry {
        case .vote:
            node.hold(.barrier(position))
            if node.crashesAtNextVote {
                node.crashesAtNextVote = false
                // What is not held back may still leave, then the machine stops.
                queue.schedule(.fault(.crash(node.id)), after: 0)
            }
        case .certificate(let certificate):
            if node.actor == nil { checker.accepts(certificate, node: node.id) }
            if !scenario.syncsCertificatesLazily { node.hold(.barrier(position)) }
        }
    }

    func sync(_ node: SimulatedNode) {
        guard let covered = node.disk.beginSync() else { return }
        let delay = random.draw(UInt64(100)...scenario.slowestSync)
        queue.schedule(.synced(node: node.id, life: node.life, covered: covered), after: delay)
    }
}

extension LogEntry {
    var epoch: UInt64 {
        switch self {
        case .vote(let vote): vote.epoch
        case .certificate(let certificate): certificate.epoch
        }
    }
}
