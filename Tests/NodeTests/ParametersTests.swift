import ChainTypes
import Engine
import FoundationEssentials
import Ledger
import LedgerSupport
import Primitives
import Simplex
import Storage
import Testing
import WireTypes

/// What governance decides about blocks and fees, as proposals and the mempool see it.
@Suite struct `A ledger whose rules change` {
    private let folder: SyncFolder

    init() throws { folder = try SyncFolder() }

    private func chain(_ change: (inout WireParameters) -> Void) throws -> SyncChain {
        var chain = try SyncChain(folder.file("chain"), epochLength: 12)
        var parameters = chain.genesis.parameters
        change(&parameters)
        try chain.decide { $0.setParameters = parameters }
        return chain
    }

    private func transfers(_ chain: inout SyncChain, _ count: Int, fee: UInt64 = 1) throws -> [SubmittedTransaction] {
        try (0..<count).map { _ in
            var transfer = WireTransfer()
            (transfer.to, transfer.amount) = (.init(Hash32(3, 3, 3, 3).bytes), 1)
            return try chain.transaction(3, [WireMessage(.transfer(transfer))], fee: fee)
        }
    }

    /// Empty blocks until the next one is the last of its epoch.
    private func reachLast(_ chain: inout SyncChain) throws { while !chain.ledger.head.plan.closes { try chain.add() } }

    private func context(after parent: ParentState) -> BlockContext {
        BlockMaker.context(chainID: "jupiter-test", after: parent, view: 1, proposer: .zero, now: parent.time + 1_000)
    }

    private func proposed(_ ledger: LedgerApplication, _ candidates: [SubmittedTransaction], after parent: ParentState? = nil) throws -> Int
    {
        let context = context(after: parent ?? ParentState(ledger.head))
        return try ledger.prepareProposal(BlockContent(candidates), context: context).transactions.count
    }

    private func accepts(_ ledger: LedgerApplication, _ proposal: [SubmittedTransaction]) throws -> Bool {
        try ledger.processProposal(BlockContent(proposal), context: context(after: ParentState(ledger.head)))
    }

    @Test func `holds fewer transactions from the next epoch on, and refuses a proposal of more`() throws {
        var chain = try chain { $0.maximumBlockTransactions = 2 }
        try reachLast(&chain)
        let candidates = try transfers(&chain, 5)
        let ledger = chain.ledger
        #expect(try proposed(ledger, candidates) == 5 && accepts(ledger, candidates), "the last block has the rules of its epoch")
        try chain.add()
        #expect(ledger.head.plan.parameters.maximumBlockTransactions == 2)
        #expect(try proposed(ledger, candidates) == 2)
        #expect(try !accepts(ledger, Array(candidates.prefix(3))) && accepts(ledger, Array(candidates.prefix(2))))
        let again = try SyncChain.open(folder.file("copy"), chain.genesis)
        try chain.replay(into: again, to: chain.height)
        #expect(try proposed(again, candidates) == 2)
    }

    @Test func `holds fewer bytes from the next epoch on`() throws {
        let bytes = 1 << 16
        var chain = try chain { $0.maximumBlockBytes = UInt64(bytes) }
        try reachLast(&chain)
        let candidates = try transfers(&chain, 400)
        #expect(try proposed(chain.ledger, candidates) == 400)
        try chain.add()
        let count = try proposed(chain.ledger, candidates)
        let size = candidates.reduce(0) { $0 + $1.transaction.bytes.count }
        #expect(size > bytes && (1..<400).contains(count))
        #expect(try !accepts(chain.ledger, Array(candidates.prefix(count + 1))) && accepts(chain.ledger, Array(candidates.prefix(count))))
    }

    @Test func `asks for the new fee, in the mempool and in proposals`() throws {
        var chain = try chain { $0.minimumFee = 5 }
        try reachLast(&chain)
        let cheap = try transfers(&chain, 1)
        let ledger = chain.ledger
        try ledger.checkTransaction(cheap[0])
        try chain.add()
        #expect(throws: TransactionError.feeTooLow) { try ledger.checkTransaction(cheap[0]) }
        #expect(try proposed(ledger, cheap) == 0 && !accepts(ledger, cheap))
        chain.forget(3)
        let dear = try transfers(&chain, 2, fee: 5)
        for transaction in dear { try ledger.checkTransaction(transaction) }
        #expect(try proposed(ledger, dear) == 2)
        try chain.add(dear)
        let receipts = try dear.map { try #require(try ledger.store.receipt($0.transaction.id)).bytes }
        #expect(try receipts.map { try WireReceipt(strictly: $0, limit: $0.count).code } == [0, 0])
    }

    @Test func `goes by the rules of a parent that is not committed yet`() throws {
        var chain = try chain { $0.maximumBlockTransactions = 2 }
        try reachLast(&chain)
        let candidates = try transfers(&chain, 5)
        let ledger = chain.ledger
        let before = ParentState(ledger.head)
        let payload = try BlockMaker.payload(BlockContent(), context(after: before), after: before)
        let outcome = try ledger.finalizeBlock(payload.content, hash: payload.header.hash, context: BlockContext(payload.header))
        #expect(try proposed(ledger, candidates, after: ParentState(payload.header, outcome: outcome)) == 2)
        #expect(try proposed(ledger, candidates) == 5, "on the head, still those before")
    }
}
