import ChainTypes
import Dispatch
import Primitives
import Simplex
import Synchronization
import WireTypes

/// What the ledger's thread answers.
enum LedgerAnswer: Sendable {
    /// `nil` when the parent is no longer there to build on.
    case built(BuildRequest, BlockPayload?, refused: [[UInt8]])
    case judged(Hash32, isValid: Bool)
    case executed(Hash32)
    case committed(BlockHeader, BlockOutcome, evidence: [[UInt8]])
    /// A delivery of final blocks is in, as far as it went on from the head.
    case installed(head: BlockReference, plan: EpochPlan, base: BlockReference?, certificate: WireCertificate?)
    case failed(any Error)
}

/// The one place where blocks are built, judged, executed and committed: a thread beside the voting, which must not wait for it.
final class LedgerWorker: Sendable {
    /// What the worker is made from.
    struct Parts: Sendable {
        let chainID: String
        let application: any Application
        let source: any ProposalSource
        let payloads: PayloadStore
        let clock: any EngineClock
        let onCommit: @Sendable (CommittedBlock) -> Void
        let answer: @Sendable (LedgerAnswer) -> Void
    }

    private struct Executed {
        let payload: BlockPayload
        let outcome: BlockOutcome
    }

    private struct State {
        var parents: [Hash32: ParentState] = [:]
        var executed: [Hash32: Executed] = [:]
        /// Blocks whose transactions the mempool holds back.
        var held: Set<Hash32> = []
        var hasFailed = false
    }

    /// How far a proposal's time may run ahead of this node's clock (design §7, "Rules of a view"); milliseconds.
    static let clockTolerance: UInt64 = 1_000

    private let queue = DispatchQueue(label: "jupiter.ledger", qos: .userInitiated)
    private let parts: Parts
    private let state: Mutex<State>

    init(_ parts: Parts) {
        self.parts = parts
        let head = ParentState(parts.application.head)
        state = Mutex(State(parents: [head.hash: head]))
    }

    /// Returns when everything asked for before is done.
    func drain() { queue.sync {} }

    private func run(_ work: @escaping @Sendable () throws -> Void) {
        queue.async {
            guard !self.state.withLock({ $0.hasFailed }) else { return }
            do { try work() } catch {
                self.state.withLock { $0.hasFailed = true }
                self.parts.answer(.failed(error))
            }
        }
    }

    // MARK: Proposals

    func build(_ request: BuildRequest, proposer: Hash32, evidence: [[UInt8]]) {
        run {
            guard let parent = self.state.withLock({ $0.parents[request.parent.hash] }), parent.plan.epoch == request.epoch else {
                return self.parts.answer(.built(request, nil, refused: []))
            }
            self.hold(ancestorsOf: request.parent.hash)
            let context = BlockMaker.context(
                chainID: self.parts.chainID, after: parent, view: request.view, proposer: proposer, now: self.parts.clock.now())
            let candidates = BlockContent(
                self.parts.source.take(ProposalBounds(parent.plan.parameters)), evidence: evidence)
            let chosen = try self.parts.application.prepareProposal(candidates, context: context)
            if chosen.transactions.count < candidates.transactions.count {
                let kept = Set(chosen.transactions.map(\.transaction.id))
                self.parts.source.putBack(candidates.transactions.filter { !kept.contains($0.transaction.id) })
            }
            let payload = try BlockMaker.payload(chosen, context, after: parent)
            self.state.withLock { _ = $0.held.insert(payload.header.hash) }
            let kept = Set(chosen.evidence)
            self.parts.answer(.built(request, payload, refused: evidence.filter { !kept.contains($0) }))
        }
    }

    func judge(_ header: BlockHeader) {
        run {
            let parent = self.state.withLock { $0.parents[header.parent] }
            guard let parent, let payload = self.parts.payloads[header.hash], BlockMaker.isHeader(header, after: parent),
                header.time <= self.parts.clock.now() + Self.clockTolerance
            else { return self.parts.answer(.judged(header.hash, isValid: false)) }
            let isValid = try self.parts.application.processProposal(payload.content, context: BlockContext(header))
            self.parts.answer(.judged(header.hash, isValid: isValid))
        }
    }

    /// Lets the next proposal offer what no ancestor of it holds, and nothing else.
    private func hold(ancestorsOf block: Hash32) {
        var ancestors: Set<Hash32> = []
        var next = block
        let head = parts.application.head.height
        // What is committed has left the mempool.
        while let payload = parts.payloads[next], payload.header.height > head {
            ancestors.insert(next)
            next = payload.header.parent
        }
        let (released, missing) = state.withLock { state in
            let released = state.held.subtracting(ancestors)
            let missing = ancestors.subtracting(state.held)
            state.held = ancestors
            return (released, missing)
        }
        for hash in released { if let payload = parts.payloads[hash] { parts.source.release(payload.content.transactions) } }
        for hash in missing { if let payload = parts.payloads[hash] { parts.source.hold(payload.content.transactions) } }
    }

    // MARK: Execution

    func execute(_ header: BlockHeader) {
        run {
            try self.executeNow(header)
            self.parts.answer(.executed(header.hash))
        }
    }

    private func executeNow(_ header: BlockHeader) throws {
        guard header.height > parts.application.head.height, state.withLock({ $0.executed[header.hash] == nil }) else { return }
        let parent = state.withLock { $0.parents[header.parent] }
        // A quorum has accepted this block: if it does not follow here, this node is the one that is wrong.
        guard let parent, let payload = parts.payloads[header.hash], BlockMaker.isHeader(header, after: parent) else {
            throw EngineError.diverged
        }
        let outcome = try parts.application.finalizeBlock(payload.content, hash: header.hash, context: BlockContext(header))
        state.withLock { state in
            state.executed[header.hash] = Executed(payload: payload, outcome: outcome)
            state.parents[header.hash] = ParentState(header, outcome: outcome)
        }
    }

    func commit(_ header: BlockHeader, _ certificate: WireCertificate?) {
        run { try self.commitNow(header, certificate) }
    }

    private func commitNow(_ header: BlockHeader, _ certificate: WireCertificate?) throws {
        // A delivery may have been faster.
        guard header.height > parts.application.head.height else { return }
        guard let executed = state.withLock({ $0.executed[header.hash] }) else { throw EngineError.diverged }
        let certificate = try certificate.map { try QuorumCertificate($0) }
        try parts.application.commit(executed.payload.block, certificate: certificate)
        guard parts.application.head.blockHash == header.hash else { throw EngineError.diverged }
        settle(header)
        parts.onCommit(
            CommittedBlock(block: executed.payload.block, certificate: certificate, receipts: executed.outcome.receipts))
        parts.answer(.committed(header, executed.outcome, evidence: executed.payload.content.evidence))
    }

    /// Forgets everything that the new head has left behind.
    private func settle(_ head: BlockHeader) {
        let lost = parts.payloads.settle(head: head.hash, height: head.height)
        for payload in lost { parts.source.release(payload.content.transactions) }
        state.withLock { state in
            state.held.remove(head.hash)
            state.held.subtract(lost.map(\.header.hash))
            state.executed = state.executed.filter { $0.value.payload.header.height > head.height }
            state.parents = state.parents.filter {
                $0.value.height >= head.height && ($0.value.height > head.height || $0.key == head.hash)
            }
        }
    }

    // MARK: Synchronisation

    func install(_ blocks: [SyncedBlock]) {
        run {
            var base: BlockReference?
            var certificate: WireCertificate?
            for block in blocks where block.payload.header.height > self.parts.application.head.height {
                let header = block.payload.header
                self.parts.payloads.put(block.payload)
                try self.executeNow(header)
                try self.commitNow(header, block.certificate)
                certificate = block.certificate
                if header.lastOfEpoch { (base, certificate) = (block.payload.reference, nil) }
            }
            let head = self.parts.application.head
            self.parts.answer(
                .installed(
                    head: BlockReference(hash: head.blockHash, height: head.height), plan: head.plan, base: base,
                    certificate: certificate))
        }
    }
}
