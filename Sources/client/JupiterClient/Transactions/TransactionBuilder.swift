import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Writes and signs one account's transactions, counting its nonce.
package struct TransactionBuilder: Sendable {
    package let chainID: String
    private let key: SigningKey
    /// The nonce of the next transaction.
    package private(set) var nonce: UInt64
    /// Micro-JUPT a transaction.
    package var fee: UInt64
    /// The heights at which its transactions may be included.
    package var validFrom: UInt64
    package var validUntil: UInt64

    package init(chainID: String, key: SigningKey, nonce: UInt64, height: UInt64, window: UInt64 = 1_000, fee: UInt64 = 1) {
        (self.chainID, self.key, self.nonce, self.fee) = (chainID, key, nonce, fee)
        // A node may be a block behind the one that told the height.
        (validFrom, validUntil) = (height, height + window)
    }

    /// The next transaction of the account: all of `messages` apply, or none.
    package mutating func sign(_ messages: [WireMessage], sidecars: [[UInt8]] = []) throws -> SubmittedTransaction {
        let transaction = try signed(messages, nonce: nonce, fee: fee)
        nonce += 1
        return try SubmittedTransaction(transaction, sidecars: sidecars)
    }

    package mutating func sign(_ message: WireMessage, sidecars: [[UInt8]] = []) throws -> SubmittedTransaction {
        try sign([message], sidecars: sidecars)
    }

    /// A withdrawal alone: free, and outside the order of nonces, so nothing can hold it up.
    package func withdrawal(grant: Hash32, version: UInt32) throws -> SubmittedTransaction {
        var withdraw = WireWithdrawConsent()
        withdraw.grant = .init(grant.bytes)
        withdraw.version = version
        return try SubmittedTransaction(signed([.withdrawConsent(withdraw)], nonce: 0, fee: 0), sidecars: [])
    }

    private func signed(_ messages: [WireMessage], nonce: UInt64, fee: UInt64) throws -> SignedTransaction {
        var body = WireTransactionBody()
        body.chainID = chainID
        body.sender = .init(key.address.bytes)
        body.nonce = nonce
        body.fee = fee
        body.validFrom = validFrom
        body.validUntil = validUntil
        body.messages = messages
        return try SignedTransaction(signing: body, with: key)
    }
}

extension NodeClient {
    /// A builder that continues where `key`'s account stands on this node.
    package func builder(for key: SigningKey, fee: UInt64? = nil) async throws -> TransactionBuilder {
        let status = try await status()
        let account = try await account(key.address)
        return TransactionBuilder(
            chainID: status.chainId, key: key, nonce: account.pendingNonce, height: status.height, fee: fee ?? status.minimumFee)
    }
}
