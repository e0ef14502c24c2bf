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
/// An engine drives `finalizeBlock` and `commit` from one place; checks and queries may come from anywhere at any time and
/// see committed state only.
package final class LedgerApplication: Application {
    package let genesis: Genesis
    package let store: ChainStore
    private let executor: BlockExecutor
    private let tree: StateTree
    private let committed: Mutex<Committed>
    private let staged = Mutex<StagedBlock?>(nil)

    /// What the last commit left, and the accounts that checks ask for again and again.
    private struct Committed {
        var head: ApplicationHead
        var accounts: [Address: WireAccount] = [:]
    }

    private struct StagedBlock: Sendable {
        let context: BlockContext
        let outcome: BlockOutcome
        let commit: BlockCommit
        let accounts: [Address: WireAccount]
    }

    /// Accounts kept in memory; the cache starts again when it is full.
    private static let cachedAccounts = 200_000

    /// Opens the ledger in `store`, writing block 0's state on a new chain.
    /// - Throws: `LedgerError.otherGenesis` when the store belongs to another chain.
    package init(store: ChainStore, genesis: Genesis) throws {
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
        committed = Mutex(Committed(head: try Self.readHead(store, executor: executor)))
    }

    private static let genesisMeta = "genesis"

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

    package var head: ApplicationHead { committed.withLock { $0.head } }

    // MARK: Mempool

    package func checkTransaction(_ submitted: SubmittedTransaction) throws {
        let transaction = submitted.transaction
        try AccountsModule.check(
            transaction, account: try account(transaction.sender), height: head.height + 1, genesis: genesis, allowGap: true)
        if transaction.isFreeWithdrawal { try checkFree(transaction) }
    }

    /// The committed account of `address`.
    package func account(_ address: Address) throws -> WireAccount {
        if let known = committed.withLock({ $0.accounts[address] }) { return known }
        let height = head.height
        let bytes = try AuthenticatedState.StateReader(store: store).get(StateKey.account(address), version: height)
        let account = try bytes.map { try WireAccount(serializedBytes: $0) } ?? WireAccount()
        committed.withLock { state in
            // A commit in between has put the newer value there, or has moved the head.
            if state.head.height == height, state.accounts[address] == nil { state.accounts[address] = account }
        }
        return account
    }

    /// A free transaction is taken only when it would succeed: nobody pays for trying.
    private func checkFree(_ transaction: SignedTransaction) throws {
        let head = head
        var state = ModuleState(CommittedReader(store: store, version: head.height))
        let context = BlockContext(
            chainID: genesis.chainID, height: head.height + 1, time: head.time + 1, proposer: .zero, parent: head.blockHash)
        let message = MessageContext(block: context, genesis: genesis, transaction: transaction, index: 0)
        try ModuleRouter.apply(transaction.body.messages[0], message, &state)
    }

    // MARK: Proposals

    package func prepareProposal(_ candidates: BlockContent, context: BlockContext) throws -> BlockContent {
        var accounts: [Address: WireAccount] = [:]
        var chosen: [SubmittedTransaction] = []
        var bytes = 0
        let withdrawals = candidates.transactions.filter(\.transaction.isFreeWithdrawal)
        let others = candidates.transactions.filter { !$0.transaction.isFreeWithdrawal }
        for candidate in withdrawals + others {
            guard chosen.count < Int(genesis.parameters.maximumBlockTransactions) else { break }
            let transaction = candidate.transaction
            guard bytes + transaction.bytes.count <= Int(genesis.parameters.maximumBlockBytes) - Limits.header - 1024 else { continue }
            let account = try accounts[transaction.sender] ?? account(transaction.sender)
            do throws(TransactionError) {
                try AccountsModule.check(transaction, account: account, height: context.height, genesis: genesis, allowGap: false)
            } catch { continue }
            if !transaction.isFreeWithdrawal {
                var after = account
                after.nonce = transaction.body.nonce
                after.balance -= transaction.body.fee
                accounts[transaction.sender] = after
            }
            bytes += transaction.bytes.count + 8
            chosen.append(candidate)
        }
        let evidence = try executor.admissibleEvidence(
            candidates.evidence, context: context, on: CommittedReader(store: store, version: head.height))
        return BlockContent(chosen, evidence: evidence)
    }

    package func processProposal(_ content: BlockContent, context: BlockContext) throws -> Bool {
        let acceptable = try prepareProposal(content, context: context)
        return acceptable.transactions.map(\.transaction.id) == content.transactions.map(\.transaction.id)
            && acceptable.evidence == content.evidence
    }

    // MARK: Execution

    package func finalizeBlock(_ content: BlockContent, hash: Hash32, context: BlockContext) throws -> BlockOutcome {
        let head = head
        let transactions = content.transactions
        precondition(context.height == head.height + 1, "heights follow each other")
        let result = try executor.execute(
            transactions.map(\.transaction), evidence: content.evidence, parent: head.blockHash, context: context,
            on: HeadReader(tree: tree))
        let update = try tree.apply(result.writes, version: context.height)
        let receipts = result.receipts.map { $0.encoded() }
        let outcome = BlockOutcome(
            receipts: receipts, receiptsRoot: MerkleList.root(receipts.map(MerkleList.leaf)), stateRoot: update.root,
            plan: result.plan)
        var sidecars: [(hash: Hash32, bytes: [UInt8])] = []
        for (submitted, receipt) in zip(transactions, result.receipts) where receipt.code == 0 {
            for sidecar in submitted.sidecars { sidecars.append((Sidecar.commitment(sidecar), sidecar)) }
        }
        let commit = BlockCommit(
            height: context.height, blockHash: .zero, block: [],
            receipts: zip(transactions, receipts).enumerated().map { ($1.0.transaction.id, UInt32($0), $1.1) }, sidecars: sidecars,
            erasedSidecars: result.erasedSidecars, treeUpdate: update)
        staged.withLock { $0 = StagedBlock(context: context, outcome: outcome, commit: commit, accounts: Self.accounts(result.writes)) }
        return outcome
    }

    package func commit(_ block: Block, certificate: QuorumCertificate?) throws {
        guard
            let staged = staged.withLock({ staged in
                defer { staged = nil }
                return staged
            })
        else {
            preconditionFailure("a block is finalised before it is committed")
        }
        precondition(block.header.height == staged.context.height, "the block finalised last is committed")
        var commit = staged.commit
        commit.blockHash = block.header.hash
        commit.block = block.bytes
        commit.certificate = certificate?.bytes
        do { try store.commit(commit) } catch {
            tree.reset(to: store.head()?.stateVersion)
            throw error
        }
        committed.withLock { state in
            state.head = ApplicationHead(
                height: block.header.height, blockHash: block.header.hash, time: block.header.time, stateRoot: staged.outcome.stateRoot,
                receiptsRoot: staged.outcome.receiptsRoot, plan: staged.outcome.plan)
            if state.accounts.count > Self.cachedAccounts { state.accounts.removeAll() }
            state.accounts.merge(staged.accounts) { $1 }
        }
    }

    private static func accounts(_ writes: [(key: [UInt8], value: [UInt8]?)]) -> [Address: WireAccount] {
        let family = StateKey.family("accounts")
        var accounts: [Address: WireAccount] = [:]
        for (key, value) in writes where key.starts(with: family) {
            guard let address = Address(key.dropFirst(family.count)), let value, let account = try? WireAccount(serializedBytes: value)
            else { continue }
            accounts[address] = account
        }
        return accounts
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

/// Reads the newest state through the tree's memory: for the block being executed.
private struct HeadReader: CommittedState {
    let tree: StateTree
    func value(_ key: [UInt8]) throws -> [UInt8]? { try tree.get(key) }
}

/// Reads a committed version: for everybody else.
private struct CommittedReader: CommittedState {
    let store: ChainStore
    let version: UInt64
    func value(_ key: [UInt8]) throws -> [UInt8]? { try AuthenticatedState.StateReader(store: store).get(key, version: version) }
}

/// Why a ledger cannot be opened or asked (codes 1350–1359).
package enum LedgerError: UInt32, CodedError {
    case otherGenesis = 1350
    case noHead = 1351
    case unknownHeight = 1352

    package static let domain = "ledger"
    package var reason: String {
        switch self {
        case .otherGenesis: "the data directory belongs to a chain with another genesis"
        case .noHead: "the newest block or one of its receipts is missing: restore a backup"
        case .unknownHeight: "this height has not been committed"
        }
    }
}
