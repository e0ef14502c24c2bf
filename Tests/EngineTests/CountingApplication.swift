import ChainTypes
import Cryptography
import Engine
import Primitives
import Synchronization
import WireTypes

/// An application that remembers what an engine asked of it and whose state root is the number of transactions so far.
final class CountingApplication: Application {
    struct Log {
        var head: ApplicationHead
        var staged: BlockOutcome?
        var blocks: [Block] = []
        var certificates: [QuorumCertificate] = []
        var contexts: [BlockContext] = []
        var transactions: UInt64 = 0
        /// Identifiers that proposals leave out.
        var refused: Set<Hash32> = []
        var failsCommit = false
    }

    struct CommitFailure: Error {}

    let log: Mutex<Log>

    init(genesis: Genesis) {
        log = Mutex(
            Log(
                head: ApplicationHead(
                    height: 0, blockHash: genesis.hash, time: genesis.wire.time, stateRoot: Self.root(0), receiptsRoot: .zero,
                    plan: EpochPlan(genesis: genesis))))
    }

    static func root(_ count: UInt64) -> Hash32 { Hash32(0, 0, 7, count) }

    var head: ApplicationHead { log.withLock { $0.head } }
    var blocks: [Block] { log.withLock { $0.blocks } }

    func checkTransaction(_ transaction: SubmittedTransaction) throws {}

    func prepareProposal(_ candidates: BlockContent, context: BlockContext) throws -> BlockContent {
        log.withLock { log in BlockContent(candidates.transactions.filter { !log.refused.contains($0.transaction.id) }) }
    }

    func processProposal(_ content: BlockContent, context: BlockContext) throws -> Bool { true }

    func finalizeBlock(_ content: BlockContent, hash: Hash32, context: BlockContext) throws -> BlockOutcome {
        log.withLock { log in
            log.contexts.append(context)
            let count = log.transactions + UInt64(content.transactions.count)
            let receipts = content.transactions.map { $0.transaction.id.bytes }
            let outcome = BlockOutcome(
                receipts: receipts, receiptsRoot: MerkleList.root(receipts.map(MerkleList.leaf)), stateRoot: Self.root(count),
                plan: log.head.plan)
            log.staged = outcome
            return outcome
        }
    }

    func commit(_ block: Block, certificate: QuorumCertificate?) throws {
        try log.withLock { log in
            if log.failsCommit { throw CommitFailure() }
            guard let staged = log.staged else { preconditionFailure("finalised before it is committed") }
            log.transactions += UInt64(block.transactions.count)
            log.blocks.append(block)
            if let certificate { log.certificates.append(certificate) }
            log.staged = nil
            log.head = ApplicationHead(
                height: block.header.height, blockHash: block.header.hash, time: block.header.time, stateRoot: staged.stateRoot,
                receiptsRoot: staged.receiptsRoot, plan: staged.plan)
        }
    }

    func query(_ key: [UInt8], height: UInt64?, prove: Bool) throws -> QueryAnswer { QueryAnswer(height: 0, value: nil, proof: nil) }
}

/// Candidates given by the test, in order.
final class ListedSource: ProposalSource {
    struct State {
        var waiting: [SubmittedTransaction]
        var returned: [SubmittedTransaction] = []
    }

    let state: Mutex<State>

    init(_ transactions: [SubmittedTransaction]) { state = Mutex(State(waiting: transactions)) }

    var backlog: Int { state.withLock { $0.waiting.count } }

    func add(_ transaction: SubmittedTransaction) { state.withLock { $0.waiting.append(transaction) } }

    func take(_ bounds: ProposalBounds) -> [SubmittedTransaction] {
        state.withLock { state in
            let taken = Array(state.waiting.prefix(bounds.transactions))
            state.waiting.removeFirst(taken.count)
            return taken
        }
    }

    func putBack(_ transactions: [SubmittedTransaction]) { state.withLock { $0.returned += transactions } }

    func arrival() async {
        while backlog == 0, !Task.isCancelled { await Task.yield() }
    }
}

/// Time that moves only when somebody sleeps, and then at once.
final class VirtualClock: EngineClock {
    let time: Mutex<UInt64>

    init(_ start: UInt64) { time = Mutex(start) }

    func now() -> UInt64 { time.withLock { $0 } }
    func set(_ value: UInt64) { time.withLock { $0 = value } }
    func sleep(until time: UInt64) async { self.time.withLock { $0 = max($0, time) } }
}
