import ChainTypes
import Cryptography
import Execution
import Modules
import Primitives
import Synchronization
import WireTypes

extension LedgerApplication {
    package func prepareProposal(_ candidates: BlockContent, context: BlockContext) throws -> BlockContent {
        let (_, _, parent, parameters) = try state(after: context.parent)
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
            let account = try accounts[transaction.sender] ?? account(transaction.sender, after: parent)
            do throws(TransactionError) {
                try AccountsModule.check(
                    transaction, account: account, height: context.height, genesis: genesis, allowGap: false, parameters: parameters)
            } catch { continue }
            if !transaction.isFreeWithdrawal {
                var after = account
                after.nonce = transaction.nonce
                after.balance -= transaction.fee
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

    private func admissible(_ evidence: [[UInt8]], context: BlockContext) throws -> [[UInt8]] {
        guard !evidence.isEmpty else { return [] }
        return try executor.admissibleEvidence(evidence, context: context, on: reader(after: context.parent))
    }
}
