import ChainTypes
import Dispatch
import Engine
import Networking
import Primitives
import Simplex
import Synchronization

/// Makes whole payloads of what proposals name and peers send: from the mempool what is there, from the peers the rest.
///
/// Everything heavy runs in the worker pool; the state is bounded by `maximum` blocks above the head.
final class PayloadAssembler: Sendable {
    /// A block that is not whole yet.
    private struct Partial {
        var header: BlockHeader
        var evidence: [[UInt8]]
        var slots: [Slot]
        /// Whether some of it came from the mempool, where another signature of the same body may stand.
        var usesMempool = false
        var isFilling = false
    }

    private enum Slot {
        case missing(Hash32?)
        case present(SubmittedTransaction)
    }

    /// What the engine asked for.
    private struct Wish {
        let block: BlockReference
        var preferred: Hash32?
        var attempts = 0
    }

    private struct State {
        var partials: [Hash32: Partial] = [:]
        var wishes: [Hash32: Wish] = [:]
        var head: UInt64 = 0
        var isTicking = false
        var service: Holder?
    }

    private struct Holder: Sendable { weak var service: PeerService? }

    private static let maximum = 32
    /// How far above the head a proposal may be.
    private static let ahead: UInt64 = 64
    /// How long what travels by itself may take before it is asked for, and until another peer is asked.
    private static let patience = DispatchTimeInterval.milliseconds(20)
    private static let retry = DispatchTimeInterval.milliseconds(150)

    private let mempool: Mempool
    private let workers: WorkerPool
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "jupiter.payloads", qos: .userInitiated)

    init(mempool: Mempool, workers: WorkerPool) { (self.mempool, self.workers) = (mempool, workers) }

    func bind(_ service: PeerService) { state.withLock { $0.service = Holder(service: service) } }

    private var service: PeerService? { state.withLock { $0.service?.service } }

    /// Forgets blocks at or below `height`.
    func settle(_ height: UInt64) {
        state.withLock { state in
            state.head = max(state.head, height)
            state.partials = state.partials.filter { $0.value.header.height > height }
            state.wishes = state.wishes.filter { $0.value.block.height > height }
        }
    }

    // MARK: Proposals

    /// A leader's block, as it sends it to everybody.
    func receive(_ compact: CompactBlock, from peer: Hash32, proposer: Hash32?, done: @escaping @Sendable () -> Void) {
        Task { [workers] in
            _ = try? await workers.run { self.begin(compact, from: peer, proposer: proposer) }
            done()
        }
    }

    private func begin(_ compact: CompactBlock, from peer: Hash32, proposer: Hash32?) {
        guard let header = try? BlockHeader(decoding: compact.header), header.proposer == proposer else {
            service?.network.punish(peer, for: ConsensusError.badProposal)
            return
        }
        let accepts = state.withLock { state in
            guard header.height > state.head, header.height <= state.head + Self.ahead, state.partials[header.hash] == nil else {
                return false
            }
            return state.partials.count < Self.maximum
        }
        guard accepts else { return }
        var partial = Partial(header: header, evidence: compact.evidence, slots: [])
        partial.slots.reserveCapacity(compact.transactions.count)
        for transaction in compact.transactions {
            switch transaction {
            case .id(let id): partial.slots.append(.missing(id))
            case .full(let bytes):
                guard let submitted = checked(bytes) else {
                    service?.network.punish(peer, for: ConsensusError.badProposal)
                    return
                }
                partial.slots.append(.present(submitted))
            }
        }
        state.withLock { $0.partials[header.hash] = partial }
        complete(header.hash, from: peer, mayAsk: false)
        let hash = header.hash
        queue.asyncAfter(deadline: .now() + Self.patience) { self.pursue(hash, from: peer) }
    }

    /// A transaction whose signature is good, or was found good before.
    private func checked(_ bytes: [UInt8]) -> SubmittedTransaction? {
        guard let submitted = try? SubmittedTransaction(decoding: bytes) else { return nil }
        if let known = mempool.submitted(submitted.transaction.id), known.transaction.bytes == submitted.transaction.bytes { return known }
        return (try? submitted.transaction.verifySignature()) == nil ? nil : submitted
    }

    /// Asks the sender for what has not come by itself meanwhile.
    private func pursue(_ hash: Hash32, from peer: Hash32) {
        guard state.withLock({ $0.partials[hash] != nil }) else { return }
        Task { [workers] in _ = try? await workers.run { self.complete(hash, from: peer, mayAsk: true) } }
    }

    /// Fills up from the mempool; delivers what is whole, otherwise asks.
    private func complete(_ hash: Hash32, from peer: Hash32, mayAsk: Bool) {
        guard var partial = state.withLock({ $0.partials[hash] }) else { return }
        for (position, slot) in partial.slots.enumerated() {
            guard case .missing(let id?) = slot, let known = mempool.submitted(id) else { continue }
            partial.slots[position] = .present(known)
            partial.usesMempool = true
        }
        let filled = partial
        let transactions = filled.slots.compactMap { slot -> SubmittedTransaction? in
            if case .present(let found) = slot { found } else { nil }
        }
        guard transactions.count == filled.slots.count else {
            state.withLock { state in if state.partials[hash] != nil { state.partials[hash] = filled } }
            if mayAsk { ask(peer, for: filled) }
            return
        }
        let payload: BlockPayload
        do {
            payload = try BlockPayload(header: filled.header, content: BlockContent(transactions, evidence: filled.evidence))
        } catch {
            state.withLock { $0.partials[hash] = nil }
            // The same body under another signature is the same transaction, but other bytes: then only the whole block helps.
            if filled.usesMempool { request(hash, filled.header.height, [], from: peer) } else { service?.network.punish(peer, for: error) }
            return
        }
        state.withLock { state in
            state.partials[hash] = nil
            state.wishes[hash] = nil
        }
        service?.engine?.deliver(payload)
    }

    private func ask(_ peer: Hash32, for partial: Partial) {
        let missing = partial.slots.indices.filter { if case .missing = partial.slots[$0] { true } else { false } }
        request(partial.header.hash, partial.header.height, missing.map(UInt32.init), from: peer)
    }

    private func request(_ hash: Hash32, _ height: UInt64, _ missing: [UInt32], from peer: Hash32) {
        _ = service?.network.send(.payloadRequest(PayloadRequest(block: hash, height: height, missing: missing)), to: peer)
    }

    // MARK: Answers

    func receive(_ response: PayloadResponse, from peer: Hash32, done: @escaping @Sendable () -> Void) {
        Task { [workers] in
            _ = try? await workers.run { self.fill(response, from: peer) }
            done()
        }
    }

    private func fill(_ response: PayloadResponse, from peer: Hash32) {
        guard !response.isUnknown else { return }
        let hash = response.block
        if !response.header.isEmpty { start(response, from: peer) }
        let known = state.withLock { $0.partials[hash].map { ($0.slots.count, $0.header.height) } }
        guard known != nil else { return }
        var found: [(Int, SubmittedTransaction)] = []
        for (position, bytes) in zip(response.positions, response.transactions) {
            guard Int(position) < PeerLimits.transactionsPerBlock, let submitted = checked(bytes) else {
                service?.network.punish(peer, for: ConsensusError.badProposal)
                return
            }
            found.append((Int(position), submitted))
        }
        let received = found
        state.withLock { state in
            guard var partial = state.partials[hash] else { return }
            for (position, submitted) in received {
                if partial.isFilling { while partial.slots.count <= position { partial.slots.append(.missing(nil)) } }
                if partial.slots.indices.contains(position) { partial.slots[position] = .present(submitted) }
            }
            if response.last { partial.isFilling = false }
            state.partials[hash] = partial
        }
        if response.last { complete(hash, from: peer, mayAsk: false) }
    }

    /// The first part of a whole block that was asked for.
    private func start(_ response: PayloadResponse, from peer: Hash32) {
        guard let header = try? BlockHeader(decoding: response.header), header.hash == response.block else {
            service?.network.punish(peer, for: ConsensusError.badProposal)
            return
        }
        state.withLock { state in
            guard state.wishes[header.hash] != nil || state.partials[header.hash] != nil, header.height > state.head else { return }
            var partial = Partial(header: header, evidence: response.evidence, slots: [])
            partial.isFilling = true
            state.partials[header.hash] = partial
        }
    }

    // MARK: Wishes of the engine

    /// The engine needs this block: it may be on its way; otherwise peers are asked in turn until it is here or the head has passed it.
    func want(_ block: BlockReference, from peer: Hash32?) {
        let starts = state.withLock { state in
            guard block.height > state.head else { return false }
            state.wishes[block.hash] = Wish(block: block, preferred: peer)
            defer { state.isTicking = true }
            return !state.isTicking
        }
        if starts { queue.asyncAfter(deadline: .now() + Self.patience) { self.tick() } }
    }

    private func tick() {
        guard let service else { return }
        let connected = service.network.peers.filter(\.connected).map(\.nodeID)
        let wishes: [Wish] = state.withLock { state in
            for hash in Array(state.wishes.keys) { state.wishes[hash]?.attempts += 1 }
            state.isTicking = !state.wishes.isEmpty
            return Array(state.wishes.values)
        }
        for wish in wishes where service.engine?.payload(wish.block.hash) == nil && !connected.isEmpty {
            // First whom the engine named, then everybody in turn.
            let turn = connected[(wish.attempts + Int(wish.block.hash.w3 % 97)) % connected.count]
            let peer = wish.attempts == 1 ? wish.preferred.flatMap { connected.contains($0) ? $0 : nil } ?? turn : turn
            if let partial = state.withLock({ $0.partials[wish.block.hash] }), !partial.isFilling {
                ask(peer, for: partial)
            } else {
                request(wish.block.hash, wish.block.height, [], from: peer)
            }
        }
        for wish in wishes where service.engine?.payload(wish.block.hash) != nil { state.withLock { $0.wishes[wish.block.hash] = nil } }
        if !wishes.isEmpty { queue.asyncAfter(deadline: .now() + Self.retry) { self.tick() } }
    }
}
