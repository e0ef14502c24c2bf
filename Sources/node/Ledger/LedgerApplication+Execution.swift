import AuthenticatedState
import ChainTypes
import Cryptography
import Execution
import Primitives
import Storage
import SwiftProtobuf
import Synchronization
import WireTypes

extension LedgerApplication {
    /// What executing the block gave, when it is executed and not committed.
    package func outcome(of hash: Hash32) -> BlockOutcome? { chain.withLock { $0.executed[hash]?.outcome } }

    /// - Throws: `LedgerError.unknownParent` for a block on neither the head nor an executed block, `tooFarAhead` when the chain of
    ///   uncommitted blocks is too long; what stops the chain otherwise. When memory is short, blocks that nothing was executed on are
    ///   forgotten, oldest first; `commit` then asks for them again.
    package func finalizeBlock(_ content: BlockContent, hash: Hash32, context: BlockContext) throws -> BlockOutcome {
        if let known = outcome(of: hash) { return known }
        let parent = try state(after: context.parent)
        guard context.height == parent.height + 1 else { throw LedgerError.wrongHeight }
        let transactions = content.transactions
        let result = try executor.execute(
            transactions.map(\.transaction), evidence: content.evidence, parent: context.parent, context: context,
            on: BranchReader(ledger: self, branch: parent.branch, accounts: parent.accounts))
        let update = try tree.apply(result.writes, version: context.height, on: parent.branch)
        let receipts = result.receipts.map { $0.encoded() }
        let outcome = BlockOutcome(
            receipts: receipts, receiptsRoot: MerkleList.root(receipts.map(MerkleList.leaf)), stateRoot: update.root,
            plan: result.plan, erasesSidecars: !result.erasedSidecars.isEmpty)
        var sidecars: [(hash: Hash32, bytes: [UInt8])] = []
        for (submitted, receipt) in zip(transactions, result.receipts) where receipt.code == 0 {
            for (hash, bytes) in zip(submitted.commitments, submitted.sidecars) { sidecars.append((hash, bytes)) }
        }
        let commit = BlockCommit(
            height: context.height, blockHash: hash, block: [],
            receipts: zip(transactions, receipts).enumerated().map { ($1.0.transaction.id, UInt32($0), $1.1) }, sidecars: sidecars,
            erasedSidecars: result.erasedSidecars, treeUpdate: update)
        let block = ExecutedBlock(
            parent: context.parent, outcome: outcome, commit: commit, accounts: result.accounts,
            branch: parent.branch.appending(update))
        try chain.withLock { state throws(LedgerError) in try state.executed.insert(block, hash: hash) }
        return outcome
    }

    package func commit(_ block: Block, certificate: QuorumCertificate?) throws {
        let hash = block.header.hash
        let executed: ExecutedBlock? = chain.withLock { state in
            state.executed[hash].flatMap { $0.parent == state.head.blockHash ? $0 : nil }
        }
        guard let executed else { throw LedgerError.notExecuted }
        var commit = executed.commit
        commit.block = block.bytes
        commit.certificate = certificate?.bytes
        commit.names = Self.epochEnd(block.header, certificate: certificate, following: executed.outcome.plan.validators)
        // When this throws nothing has changed; the block stays executed.
        try store.commit(commit)
        tree.commit(commit.treeUpdate)
        chain.withLock { state in
            state.head = ApplicationHead(
                height: block.header.height, blockHash: hash, time: block.header.time, stateRoot: executed.outcome.stateRoot,
                receiptsRoot: executed.outcome.receiptsRoot, plan: executed.outcome.plan)
            state.tip = block.header
            if state.accounts.count > ChainTip.cachedAccounts { state.accounts.removeAll() }
            state.accounts.merge(executed.accounts) { $1 }
            state.executed.settle(hash)
        }
    }

    /// The state after the head or an executed block, and the rules of the block on top.
    func state(
        after hash: Hash32
    ) throws(LedgerError) -> (height: UInt64, branch: StateBranch, accounts: ParentAccounts, parameters: WireParameters) {
        let found: (UInt64, StateBranch, ParentAccounts, WireParameters)? = chain.withLock { state in
            if hash == state.head.blockHash {
                let branch = StateBranch(base: state.head.height)
                return (state.head.height, branch, ParentAccounts(written: []), state.head.plan.parameters)
            }
            return state.executed[hash].map {
                let accounts = ParentAccounts(written: state.executed.chain(hash).map(\.accounts))
                return ($0.height, $0.branch, accounts, $0.outcome.plan.parameters)
            }
        }
        guard let found else { throw .unknownParent }
        return found
    }

    /// Reads the state after the head or an executed block.
    func reader(after hash: Hash32) throws(LedgerError) -> BranchReader {
        let parent = try state(after: hash)
        return BranchReader(ledger: self, branch: parent.branch, accounts: parent.accounts)
    }

    /// When the chain's blocks are committed meanwhile, the committed accounts differ only in what those blocks wrote.
    func account(_ address: Address, after parent: ParentAccounts) throws -> WireAccount {
        for written in parent.written { if let account = written[address] { return account } }
        return try account(address)
    }
}

/// The accounts after a block that may not be committed: what each uncommitted block of its chain wrote, newest first.
struct ParentAccounts: Sendable {
    let written: [[Address: WireAccount]]
}
