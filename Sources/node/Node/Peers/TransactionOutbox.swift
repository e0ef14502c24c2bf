import ChainTypes
import Dispatch
import Engine
import Networking
import Primitives
import Synchronization

/// Transactions on their way to the peers, a few at a time, and the memory of which ones they have been told.
final class TransactionOutbox: Sendable {
    private struct State {
        var waiting: [[UInt8]] = []
        var bytes = 0
        var isScheduled = false
        /// Told to all peers, or heard from one: two generations, so that the memory is bounded.
        var known: Set<Hash32> = []
        var older: Set<Hash32> = []
    }

    /// How long the first of a batch waits for company.
    private static let delay = DispatchTimeInterval.milliseconds(2)
    private static let batchBytes = 256 << 10
    private static let batchCount = 512
    private static let generation = 100_000

    private let network: PeerNetwork
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "jupiter.outbox", qos: .userInitiated)

    init(network: PeerNetwork) { self.network = network }

    func add(_ transactions: [SubmittedTransaction]) {
        guard !transactions.isEmpty else { return }
        let encoded = transactions.map(\.encoded)
        let (isFull, schedules) = state.withLock { state in
            for submitted in transactions { Self.remember(submitted.transaction.id, &state) }
            state.waiting += encoded
            state.bytes += encoded.reduce(0) { $0 + $1.count }
            let isFull = state.bytes >= Self.batchBytes || state.waiting.count >= Self.batchCount
            defer { state.isScheduled = true }
            return (isFull, !state.isScheduled)
        }
        if isFull { flush() } else if schedules { queue.asyncAfter(deadline: .now() + Self.delay) { self.flush() } }
    }

    private func flush() {
        let batch = state.withLock { state in
            defer { (state.waiting, state.bytes, state.isScheduled) = ([], 0, false) }
            return state.waiting
        }
        // A peer that does not keep up misses some: it gets them with a proposal.
        if !batch.isEmpty { network.broadcast(.transactions(batch)) }
    }

    private static func remember(_ id: Hash32, _ state: inout State) {
        state.known.insert(id)
        if state.known.count >= generation { (state.older, state.known) = (state.known, []) }
    }

    /// Whoever told of a transaction told all.
    func note(known transactions: [Hash32]) {
        state.withLock { state in transactions.forEach { Self.remember($0, &state) } }
    }

    /// The proposal with what the peers have not been told.
    func compact(_ payload: BlockPayload) -> CompactBlock {
        let told = state.withLock { state in
            payload.content.transactions.map { state.known.contains($0.transaction.id) || state.older.contains($0.transaction.id) }
        }
        let transactions = zip(payload.content.transactions, told).map { submitted, isTold in
            isTold ? CompactTransaction.id(submitted.transaction.id) : .full(submitted.encoded)
        }
        return CompactBlock(header: payload.header.bytes, evidence: payload.content.evidence, transactions: transactions)
    }
}
