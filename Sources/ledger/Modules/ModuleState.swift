import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import SwiftProtobuf
import WireTypes

/// Reads the committed state; the one thing that rules see of storage.
package protocol CommittedState: Sendable {
    /// The newest committed value of `key`. An error stops the block, it is never a refusal.
    func value(_ key: [UInt8]) throws -> [UInt8]?

    /// The newest committed account of `address`: what `value` of its key says.
    func account(_ address: Address) throws -> WireAccount?
}

extension CommittedState {
    package func account(_ address: Address) throws -> WireAccount? {
        try value(StateKey.account(address)).map { try WireAccount(serializedBytes: $0) }
    }
}

/// A raw key as one to look up by: arrays would be hashed byte by byte.
private struct RawKey: Hashable {
    let bytes: [UInt8]

    func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
}

/// The state as one block sees it: committed values under the block's writes under the running transaction's writes.
///
/// Accounts, which every transaction changes several times, are kept as values and encoded once; nothing else may use their keys.
package struct ModuleState {
    private let base: any CommittedState
    private var blockWrites: [RawKey: [UInt8]?] = [:]
    private var transactionWrites: [RawKey: [UInt8]?] = [:]
    private var readCache: [RawKey: [UInt8]?] = [:]
    /// What the block has written of accounts.
    package private(set) var accounts: [Address: WireAccount] = [:]
    private var transactionAccounts: [Address: WireAccount] = [:]
    private var readAccounts: [Address: WireAccount] = [:]
    /// What the running transaction has emitted.
    package private(set) var events: [WireEvent] = []
    /// Sidecars that the running transaction, and the whole block, has let go of (`true`) or come to need again.
    private var erasedByTransaction: [Hash32: Bool] = [:]
    private var erasedByBlock: [Hash32: Bool] = [:]

    package init(_ base: any CommittedState) { self.base = base }

    /// The value of `key` as the running transaction sees it.
    package mutating func value(_ key: [UInt8]) throws -> [UInt8]? {
        let key = RawKey(bytes: key)
        if let written = transactionWrites[key] { return written }
        if let written = blockWrites[key] { return written }
        if let read = readCache[key] { return read }
        let value = try base.value(key.bytes)
        readCache[key] = .some(value)
        return value
    }

    /// The message stored at `key`.
    package mutating func message<M: SwiftProtobuf.Message>(_ key: [UInt8], as type: M.Type = M.self) throws -> M? {
        guard let bytes = try value(key) else { return nil }
        return try M(serializedBytes: bytes)
    }

    package mutating func set(_ key: [UInt8], _ message: some SwiftProtobuf.Message) {
        transactionWrites[RawKey(bytes: key)] = .some(message.encoded())
    }

    package mutating func set(_ key: [UInt8], bytes: [UInt8]) { transactionWrites[RawKey(bytes: key)] = .some(bytes) }

    package mutating func remove(_ key: [UInt8]) { transactionWrites[RawKey(bytes: key)] = .some(nil) }

    /// The account of `address`; a new one has nonce and balance zero.
    package mutating func account(_ address: Address) throws -> WireAccount {
        if let known = transactionAccounts[address] ?? accounts[address] ?? readAccounts[address] { return known }
        let account = try base.account(address) ?? WireAccount()
        readAccounts[address] = account
        return account
    }

    package mutating func set(_ account: WireAccount, of address: Address) { transactionAccounts[address] = account }

    /// Lets the node prune the sidecar with this commitment once the block is committed.
    package mutating func erase(sidecar: Hash32) { erasedByTransaction[sidecar] = true }

    /// The sidecar with this commitment stays, also when it was erased earlier in the block.
    package mutating func keep(sidecar: Hash32) { erasedByTransaction[sidecar] = false }

    /// - Parameter label: of the enclave that did it, so that receipts say what stands behind a result.
    package mutating func emit(_ type: String, id: [UInt8] = [], account: Address? = nil, amount: UInt64 = 0, label: String = "") {
        var event = WireEvent()
        event.type = type
        event.id = .init(id)
        if let account { event.account = .init(account.bytes) }
        (event.amount, event.label) = (amount, label)
        events.append(event)
    }

    /// Keeps what the running transaction wrote, and returns its events.
    package mutating func keep() -> [WireEvent] {
        blockWrites.merge(transactionWrites) { $1 }
        for (address, account) in transactionAccounts { accounts[address] = account }
        erasedByBlock.merge(erasedByTransaction) { $1 }
        defer { forget() }
        return events
    }

    /// Drops what the running transaction wrote.
    package mutating func forget() {
        transactionWrites.removeAll(keepingCapacity: true)
        transactionAccounts.removeAll(keepingCapacity: true)
        erasedByTransaction.removeAll()
        events.removeAll()
    }

    /// The sidecars that the block lets go of, in order.
    package var erasedSidecars: [Hash32] { erasedByBlock.filter(\.value).keys.sorted() }

    /// What the block changes, to be applied to the tree.
    package var writes: [(key: [UInt8], value: [UInt8]?)] {
        blockWrites.map { ($0.key.bytes, $0.value) } + accounts.map { (StateKey.account($0.key), $0.value.encoded()) }
    }
}

/// Which message of which transaction in which block a rule judges.
package struct MessageContext: Sendable {
    package let block: BlockContext
    package let genesis: Genesis
    package let transaction: SignedTransaction
    package let index: Int
    /// The rules of the block: the genesis's, until governance changes them.
    package let parameters: WireParameters
    /// The vendors' roots.
    package let anchors: TrustAnchors

    package init(
        block: BlockContext, genesis: Genesis, transaction: SignedTransaction, index: Int, parameters: WireParameters,
        anchors: TrustAnchors = .pinned
    ) {
        (self.block, self.genesis, self.transaction, self.index) = (block, genesis, transaction, index)
        (self.parameters, self.anchors) = (parameters, anchors)
    }

    package var sender: Address { transaction.sender }
    /// The identifier of what this message creates.
    package var identifier: Hash32 { transaction.messageIdentifier(index) }
    /// Whether the sender is the account that admits enclaves and localities.
    package var isOperator: Bool { sender == genesis.operatorAccount }
}
