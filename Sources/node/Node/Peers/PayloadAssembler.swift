import ChainTypes
import Dispatch
import Engine
import Networking
import Primitives
import Simplex
import Synchronization

/// Makes whole payloads of what proposals name and peers send: from the mempool and the inbox what is there, from the peers the rest.
///
/// Everything heavy runs in a pool of its own, so that a proposal does not wait behind the signatures of what may come later. The state is
/// bounded by `maximum` blocks above the head.
final class PayloadAssembler: Sendable {
    private struct Assembly {
        let height: UInt64
        /// `nil` when nothing of the block is here.
        var partial: PartialBlock?
        /// Whom to ask first.
        var source: Hash32?
        /// Whether the engine asked for it.
        var isWished = false
        /// Whether a worker is looking for what is missing.
        var isBusy = false
        var questions: PayloadQuestions
    }

    private struct State {
        var assemblies: [Hash32: Assembly] = [:]
        var head: UInt64 = 0
        var isTicking = false
        var service: Holder?
    }

    private struct Holder: Sendable { weak var service: PeerService? }

    private static let maximum = 64
    /// How far above the head a proposal may be.
    private static let ahead: UInt64 = 64
    private static let tick = DispatchTimeInterval.milliseconds(10)

    private let mempool: Mempool
    private let inbox: TransactionInbox
    private let signatures: ProposalSignatures
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "jupiter.payloads", qos: .userInitiated)

    init(mempool: Mempool, inbox: TransactionInbox, workers: WorkerPool) {
        (self.mempool, self.inbox) = (mempool, inbox)
        signatures = ProposalSignatures(mempool: mempool, workers: workers)
    }

    func bind(_ service: PeerService) { state.withLock { $0.service = Holder(service: service) } }

    private var service: PeerService? { state.withLock { $0.service?.service } }

    private static var now: UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }

    /// Forgets blocks at or below `height`.
    func settle(_ height: UInt64) {
        state.withLock { state in
            state.head = max(state.head, height)
            let head = state.head
            state.assemblies = state.assemblies.filter { $0.value.height > head }
        }
    }

    private func accuse(_ peer: Hash32) { service?.network.punish(peer, for: ConsensusError.badProposal) }

    // MARK: Proposals

    /// A leader's block, as it sends it to everybody.
    func receive(_ compact: CompactBlock, from peer: Hash32, proposer: Hash32?, done: @escaping @Sendable () -> Void) {
        Task {
            await begin(compact, from: peer, proposer: proposer)
            done()
        }
    }

    private func begin(_ compact: CompactBlock, from peer: Hash32, proposer: Hash32?) async {
        guard let header = try? BlockHeader(decoding: compact.header), header.proposer == proposer else { return accuse(peer) }
        guard state.withLock({ Self.accepts(header, $0) }) else { return }
        let full = compact.transactions.enumerated().compactMap { position, transaction in
            if case .full(let bytes) = transaction { (position, bytes) } else { nil }
        }
        guard let checked = await signatures.check(full) else { return accuse(peer) }
        var partial = PartialBlock(header: header, evidence: compact.evidence, transactions: compact.transactions)
        for (position, submitted) in checked { partial.put(submitted, at: position) }
        let first = partial
        let isNew = state.withLock { state in
            guard Self.accepts(header, state) else { return false }
            var assembly = state.assemblies[header.hash] ?? Assembly(height: header.height, questions: PayloadQuestions(now: Self.now))
            assembly.partial = first
            assembly.source = assembly.source ?? peer
            state.assemblies[header.hash] = assembly
            return true
        }
        if isNew { await advance(header.hash) }
        startTicking()
    }

    private static func accepts(_ header: BlockHeader, _ state: State) -> Bool {
        guard header.height > state.head, header.height <= state.head + ahead else { return false }
        guard let known = state.assemblies[header.hash] else { return state.assemblies.count < maximum }
        return known.partial == nil
    }

    // MARK: Looking for what is missing

    /// Takes what is in the mempool or waits in the inbox; delivers the block when it is whole, otherwise asks when it is time.
    private func advance(_ hash: Hash32) async {
        let gaps: [(position: Int, id: Hash32?)]? = state.withLock { state in
            guard let assembly = state.assemblies[hash], !assembly.isBusy, let partial = assembly.partial else { return nil }
            state.assemblies[hash]?.isBusy = true
            return partial.gaps
        }
        if let gaps, !gaps.isEmpty { await fill(hash, gaps) }
        state.withLock { $0.assemblies[hash]?.isBusy = false }
        if !deliver(hash) { askIfDue(hash) }
    }

    private func fill(_ hash: Hash32, _ gaps: [(position: Int, id: Hash32?)]) async {
        let named = gaps.compactMap { gap in gap.id.map { (gap.position, $0) } }
        let known = mempool.submitted(named.map(\.1))
        let claimed = await inbox.claim(zip(named, known).filter { $1 == nil }.map(\.0.1))
        state.withLock { state in
            for ((position, id), pooled) in zip(named, known) {
                guard let submitted = pooled ?? claimed[id] else { continue }
                state.assemblies[hash]?.partial?.put(submitted, at: position, fromMempool: true)
            }
        }
    }

    /// Gives the block to the engine if it is whole; whether there is no more to be done about it.
    private func deliver(_ hash: Hash32) -> Bool {
        let assembly: Assembly? = state.withLock { state in
            guard state.assemblies[hash]?.partial?.isWhole == true else { return nil }
            return state.assemblies.removeValue(forKey: hash)
        }
        guard let assembly, let partial = assembly.partial else { return state.withLock { $0.assemblies[hash] == nil } }
        do {
            let content = BlockContent(partial.transactions, evidence: partial.evidence)
            service?.engine?.deliver(try BlockPayload(header: partial.header, content: content))
            return true
        } catch {
            // The same body under another signature is the same transaction, but other bytes: then only the whole block helps.
            guard partial.usesMempool else {
                assembly.source.map(accuse)
                return true
            }
            var again = assembly
            again.partial = nil
            again.questions = PayloadQuestions(now: 0)
            let restarted = again
            state.withLock { $0.assemblies[hash] = restarted }
            return false
        }
    }

    private func askIfDue(_ hash: Hash32) {
        guard let network = service?.network else { return }
        let connected = network.peers.filter(\.connected).map(\.nodeID)
        let (now, isBusy) = (Self.now, inbox.isBusy)
        let question: (peer: Hash32, request: PayloadRequest)? = state.withLock { state in
            guard let assembly = state.assemblies[hash], !connected.isEmpty else { return nil }
            let partial = assembly.partial.flatMap { $0.isGrowing ? nil : $0 }
            guard assembly.questions.isDue(now: now, all: assembly.partial == nil, isBusy: isBusy) else { return nil }
            state.assemblies[hash]?.questions.asked(now: now)
            // First whoever has it for sure, then everybody in turn.
            let turn = connected[(assembly.questions.count + Int(hash.w3 % 97)) % connected.count]
            let source = assembly.questions.count == 0 ? assembly.source.flatMap { connected.contains($0) ? $0 : nil } : nil
            let missing = partial?.gaps.map { UInt32($0.position) } ?? []
            return (source ?? turn, PayloadRequest(block: hash, height: assembly.height, missing: missing))
        }
        if let question { _ = network.send(.payloadRequest(question.request), to: question.peer) }
    }

    // MARK: Answers

    func receive(_ response: PayloadResponse, from peer: Hash32, done: @escaping @Sendable () -> Void) {
        Task {
            await fill(response, from: peer)
            done()
        }
    }

    private func fill(_ response: PayloadResponse, from peer: Hash32) async {
        guard !response.isUnknown else { return }
        let hash = response.block
        if !response.header.isEmpty { start(response, from: peer) }
        guard state.withLock({ $0.assemblies[hash]?.partial != nil }) else { return }
        guard response.positions.allSatisfy({ $0 < PeerLimits.transactionsPerBlock }),
            let checked = await signatures.check(zip(response.positions, response.transactions).map { (Int($0), $1) })
        else { return accuse(peer) }
        state.withLock { state in
            state.assemblies[hash]?.questions.answered(now: Self.now)
            for (position, submitted) in checked { state.assemblies[hash]?.partial?.put(submitted, at: position) }
            if response.last { state.assemblies[hash]?.partial?.close() }
        }
        if response.last { await advance(hash) }
    }

    /// The first part of a whole block that was asked for.
    private func start(_ response: PayloadResponse, from peer: Hash32) {
        guard let header = try? BlockHeader(decoding: response.header), header.hash == response.block else { return accuse(peer) }
        state.withLock { state in
            guard header.height > state.head, let assembly = state.assemblies[header.hash], assembly.partial?.isGrowing ?? true else {
                return
            }
            state.assemblies[header.hash]?.partial = PartialBlock(growing: header, evidence: response.evidence)
        }
    }

    // MARK: Wishes of the engine

    /// The engine needs this block: it may be on its way; otherwise peers are asked in turn until it is here or the head has passed it.
    func want(_ block: BlockReference, from peer: Hash32?) {
        state.withLock { state in
            guard block.height > state.head else { return }
            var assembly = state.assemblies[block.hash] ?? Assembly(height: block.height, questions: PayloadQuestions(now: Self.now))
            assembly.isWished = true
            assembly.source = peer ?? assembly.source
            state.assemblies[block.hash] = assembly
        }
        startTicking()
    }

    private func startTicking() {
        let starts = state.withLock { state in
            defer { state.isTicking = true }
            return !state.isTicking
        }
        if starts { queue.asyncAfter(deadline: .now() + Self.tick) { self.look() } }
    }

    /// Looks after all blocks that are not whole.
    private func look() {
        let engine = service?.engine
        let hashes: [Hash32] = state.withLock { state in
            state.assemblies = state.assemblies.filter { !$0.value.isWished || engine?.payload($0.key) == nil }
            state.isTicking = !state.assemblies.isEmpty
            return Array(state.assemblies.keys)
        }
        guard !hashes.isEmpty else { return }
        for hash in hashes { Task { await self.advance(hash) } }
        queue.asyncAfter(deadline: .now() + Self.tick) { self.look() }
    }
}
