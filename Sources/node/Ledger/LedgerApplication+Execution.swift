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
            on: BranchReader(tree: tree, branch: parent.branch))
        let update = try tree.apply(result.writes, version: context.height, on: parent.branch)
        let receipts = result.receipts.map { $0.encoded() }
        let outcome = BlockOutcome(
            receipts: receipts, receiptsRoot: MerkleList.root(receipts.map(MerkleList.leaf)), stateRoot: update.root,
            plan: result.plan)
        var sidecars: [(hash: Hash32, bytes: [UInt8])] = []
        for (submitted, receipt) in zip(transactions, result.receipts) where receipt.code == 0 {
            for sidecar in submitted.sidecars { sidecars.append((Sidecar.commitment(sidecar), sidecar)) }
        }
        let commit = BlockCommit(
            height: context.height, blockHash: hash, block: [],
            receipts: zip(transactions, receipts).enumerated().map { ($1.0.transaction.id, UInt32($0), $1.1) }, sidecars: sidecars,
            erasedSidecars: result.erasedSidecars, treeUpdate: update)
        let block = ExecutedBlock(
            parent: context.parent, outcome: outcome, commit: commit, accounts: Self.accounts(result.writes),
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
        // When this throws nothing has changed; the block stays executed.
        try store.commit(commit)
        tree.commit(commit.treeUpdate)
        chain.withLock { state in
            state.head = ApplicationHead(
                height: block.header.height, blockHash: hash, time: block.header.time, stateRoot: executed.outcome.stateRoot,
                receiptsRoot: executed.outcome.receiptsRoot, plan: executed.outcome.plan)
            if state.accounts.count > ChainTip.cachedAccounts { state.accounts.removeAll() }
            state.accounts.merge(executed.accounts) { $1 }
            state.executed.settle(hash)
        }
        if let certificate, block.header.lastOfEpoch {
            try noteEpochEnd(block.header, certificate: certificate.bytes, following: executed.outcome.plan.validators)
        }
    }

    /// The state after the head or an executed block.
    func state(after hash: Hash32) throws(LedgerError) -> (height: UInt64, branch: StateBranch) {
        let found: (height: UInt64, branch: StateBranch)? = chain.withLock { state in
            if hash == state.head.blockHash { return (state.head.height, StateBranch(base: state.head.height)) }
            return state.executed[hash].map { ($0.height, $0.branch) }
        }
        guard let found else { throw .unknownParent }
        return found
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
}
