import ChainTypes
import Primitives
import Simplex
import WireTypes

extension Simulation {
    /// Does whatever the log allows to be done.
    func perform(_ node: SimulatedNode) {
        while node.isUp, let effect = node.nextEffect() { perform(effect, of: node) }
    }

    private func perform(_ effect: ReplicaEffect, of node: SimulatedNode) {
        let (id, life) = (node.id, node.life)
        switch effect {
        case .persist: checker.fail(.contract, "a persist is never held")
        case .broadcast(let message): say(message, to: nil, by: node)
        case .send(let message, let position):
            let members = scenario.roster.epoch(node.effectEpoch).nodes
            guard members.indices.contains(position) else { return checker.fail(.contract, "node \(id) sends to nobody") }
            say(message, to: members[position], by: node)
        case .setTimer(let timer, let delay):
            node.timerSerial += 1
            queue.schedule(.timer(node: id, life: life, serial: node.timerSerial, timer), after: delay * 1000)
        case .build(let request):
            guard node.actor == nil, !node.hasWork else { return makeBlock(request, by: node) }
            node.idleBuild = request
            let delay = scenario.settings.idleInterval * 1000 + random.draw(UInt64(100)...20_000)
            queue.schedule(.idled(node: id, life: life, request), after: delay)
        case .fetch(let block, let position):
            let first = position.map { scenario.roster.epoch(node.effectEpoch).nodes[$0] }
            if let early = node.early.removeValue(forKey: block.hash) {
                queue.schedule(.payload(node: id, life: life, early), after: 0)
            }
            fetch(block, first: first, attempt: 0, by: node)
        case .judge(let proposal):
            guard node.payloads.contains(proposal.header.hash), node.roots[proposal.header.parent] != nil else {
                return checker.fail(.contract, "node \(id) judges without the payload or the parent's state")
            }
            queue.schedule(.judged(node: id, life: life, proposal), after: random.draw(UInt64(50)...8_000))
        case .execute(let header):
            guard node.payloads.contains(header.hash), node.roots[header.parent] != nil else {
                return checker.fail(.contract, "node \(id) executes without the payload or the parent's state")
            }
            queue.schedule(.executed(node: id, life: life, header), after: random.draw(UInt64(50)...8_000))
        case .commit(let header, let certificate):
            if let certificate, node.actor == nil { checker.shows(certificate, node: id) }
            // Held back for the log while the node synchronised past it.
            guard header.height > node.disk.height else { return }
            node.commits.append((header, certificate))
            if node.commits.count == 1 { scheduleCommit(node) }
        case .synchronise:
            node.mustSynchronise = true
            beginSynchronising(node)
        case .behind: beginSynchronising(node)
        case .equivocation(let first, let second):
            faults.evidence += 1
            if node.actor == nil { checker.accuses(first, second, node: id) }
        case .misbehaviour(let position, let error):
            if node.actor == nil { checker.shuns(scenario.roster.epoch(node.effectEpoch).nodes[position], error, node: id) }
        case .entered: break
        case .began(let context): node.effectEpoch = context.epoch
        }
    }

    /// Schedules an own block that waits for nothing.
    func makeBlock(_ request: BuildRequest, by node: SimulatedNode) {
        let delay = node.actor == nil ? random.draw(UInt64(100)...20_000) : 100
        queue.schedule(.built(node: node.id, life: node.life, request), after: delay)
    }

    // MARK: Messages

    private func say(_ message: ConsensusMessage, to receiver: Int?, by node: SimulatedNode) {
        guard node.actor == nil else { return act(node) { $0.send(message, to: receiver, in: &$1) } }
        checker.sends(message, node: node.id)
        let letter = Letter(message, sender: node.id)
        for receiver in receiver.map({ [$0] }) ?? Array(nodes.indices) where receiver != node.id {
            post(letter, to: receiver)
            if scenario.pushesPayloads { push(message, from: node.id, to: receiver) }
        }
    }

    /// Sends the payload of a proposal along with it.
    private func push(_ message: ConsensusMessage, from sender: Int, to receiver: Int) {
        guard case .proposal(let proposal) = message, let block = blocks[proposal.header.hash],
            nodes[sender].payloads.contains(block.header.hash)
        else { return }
        travel(from: sender, to: receiver, .payload(node: receiver, life: nodes[receiver].life, block))
    }

    /// Lets a Byzantine actor do what it wants.
    func act(_ node: SimulatedNode, _ body: (inout any ByzantineActor, inout ActorScene) -> Void) {
        guard var actor = node.actor else { return }
        var scene = ActorScene(
            own: node.id, count: nodes.count, keys: node.keys, context: node.replica.context, blocks: blocks, random: random)
        body(&actor, &scene)
        node.actor = actor
        random = scene.random
        faults.equivocation += scene.equivocations
        for (block, isServed) in scene.made {
            blocks[block.header.hash] = block
            if isServed { node.payloads.insert(block.header.hash) }
        }
        for (message, receiver) in scene.outgoing {
            post(Letter(message, sender: node.id), to: receiver)
            if scenario.pushesPayloads { push(message, from: node.id, to: receiver) }
        }
    }

    private func post(_ letter: Letter, to receiver: Int) {
        guard receiver != letter.sender else { return }
        travel(from: letter.sender, to: receiver, .deliver(letter, to: receiver))
        guard network.duplication > 0, random.chance(permille: network.duplication) else { return }
        faults.duplication += 1
        travel(from: letter.sender, to: receiver, .deliver(letter, to: receiver))
    }

    /// Sends `event` over a link, as the network lets it.
    func travel(from sender: Int, to receiver: Int, _ event: Event) {
        if network.isBlocked(from: sender, to: receiver) { return }
        switch network.fate(from: sender, to: receiver, random: &random) {
        case .lost: faults.loss += 1
        case .arrives(let delay):
            let link = sender * nodes.count + receiver
            let arrival = queue.now + delay
            if arrival < arrivals[link] { faults.reordering += 1 } else { arrivals[link] = arrival }
            queue.schedule(event, after: delay)
        }
    }

    // MARK: Fetching and synchronising

    func fetch(_ block: BlockReference, first: Int?, attempt: Int, by node: SimulatedNode) {
        guard node.replica.isWanted(block.hash) else { return }
        var peer = attempt == 0 ? first ?? node.id : random.draw(0...(nodes.count - 1))
        if peer == node.id { peer = (peer + 1) % nodes.count }
        travel(from: node.id, to: peer, .fetchAsked(by: node.id, life: node.life, of: peer, block.hash))
        let patience = 2 * NetworkWeather.slowestWhenStable
        queue.schedule(.fetch(node: node.id, life: node.life, block, first: first, attempt: attempt + 1), after: patience)
    }

    private func beginSynchronising(_ node: SimulatedNode) {
        guard !node.isSynchronising else { return }
        node.isSynchronising = true
        synchronise(node, attempt: 0)
    }

    /// Asks one peer after the other; a hint that it is behind is worth three questions, a known gap as many as it takes.
    func synchronise(_ node: SimulatedNode, attempt: Int) {
        guard node.isSynchronising else { return }
        guard node.mustSynchronise || attempt < 3 else {
            node.isSynchronising = false
            return
        }
        let peer = random.draw(0...(nodes.count - 1))
        travel(from: node.id, to: peer, .chainAsked(by: node.id, life: node.life, of: peer))
        let patience = 2 * NetworkWeather.slowestWhenStable
        queue.schedule(.synchronise(node: node.id, life: node.life, attempt: attempt + 1), after: patience)
    }
}
