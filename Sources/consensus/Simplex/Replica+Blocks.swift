import ChainTypes
import Primitives
import WireTypes

extension Replica {
    /// Runs the voting and everything that follows from its effects.
    mutating func drive(
        into effects: inout [ReplicaEffect], _ body: (inout SimplexCore<Keys>, inout [CoreEffect]) -> Void
    ) {
        var queue: [CoreEffect] = []
        body(&core, &queue)
        var index = 0
        while index < queue.count {
            let effect = queue[index]
            index += 1
            handle(effect, &queue, into: &effects)
        }
    }

    private mutating func handle(_ effect: CoreEffect, _ queue: inout [CoreEffect], into effects: inout [ReplicaEffect]) {
        switch effect {
        case .persist(let entry): effects.append(.persist(entry))
        case .broadcast(let message): effects.append(.broadcast(message))
        case .send(let message, let peer): effects.append(.send(message, to: peer))
        case .setTimer(let timer, let delay): effects.append(.setTimer(timer, after: delay))
        case .equivocation(let first, let second): effects.append(.equivocation(first, second))
        case .misbehaviour(let signer, let error): effects.append(.misbehaviour(signer: signer, error))
        case .entered(let view, let leader):
            building = nil
            examinations = examinations.filter { $0.value.view >= view }
            effects.append(.entered(view: view, leader: leader))
        case .propose(let view, let parent):
            tree.note(parent)
            building = Building(view: view, parent: parent)
            build(&queue, into: &effects)
        case .examine(let proposal):
            tree.note(proposal.header)
            tree.change(proposal.header.hash) { $0.isJudging = false }
            examinations[proposal.header.hash] = proposal
            examine(proposal, &queue, into: &effects)
        case .notarised(let block):
            tree.note(block)
            _ = isReady(block.hash, into: &effects)
        case .finalised(let block, let certificate):
            guard block.height > head.height else { return }
            finalisations[block.hash] = certificate
            tree.note(block)
            if block.height > target?.height ?? 0 { target = block }
            commit(into: &effects)
        }
    }

    // MARK: Answers of the shell

    /// The block that `build` asked for; its payload is in the log.
    package mutating func built(_ header: BlockHeader, view: UInt64, into effects: inout [ReplicaEffect]) {
        guard let building, building.view == view, building.isRequested, header.parent == building.parent.hash else { return }
        self.building = nil
        tree.note(header)
        tree.change(header.hash) { $0.hasPayload = true }
        drive(into: &effects) { core, out in core.built(header, view: view, into: &out) }
        _ = isReady(header.hash, into: &effects)
    }

    /// The payload of a block is here and in the log: it is what the header commits to.
    package mutating func received(payload header: BlockHeader, into effects: inout [ReplicaEffect]) {
        guard tree[header.hash] != nil else { return }
        tree.note(header)
        tree.change(header.hash) { ($0.hasPayload, $0.isFetching) = (true, false) }
        progress(into: &effects)
    }

    /// The answer to `judge`.
    package mutating func judged(_ hash: Hash32, isValid: Bool, into effects: inout [ReplicaEffect]) {
        guard let proposal = examinations.removeValue(forKey: hash) else { return }
        tree.change(hash) { $0.isJudging = false }
        drive(into: &effects) { core, out in core.examined(hash, view: proposal.view, isValid: isValid, into: &out) }
        if isValid { _ = isReady(hash, into: &effects) }
        progress(into: &effects)
    }

    /// The answer to `execute`.
    package mutating func executed(_ hash: Hash32, into effects: inout [ReplicaEffect]) {
        tree.change(hash) { $0.execution = .done }
        progress(into: &effects)
    }

    // MARK: What can be done now

    /// Goes on with whatever waited for a payload, an execution or a commit.
    mutating func progress(into effects: inout [ReplicaEffect]) {
        guard !isBetweenEpochs else { return }
        commit(into: &effects)
        guard !isBetweenEpochs else { return }
        var queue: [CoreEffect] = []
        build(&queue, into: &effects)
        for proposal in examinations.values.sorted(by: { $0.view < $1.view }) { examine(proposal, &queue, into: &effects) }
        let pending = queue
        if !pending.isEmpty { drive(into: &effects) { _, out in out = pending } }
    }

    /// Whether the block is executed; if not, sets going what is missing: payloads and executions from the head upward.
    mutating func isReady(_ hash: Hash32, into effects: inout [ReplicaEffect]) -> Bool {
        if tree.isReady(hash) { return true }
        var next = hash
        while let entry = tree[next], entry.height > head.height {
            if !entry.hasPayload { fetch(next, entry, into: &effects) }
            guard let header = entry.header else { return false }
            if tree.isReady(header.parent) {
                if entry.hasPayload, entry.execution == .none {
                    tree.change(next) { $0.execution = .running }
                    effects.append(.execute(header))
                }
                return false
            }
            tree.note(BlockReference(hash: header.parent, height: header.height - 1))
            next = header.parent
        }
        return false
    }

    private mutating func fetch(_ hash: Hash32, _ entry: BlockTree.Entry, into effects: inout [ReplicaEffect]) {
        guard !entry.isFetching else { return }
        tree.change(hash) { $0.isFetching = true }
        let proposer = entry.header.flatMap { header in context.validators.members.firstIndex { $0.key == header.proposer } }
        effects.append(.fetch(BlockReference(hash: hash, height: entry.height), from: proposer))
    }

    /// Builds on the parent once it is executed, or proposes an epoch's last block again: nothing may be built on that one.
    private mutating func build(_ queue: inout [CoreEffect], into effects: inout [ReplicaEffect]) {
        guard !isBetweenEpochs, let building, !building.isRequested, isReady(building.parent.hash, into: &effects) else { return }
        if let header = tree[building.parent.hash]?.header, header.lastOfEpoch, header.epoch == context.epoch {
            self.building = nil
            return core.built(header, view: building.view, into: &queue)
        }
        self.building?.isRequested = true
        effects.append(.build(BuildRequest(epoch: context.epoch, view: building.view, parent: building.parent)))
    }

    private mutating func examine(_ proposal: Proposal, _ queue: inout [CoreEffect], into effects: inout [ReplicaEffect]) {
        let header = proposal.header
        // Nothing follows an epoch's last block in its epoch, and what the head has left behind needs no vote.
        guard !isBetweenEpochs, let entry = tree[header.hash], !entry.isJudging else { return }
        if proposal.isRepeated {
            guard isReady(header.hash, into: &effects) else { return }
            examinations[header.hash] = nil
            return core.examined(header.hash, view: proposal.view, isValid: true, into: &queue)
        }
        if !entry.hasPayload { fetch(header.hash, entry, into: &effects) }
        tree.note(BlockReference(hash: header.parent, height: header.height - 1))
        guard isReady(header.parent, into: &effects), entry.hasPayload else { return }
        let parentHeight = header.parent == head.hash ? head.height : tree[header.parent]?.height
        guard parentHeight == header.height - 1, tree[header.parent]?.header?.lastOfEpoch != true else {
            examinations[header.hash] = nil
            return core.examined(header.hash, view: proposal.view, isValid: false, into: &queue)
        }
        tree.change(header.hash) { $0.isJudging = true }
        effects.append(.judge(proposal))
    }

    /// Commits what is final and executed, from the head upward.
    private mutating func commit(into effects: inout [ReplicaEffect]) {
        guard !isBetweenEpochs, let target, target.height > head.height, synchronising == nil else { return }
        guard case .whole(let headers) = tree.path(to: target.hash) else { return close(gapTo: target, into: &effects) }
        for header in headers {
            guard tree.isReady(header.hash) else {
                _ = isReady(target.hash, into: &effects)
                return
            }
            effects.append(.commit(header, finalisations.removeValue(forKey: header.hash)))
            tree.move(to: BlockReference(hash: header.hash, height: header.height))
            if header.lastOfEpoch {
                isBetweenEpochs = true
                return
            }
        }
    }

    /// Gets the blocks between the head and a final one: few by hash, many by synchronisation.
    private mutating func close(gapTo target: BlockReference, into effects: inout [ReplicaEffect]) {
        if target.height - head.height > origin.settings.fetchedHeights {
            synchronising = target
            effects.append(.synchronise(target))
        } else {
            _ = isReady(target.hash, into: &effects)
        }
    }
}
