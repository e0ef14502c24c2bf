import ChainTypes
import Cryptography
import Engine
import Primitives
import Synchronization
import WireTypes

/// An application that remembers what an engine asked of it and whose state root chains the identifiers of all transactions so far.
final class CountingApplication: Application {
    struct Step {
        let parent: Hash32
        let height: UInt64
        let time: UInt64
        let outcome: BlockOutcome
    }

    struct Log {
        var head: ApplicationHead
        var steps: [Hash32: Step] = [:]
        var blocks: [Block] = []
        var certificates: [QuorumCertificate?] = []
        /// Identifiers that proposals leave out.
        var refused: Set<Hash32> = []
        var failsCommit = false
        /// Identifiers of transactions that let go of sidecars.
        var erasing: Set<Hash32> = []
        /// Identifiers of committed transactions.
        var committed: Set<Hash32> = []
    }

    struct CommitFailure: Error {}

    let log: Mutex<Log>
    /// The plan of the block after one of this height.
    private let plan: @Sendable (UInt64) -> EpochPlan

    init(genesis: Genesis, plan: (@Sendable (UInt64) -> EpochPlan)? = nil) {
        let plan = plan ?? { _ in EpochPlan(genesis: genesis) }
        self.plan = plan
        log = Mutex(
            Log(
                head: ApplicationHead(
                    height: 0, blockHash: genesis.hash, time: genesis.wire.time, stateRoot: .zero, receiptsRoot: .zero, plan: plan(0))))
    }

    var head: ApplicationHead { log.withLock { $0.head } }
    var blocks: [Block] { log.withLock { $0.blocks } }
    var roots: [Hash32] { log.withLock { $0.blocks.map(\.header.stateRoot) } }

    /// The state root after `transactions` on a state with root `root`.
    static func root(_ root: Hash32, _ transactions: [SubmittedTransaction]) -> Hash32 {
        transactions.isEmpty ? root : MerkleList.root([root] + transactions.map(\.transaction.id))
    }

    func checkTransaction(_ transaction: SubmittedTransaction) throws {}

    func prepareProposal(_ candidates: BlockContent, context: BlockContext) throws -> BlockContent {
        log.withLock { log in
            BlockContent(
                candidates.transactions.filter { !log.refused.contains($0.transaction.id) && !log.committed.contains($0.transaction.id) },
                evidence: candidates.evidence)
        }
    }

    func processProposal(_ content: BlockContent, context: BlockContext) throws -> Bool {
        log.withLock { log in content.transactions.allSatisfy { !log.refused.contains($0.transaction.id) } }
    }

    func finalizeBlock(_ content: BlockContent, hash: Hash32, context: BlockContext) throws -> BlockOutcome {
        log.withLock { log in
            let before = context.parent == log.head.blockHash ? log.head.stateRoot : log.steps[context.parent]?.outcome.stateRoot
            guard let before else { preconditionFailure("executed on a block that was executed") }
            let receipts = content.transactions.map { $0.transaction.id.bytes }
            let outcome = BlockOutcome(
                receipts: receipts, receiptsRoot: MerkleList.root(receipts.map(MerkleList.leaf)),
                stateRoot: Self.root(before, content.transactions), plan: plan(context.height),
                erasesSidecars: content.transactions.contains { log.erasing.contains($0.transaction.id) })
            log.steps[hash] = Step(parent: context.parent, height: context.height, time: context.time, outcome: outcome)
            return outcome
        }
    }

    func commit(_ block: Block, certificate: QuorumCertificate?) throws {
        try log.withLock { log in
            if log.failsCommit { throw CommitFailure() }
            guard let step = log.steps[block.header.hash], step.parent == log.head.blockHash else {
                preconditionFailure("an executed child of the head is committed")
            }
            log.blocks.append(block)
            log.certificates.append(certificate)
            log.committed.formUnion(block.transactions.map(\.id))
            log.steps = log.steps.filter { $0.value.height > step.height }
            log.head = ApplicationHead(
                height: step.height, blockHash: block.header.hash, time: step.time, stateRoot: step.outcome.stateRoot,
                receiptsRoot: step.outcome.receiptsRoot, plan: step.outcome.plan)
        }
    }

    func query(_ key: [UInt8], height: UInt64?, prove: Bool) throws -> QueryAnswer { QueryAnswer(height: 0, value: nil, proof: nil) }
}

/// Candidates given by the test, in order, with the holding rules that engines rely on.
final class ListedSource: ProposalSource {
    struct State {
        var waiting: [SubmittedTransaction]
        var held: Set<Hash32> = []
        var returned: [SubmittedTransaction] = []
        var notify: (@Sendable () -> Void)?
    }

    let state: Mutex<State>

    init(_ transactions: [SubmittedTransaction] = []) { state = Mutex(State(waiting: transactions)) }

    var backlog: Int { state.withLock { state in state.waiting.count { !state.held.contains($0.transaction.id) } } }

    func add(_ transaction: SubmittedTransaction) {
        let notify = state.withLock { state in
            state.waiting.append(transaction)
            return state.notify
        }
        notify?()
    }

    func take(_ bounds: ProposalBounds) -> [SubmittedTransaction] {
        state.withLock { state in
            let taken = state.waiting.filter { !state.held.contains($0.transaction.id) }.prefix(bounds.transactions)
            state.held.formUnion(taken.map(\.transaction.id))
            return Array(taken)
        }
    }

    func putBack(_ transactions: [SubmittedTransaction]) {
        state.withLock { state in
            state.returned += transactions
            let ids = Set(transactions.map(\.transaction.id))
            state.waiting.removeAll { ids.contains($0.transaction.id) }
        }
    }

    func hold(_ transactions: [SubmittedTransaction]) { state.withLock { $0.held.formUnion(transactions.map(\.transaction.id)) } }

    func release(_ transactions: [SubmittedTransaction]) { state.withLock { $0.held.subtract(transactions.map(\.transaction.id)) } }

    func onArrival(_ notify: @escaping @Sendable () -> Void) { state.withLock { $0.notify = notify } }

    func committed(_ transactions: [SignedTransaction]) {
        let ids = Set(transactions.map(\.id))
        state.withLock { $0.waiting.removeAll { ids.contains($0.transaction.id) } }
    }
}

/// A wall clock that stands where the test puts it.
final class SetClock: EngineClock {
    let time: Mutex<UInt64>

    init(_ start: UInt64) { time = Mutex(start) }

    func now() -> UInt64 { time.withLock { $0 } }
    func set(_ value: UInt64) { time.withLock { $0 = value } }
}
