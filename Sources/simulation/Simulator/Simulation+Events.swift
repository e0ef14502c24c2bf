import ChainTypes
import Primitives
import Simplex
import WireTypes

extension Simulation {
    func handle(_ event: Event) {
        switch event {
        case .fault(let fault): inject(fault)
        case .deliver(let letter, let receiver): deliver(letter, to: nodes[receiver])
        case .timer(let id, let life, let serial, let timer):
            guard let node = living(id, life), node.timerSerial == serial else { return }
            drive(node) { $0.timeout(timer, into: &$1) }
        case .work(let id, let exists): work(exists, for: nodes[id])
        case .synced(let id, let life, let covered):
            guard let node = living(id, life) else { return }
            node.disk.endSync(covered)
            sync(node)
            perform(node)
        case .built(let id, let life, let request): if let node = living(id, life) { build(request, by: node) }
        case .idled(let id, let life, let request):
            guard let node = living(id, life), node.idleBuild == request else { return }
            node.idleBuild = nil
            build(request, by: node)
        case .judged(let id, let life, let proposal): if let node = living(id, life) { judge(proposal, by: node) }
        case .executed(let id, let life, let header): if let node = living(id, life) { execute(header, by: node) }
        case .committed(let id, let life, let serial):
            if let node = living(id, life), node.commitSerial == serial { commit(by: node) }
        case .fetch(let id, let life, let block, let first, let attempt):
            if let node = living(id, life) { fetch(block, first: first, attempt: attempt, by: node) }
        case .fetchAsked(let asker, let life, let id, let hash):
            guard nodes[id].isUp, nodes[id].payloads.contains(hash), let block = blocks[hash] else { return }
            travel(from: id, to: asker, .payload(node: asker, life: life, block))
        case .payload(let id, let life, let block): if let node = living(id, life) { take(block, by: node) }
        case .synchronise(let id, let life, let attempt): if let node = living(id, life) { synchronise(node, attempt: attempt) }
        case .chainAsked(let asker, let life, let id):
            guard nodes[id].isUp, nodes[id].actor == nil else { return }
            let disk = nodes[id].disk
            travel(from: id, to: asker, .chain(node: asker, life: life, chain: disk.chain, certificate: disk.certificate))
        case .chain(let id, let life, let chain, let certificate):
            if let node = living(id, life) { adopt(chain, certificate, by: node) }
        }
    }

    private func living(_ id: Int, _ life: Int) -> SimulatedNode? { nodes[id].isUp && nodes[id].life == life ? nodes[id] : nil }

    private func deliver(_ letter: Letter, to node: SimulatedNode) {
        guard node.isUp else { return }
        if node.actor != nil { act(node) { $0.receive(letter.message, in: &$1) } }
        let sender = scenario.roster.epoch(node.replica.context.epoch).positions[letter.sender]
        drive(node) { $0.receive(letter.message, from: sender, into: &$1) }
    }

    private func inject(_ fault: Scenario.Fault) {
        switch fault {
        case .crash(let id): crash(nodes[id])
        case .crashAtNextVote(let id): nodes[id].crashesAtNextVote = true
        case .restart(let id): if !scenario.fallen.contains(id) { restart(nodes[id]) }
        case .partition(let groups, let isOneWay):
            faults.partition += 1
            network.divide(groups, oneWay: isOneWay)
        case .heal: network.heal()
        case .stabilise:
            network.stabilise()
            for node in nodes {
                node.crashesAtNextVote = false
                if !scenario.fallen.contains(node.id) { restart(node) }
            }
            let height = checker.height + Scenario.neededHeights
            goal = (height, queue.now + LivenessBound.microseconds(scenario, height: height))
        }
    }

    private func crash(_ node: SimulatedNode) {
        guard node.isUp, node.actor == nil, !network.isStable || scenario.fallen.contains(node.id) else { return }
        faults.crash += 1
        let unsynced = node.disk.unsynced
        let lost = node.disk.crash(keeping: random.chance(permille: 500) ? 0 : random.draw(0...unsynced))
        faults.lostUnsyncedWrite += lost
        node.isUp = false
        node.life += 1
        if scenario.amnesiacs.contains(node.id) {
            node.disk.loseLog()
            if random.chance(permille: 500) { node.disk = SimulatedDisk(genesis: genesis.hash) }
            // It posts a rejoin transaction, which is final in the newest epoch there is at the earliest.
            let newest = nodes.map { $0.replica.context.epoch }.max() ?? 0
            node.votesFrom = newest + 1
        }
    }

    private func restart(_ node: SimulatedNode) {
        guard !node.isUp else { return }
        node.isUp = true
        checker.restarts(node: node.id)
        node.replica = replica(node.id, keys: node.keys, disk: node.disk, votesFrom: node.votesFrom)
        begin(node)
    }

    // MARK: The work of a shell

    /// Something to propose came, or all there was is done; a proposal that waited for it waits no longer.
    private func work(_ exists: Bool, for node: SimulatedNode) {
        node.hasWork = exists
        guard node.isUp else { return }
        faults.workChanges += 1
        drive(node) { $0.work(exists, into: &$1) }
        guard exists, let request = node.idleBuild else { return }
        node.idleBuild = nil
        makeBlock(request, by: node)
    }

    private func clock(_ node: SimulatedNode) -> UInt64 { UInt64(Int64(epochStart + queue.now / 1000) + scenario.skews[node.id]) }

    func time(of hash: Hash32) -> UInt64 { blocks[hash]?.header.time ?? epochStart - 10_000 }

    private func build(_ request: BuildRequest, by node: SimulatedNode) {
        let parent = request.parent
        let plan = scenario.roster.plan(at: parent.height + 1)
        guard let root = node.roots[parent.hash], plan.epoch == request.epoch else {
            return checker.fail(.contract, "node \(node.id) builds on a block that it did not execute, or in another epoch")
        }
        let draft = ToyApplication.Draft(
            view: request.view, proposer: scenario.roster.keys[node.id], time: max(clock(node), time(of: parent.hash) + 1),
            payload: ToyApplication.acceptablePayload(&random))
        let block = ToyApplication.block(
            draft, chainID: scenario.chainID, parent: BlockReferenceAndRoot(hash: parent.hash, height: parent.height, root: root),
            plan: plan)
        store(block, by: node)
        drive(node) { $0.built(block.header, view: request.view, into: &$1) }
    }

    private func store(_ block: SimulatedBlock, by node: SimulatedNode) {
        blocks[block.header.hash] = block
        _ = node.disk.append(.payload(block))
        node.payloads.insert(block.header.hash)
    }

    private func take(_ block: SimulatedBlock, by node: SimulatedNode) {
        guard node.replica.isWanted(block.header.hash) else {
            // A payload may overtake its proposal.
            if !node.payloads.contains(block.header.hash) { node.early[block.header.hash] = block }
            return
        }
        store(block, by: node)
        drive(node) { $0.received(payload: block.header, into: &$1) }
    }

    private func judge(_ proposal: Proposal, by node: SimulatedNode) {
        let header = proposal.header
        guard let root = node.roots[header.parent], let block = blocks[header.hash], node.payloads.contains(header.hash) else {
            // The replica may have synchronised past it meanwhile.
            return drive(node) { $0.judged(header.hash, isValid: false, into: &$1) }
        }
        let plan = scenario.roster.plan(at: header.height)
        let parentTime = time(of: header.parent)
        let isValid =
            header.stateRoot == root && header.transactionsRoot == ToyApplication.transactionsRoot(block.payload)
            && ToyApplication.isAcceptable(block.payload) && header.epoch == plan.epoch && header.lastOfEpoch == plan.closes
            && header.nextValidatorsHash == (plan.following ?? plan.validators).hash && header.time > parentTime
            && header.time <= clock(node) + 1_000
        drive(node) { $0.judged(header.hash, isValid: isValid, into: &$1) }
    }

    private func execute(_ header: BlockHeader, by node: SimulatedNode) {
        guard let root = node.roots[header.parent], let block = blocks[header.hash] else { return }
        node.roots[header.hash] = ToyApplication.root(after: root, payload: block.payload)
        drive(node) { $0.executed(header.hash, into: &$1) }
    }

    private func commit(by node: SimulatedNode) {
        let (header, certificate) = node.commits.removeFirst()
        guard let root = node.roots[header.hash], let block = blocks[header.hash], header.parent == node.disk.head.hash,
            node.payloads.contains(header.hash)
        else { return checker.fail(.contract, "node \(node.id) commits what is not an executed child of its head") }
        append(block, root: root, certificate: certificate, to: node)
        if !node.commits.isEmpty { scheduleCommit(node) }
        if header.lastOfEpoch { drive(node) { $0.begin(scenario.roster.plan(at: header.height + 1), into: &$1) } }
    }

    private func append(_ block: SimulatedBlock, root: Hash32, certificate: WireCertificate?, to node: SimulatedNode) {
        node.disk.chain.append(block.header.hash)
        node.disk.root = root
        node.disk.certificate = certificate
        node.payloads.insert(block.header.hash)
        node.roots[block.header.hash] = root
        checker.commits(block, root: root, node: node.id)
    }

    func scheduleCommit(_ node: SimulatedNode) {
        let delay = random.draw(UInt64(200)...8_000)
        queue.schedule(.committed(node: node.id, life: node.life, serial: node.commitSerial), after: delay)
    }

    /// The answer of a peer to a node that synchronises: a chain, which a real node would check by its certificates.
    private func adopt(_ chain: [Hash32], _ certificate: WireCertificate?, by node: SimulatedNode) {
        let height = UInt64(chain.count - 1)
        guard node.isSynchronising, height > node.replica.head.height, chain.starts(with: node.disk.chain) else { return }
        for hash in chain.dropFirst(node.disk.chain.count) {
            guard let block = blocks[hash] else { return checker.fail(.contract, "a committed block is nowhere to be found") }
            append(block, root: ToyApplication.root(after: node.disk.root, payload: block.payload), certificate: nil, to: node)
        }
        node.disk.certificate = certificate
        node.commits = []
        node.commitSerial += 1
        (node.isSynchronising, node.mustSynchronise) = (false, false)
        let plan = scenario.roster.plan(at: height + 1)
        let base = scenario.roster.base(of: plan.epoch)
        let own = certificate.flatMap { $0.epoch == plan.epoch ? $0 : nil }
        drive(node) {
            $0.synchronised(
                head: node.disk.head, plan: plan, base: BlockReference(hash: chain[Int(base)], height: base), certificate: own, into: &$1)
        }
    }
}
