import ChainTypes
import Cryptography
import FoundationEssentials
import Modules
import Primitives
import WireTypes

/// What executing one block gave.
package struct ExecutionResult {
    package let writes: [(key: [UInt8], value: [UInt8]?)]
    package let receipts: [WireReceipt]
    package let erasedSidecars: [Hash32]
}

/// Executes blocks: a pure function of (committed state, block) to (writes, receipts).
package struct BlockExecutor: Sendable {
    package let genesis: Genesis

    package init(genesis: Genesis) { self.genesis = genesis }

    /// The state of block 0: allocations and totals.
    package func genesisWrites() -> [(key: [UInt8], value: [UInt8]?)] {
        var balances: [Address: UInt64] = [:]
        for allocation in genesis.wire.allocations {
            // `Genesis` has checked the addresses and that the sum stays inside 64 bits.
            if let address = Address(allocation.account) { balances[address, default: 0] += allocation.amount }
        }
        let supply = balances.values.reduce(0, +)
        var writes: [(key: [UInt8], value: [UInt8]?)] = balances.map { address, amount in
            var account = WireAccount()
            account.balance = amount
            return (StateKey.account(address), account.encoded())
        }
        writes.append((StateKey.supply, withUnsafeBytes(of: supply.bigEndian) { Array($0) }))
        return writes
    }

    /// Executes `transactions` as block `context.height` on top of `parent`.
    /// - Throws: only what stops the chain: unreadable state. A refused transaction is a receipt.
    package func execute(
        _ transactions: [SignedTransaction], parent: Hash32, context: BlockContext, on committed: any CommittedState
    ) throws -> ExecutionResult {
        var state = ModuleState(committed)
        RecentBlocks.record(parent: parent, of: context.height, &state)
        try Deadlines.sweep(context, &state)
        _ = state.keep()
        var receipts: [WireReceipt] = []
        receipts.reserveCapacity(transactions.count)
        for (index, transaction) in transactions.enumerated() {
            receipts.append(try execute(transaction, index: index, context: context, &state))
        }
        return ExecutionResult(writes: state.writes, receipts: receipts, erasedSidecars: state.erasedSidecars)
    }

    private func execute(
        _ transaction: SignedTransaction, index: Int, context: BlockContext, _ state: inout ModuleState
    ) throws -> WireReceipt {
        var receipt = WireReceipt()
        receipt.transactionID = .init(transaction.id.bytes)
        receipt.height = context.height
        receipt.index = UInt32(index)
        let account = try AccountsModule.account(transaction.sender, &state)
        do {
            try AccountsModule.check(transaction, account: account, height: context.height, genesis: genesis, allowGap: false)
        } catch {
            // Without a valid nonce and fee the transaction has no effect at all.
            receipt.code = error.code
            return receipt
        }
        try AccountsModule.charge(transaction, account: account, &state)
        receipt.fee = transaction.body.fee
        _ = state.keep()
        do {
            for (position, message) in transaction.body.messages.enumerated() {
                let scope = MessageContext(block: context, genesis: genesis, transaction: transaction, index: position)
                try ModuleRouter.apply(message, scope, &state)
            }
            receipt.events = state.keep()
        } catch let refusal as Refusal {
            state.forget()
            receipt.code = refusal.code
        }
        return receipt
    }
}
