import AuthenticatedState
import ChainTypes
import Cryptography
import Execution
import Modules
import Primitives
import Storage
import SwiftProtobuf
import Synchronization
import WireTypes

/// The ledger behind the `Application` seam: execution over the authenticated state, committed block by block to disk.
///
/// An engine drives `finalizeBlock` and `commit` from one place; checks, proposals and queries may come from anywhere at any time.
package final class LedgerApplication: Application {
    package let genesis: Genesis
    package let store: ChainStore
    let executor: BlockExecutor
    let tree: StateTree
    let chain: Mutex<ChainTip>

    /// What the last commit left, the accounts that checks ask for again and again, and the blocks executed on top.
    struct ChainTip {
        var head: ApplicationHead
        /// The head's header, once this process has committed a block.
        var tip: BlockHeader?
        var accounts: [Address: WireAccount] = [:]
        var executed: ExecutedBlocks

        /// Accounts kept in memory; the cache starts again when it is full.
        static let cachedAccounts = 200_000
    }

    /// Opens the ledger in `store`, writing block 0's state on a new chain.
    /// - Throws: `LedgerError.otherGenesis` when the store belongs to another chain.
    package init(store: ChainStore, genesis: Genesis, limits: ExecutionLimits = ExecutionLimits()) throws {
        self.store = store
        self.genesis = genesis
        executor = BlockExecutor(genesis: genesis)
        tree = StateTree(store: store, version: store.head()?.stateVersion)
        if store.head() == nil {
            let update = try tree.apply(executor.genesisWrites(), version: 0)
            try store.putMeta(Self.genesisMeta, genesis.bytes)
            try store.commit(BlockCommit(height: 0, blockHash: genesis.hash, block: genesis.bytes, treeUpdate: update))
        }
        guard try store.getMeta(Self.genesisMeta) == genesis.bytes else { throw LedgerError.otherGenesis }
        chain = Mutex(ChainTip(head: try Self.readHead(store, executor: executor), executed: ExecutedBlocks(limits: limits)))
    }

    static let genesisMeta = "genesis"

    private static func readHead(_ store: ChainStore, executor: BlockExecutor) throws -> ApplicationHead {
        guard let head = store.head() else { throw LedgerError.noHead }
        let genesis = executor.genesis
        let plan = try executor.plan(after: head.height, on: CommittedReader(store: store, version: head.height))
        guard head.height > 0 else {
            return ApplicationHead(
                height: 0, blockHash: genesis.hash, time: genesis.wire.time, stateRoot: head.root, receiptsRoot: .zero,
                plan: plan)
        }
        guard let bytes = try store.block(head.height) else { throw LedgerError.noHead }
        let block = try Block(decoding: bytes)
        let receipts = try block.transactions.map { transaction in
            guard let receipt = try store.receipt(transaction.id), receipt.height == head.height else { throw LedgerError.noHead }
            return MerkleList.leaf(receipt.bytes)
        }
        return ApplicationHead(
            height: head.height, blockHash: head.blockHash, time: block.header.time, stateRoot: head.root,
            receiptsRoot: MerkleList.root(receipts), plan: plan)
    }

    package var head: ApplicationHead { chain.withLock { $0.head } }

    /// Validators, their weights and what they decide, in the committed state.
    package var trust: TrustView {
        TrustView(CommittedReader(store: store, version: head.height), genesis: genesis)
    }

    // MARK: Mempool

    package func checkTransaction(_ submitted: SubmittedTransaction) throws {
        let transaction = submitted.transaction
        // Once for each transaction of the chain: one look at what others change.
        let (height, parameters, known) = chain.withLock { state in
            (state.head.height, state.head.plan.parameters, state.accounts[transaction.sender])
        }
        try AccountsModule.check(
            transaction, account: try known ?? account(transaction.sender), height: height + 1, genesis: genesis, allowGap: true,
            parameters: parameters)
        if transaction.isFreeWithdrawal { try checkFree(transaction, after: head) }
    }

    /// The committed account of `address`.
    package func account(_ address: Address) throws -> WireAccount {
        if let known = chain.withLock({ $0.accounts[address] }) { return known }
        let height = head.height
        let bytes = try AuthenticatedState.StateReader(store: store).get(StateKey.account(address), version: height)
        let account = try bytes.map { try WireAccount(serializedBytes: $0) } ?? WireAccount()
        chain.withLock { state in
            // A commit in between has put the newer value there, or has moved the head.
            if state.head.height == height, state.accounts[address] == nil { state.accounts[address] = account }
        }
        return account
    }

    /// A free transaction is taken only when it would succeed: nobody pays for trying.
    private func checkFree(_ transaction: SignedTransaction, after head: ApplicationHead) throws {
        var state = ModuleState(CommittedReader(store: store, version: head.height))
        let context = BlockContext(
            chainID: genesis.chainID, height: head.height + 1, time: head.time + 1, proposer: .zero, parent: head.blockHash)
        let message = MessageContext(block: context, genesis: genesis, transaction: transaction, index: 0, parameters: head.plan.parameters)
        try ModuleRouter.apply(transaction.body.messages[0], message, &state)
    }

    // MARK: Queries

    package func query(_ key: [UInt8], height: UInt64?, prove: Bool) throws -> QueryAnswer {
        let version = height ?? head.height
        guard version <= head.height else { throw LedgerError.unknownHeight }
        let reader = AuthenticatedState.StateReader(store: store)
        let value = try reader.get(key, version: version)
        return QueryAnswer(height: version, value: value, proof: prove ? try reader.prove(key, version: version).encode() : nil)
    }

    /// The raw keys that start with `prefix`, in order, after `after`; an index for listings, not part of the proof.
    package func keys(prefix: [UInt8], after: [UInt8]?, limit: Int) throws -> [[UInt8]] {
        let keys = try store.keys(prefix: prefix, from: after, limit: limit + 1)
        return Array(keys.drop { $0 == after }.prefix(limit))
    }
}
