import ChainTypes
import Cryptography
import Execution
import Modules
import Primitives
import Synchronization
import WireTypes

extension LedgerApplication {
    package func prepareProposal(_ candidates: BlockContent, context: BlockContext) throws -> BlockContent {
        let parent = try view(of: context.parent)
        let parameters = parent.parameters
        var accounts: [Address: WireAccount] = [:]
        var chosen: [SubmittedTransaction] = []
        // Every byte of a block counts, evidence first.
        let room = Int(parameters.maximumBlockBytes) - Limits.header - 1024
        var bytes = 0
        let evidence = try admissible(candidates.evidence, context: context)
        bytes = evidence.reduce(0) { $0 + $1.count + 8 }
        let withdrawals = candidates.transactions.filter(\.transaction.isFreeWithdrawal)
        let others = candidates.transactions.filter { !$0.transaction.isFreeWithdrawal }
        for candidate in withdrawals + others {
            guard chosen.count < Int(parameters.maximumBlockTransactions) else { break }
            let transaction = candidate.transaction
            guard bytes + transaction.bytes.count <= room else { continue }
            let account = try accounts[transaction.sender] ?? account(transaction.sender, in: parent)
            do throws(TransactionError) {
                try AccountsModule.check(
                    transaction, account: account, height: context.height, genesis: genesis, allowGap: false, parameters: parameters)
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
        return BlockContent(chosen, evidence: evidence)
    }

    package func processProposal(_ content: BlockContent, context: BlockContext) throws -> Bool {
        let acceptable = try prepareProposal(content, context: context)
        return acceptable.evidence == content.evidence
            && acceptable.transactions.map(\.transaction.id) == content.transactions.map(\.transaction.id)
    }

    /// The accounts after a block that may not be committed: what each uncommitted block of its chain wrote, newest first.
    private struct ParentView {
        let accounts: [[Address: WireAccount]]
        /// The rules of the block after it.
        let parameters: WireParameters
    }

    private func view(of parent: Hash32) throws(LedgerError) -> ParentView {
        let view: ParentView? = chain.withLock { state in
            if parent == state.head.blockHash { return ParentView(accounts: [], parameters: state.head.plan.parameters) }
            let chain = state.executed.chain(parent)
            return chain.first.map { ParentView(accounts: chain.map(\.accounts), parameters: $0.outcome.plan.parameters) }
        }
        guard let view else { throw .unknownParent }
        return view
    }

    private func admissible(_ evidence: [[UInt8]], context: BlockContext) throws -> [[UInt8]] {
        guard !evidence.isEmpty else { return [] }
        let branch = try state(after: context.parent).branch
        return try executor.admissibleEvidence(evidence, context: context, on: BranchReader(tree: tree, branch: branch))
    }

    /// When the chain's blocks are committed meanwhile, the committed accounts differ only in what those blocks wrote.
    private func account(_ address: Address, in view: ParentView) throws -> WireAccount {
        for written in view.accounts { if let account = written[address] { return account } }
        return try account(address)
    }
}
