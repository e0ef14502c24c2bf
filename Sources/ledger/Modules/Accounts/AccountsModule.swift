import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Nonces and fees: what every transaction passes before its messages are looked at.
package enum AccountsModule {
    /// Checks window, nonce and fee against `account`, for the mempool and for execution alike.
    ///
    /// - Parameters:
    ///   - allowGap: the mempool keeps transactions whose predecessors are on their way.
    ///   - parameters: those of the block at `height`.
    package static func check(
        _ transaction: SignedTransaction, account: WireAccount, height: UInt64, genesis: Genesis, allowGap: Bool,
        parameters: WireParameters
    ) throws(TransactionError) {
        let body = transaction.body
        guard body.chainID == genesis.chainID else { throw .wrongChain }
        guard body.validFrom <= body.validUntil, body.validUntil - body.validFrom <= parameters.maximumValidityWindow else {
            throw .windowTooLong
        }
        guard height <= body.validUntil else { throw .expired }
        guard height >= body.validFrom else { throw .notYetValid }
        if transaction.isFreeWithdrawal { return }
        // A free withdrawal never touches the nonce, so it can neither wait for it nor be replayed by it.
        if body.messages.count == 1, case .withdrawConsent = body.messages[0].kind, body.fee == 0 { throw .freeTransactionMisused }
        guard body.nonce >= account.nonce + 1 else { throw .replayed }
        guard allowGap || body.nonce == account.nonce + 1 else { throw .nonceGap }
        guard body.fee >= parameters.minimumFee else { throw .feeTooLow }
        guard account.balance >= body.fee else { throw .cannotPayFee }
    }

    /// Takes the nonce and the fee; they stay taken when the messages are refused.
    package static func charge(_ transaction: SignedTransaction, account: WireAccount, _ state: inout ModuleState) throws {
        guard !transaction.isFreeWithdrawal else { return }
        var account = account
        account.nonce = transaction.nonce
        account.balance -= transaction.fee
        state.set(account, of: transaction.sender)
        if transaction.fee > 0 { try Amounts.add(transaction.fee, to: StateKey.feesCollected, &state) }
    }
}
