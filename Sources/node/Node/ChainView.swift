import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import Storage
import SwiftProtobuf
import WireTypes

/// The application as a node reads it: its queries, and the keys of its newest state.
package protocol ReadableLedger: Application {
    /// At most `limit` keys of the newest state that begin with `prefix`, in byte order, after `after`.
    func keys(prefix: [UInt8], after: [UInt8]?, limit: Int) throws -> [[UInt8]]
}

/// Blocks, certificates, receipts and sidecars as they were committed.
package protocol ChainArchive: Sendable {
    func block(at height: UInt64) throws -> [UInt8]?
    func certificate(at height: UInt64) throws -> [UInt8]?
    /// The encoded receipt of a transaction.
    func receipt(of transaction: Hash32) throws -> [UInt8]?
    func sidecar(named hash: Hash32) throws -> [UInt8]?
}

extension ChainStore: ChainArchive {
    package func block(at height: UInt64) throws -> [UInt8]? { try block(height) }
    package func certificate(at height: UInt64) throws -> [UInt8]? { try certificate(height) }
    package func receipt(of transaction: Hash32) throws -> [UInt8]? { try receipt(transaction)?.bytes }
    package func sidecar(named hash: Hash32) throws -> [UInt8]? { try sidecar(hash) }
}

/// What has been committed on a chain, read for services and the API.
package struct ChainView: Sendable {
    package let genesis: Genesis
    package let ledger: any ReadableLedger
    private let archive: any ChainArchive

    package init(genesis: Genesis, ledger: any ReadableLedger, archive: any ChainArchive) {
        (self.genesis, self.ledger, self.archive) = (genesis, ledger, archive)
    }

    package var chainID: String { genesis.chainID }
    package var head: ApplicationHead { ledger.head }

    /// The bytes of the block at `height`.
    package func blockBytes(_ height: UInt64) throws -> [UInt8]? {
        guard height >= 1, height <= head.height else { return nil }
        return try archive.block(at: height)
    }

    package func block(_ height: UInt64) throws -> Block? {
        guard let bytes = try blockBytes(height) else { return nil }
        guard let block = try? Block(decoding: bytes) else { throw NodeError.damagedChain("block \(height)") }
        return block
    }

    /// The header of a height with the certificate that finalises it.
    package func certifiedHeader(_ height: UInt64) throws -> (header: BlockHeader, wire: WireCertifiedHeader)? {
        guard let bytes = try blockBytes(height), let certificate = try archive.certificate(at: height) else { return nil }
        // Only the header is needed: the transactions stay undecoded.
        guard let wireBlock = try? WireBlock(serializedBytes: bytes), let header = try? BlockHeader(decoding: [UInt8](wireBlock.header))
        else { throw NodeError.damagedChain("block \(height)") }
        var wire = WireCertifiedHeader()
        wire.header = .init(header.bytes)
        wire.certificate = .init(certificate)
        return (header, wire)
    }

    package func summary(_ height: UInt64) throws -> BlockSummary? { try block(height).map(BlockSummary.init) }

    package func receiptBytes(_ transaction: Hash32) throws -> [UInt8]? { try archive.receipt(of: transaction) }

    package func receipt(_ transaction: Hash32) throws -> WireReceipt? {
        guard let bytes = try receiptBytes(transaction) else { return nil }
        guard let receipt = try? WireReceipt(serializedBytes: bytes) else { throw NodeError.damagedChain("receipt") }
        return receipt
    }

    package func sidecar(_ hash: Hash32) throws -> [UInt8]? { try archive.sidecar(named: hash) }

    /// The bytes of a committed transaction.
    package func transactionBytes(_ id: Hash32) throws -> [UInt8]? {
        guard let receipt = try receipt(id), let bytes = try blockBytes(receipt.height),
            let block = try? WireBlock(serializedBytes: bytes), block.transactions.indices.contains(Int(receipt.index))
        else { return nil }
        return [UInt8](block.transactions[Int(receipt.index)])
    }

    /// The path of a receipt to the receipts root, which the next header holds.
    ///
    /// - Throws: `notFound` when the transaction or the following header is not there yet.
    package func receiptProof(_ transaction: Hash32) throws -> WireReceiptProof {
        guard let bytes = try receiptBytes(transaction), let receipt = try receipt(transaction) else {
            throw NodeError.notFound("the receipt")
        }
        guard let header = try certifiedHeader(receipt.height + 1) else { throw NodeError.notFound("the header that proves the receipt") }
        guard let block = try block(receipt.height) else { throw NodeError.damagedChain("block \(receipt.height)") }
        let leaves = try block.transactions.map { transaction in
            guard let bytes = try receiptBytes(transaction.id) else { throw NodeError.damagedChain("receipt") }
            return MerkleList.leaf(bytes)
        }
        guard leaves.indices.contains(Int(receipt.index)) else { throw NodeError.damagedChain("receipt") }
        var proof = WireReceiptProof()
        proof.receipt = .init(bytes)
        proof.siblings = MerkleList.siblings(of: Int(receipt.index), in: leaves).map { .init($0.bytes) }
        proof.leafCount = UInt32(leaves.count)
        proof.header = header.wire
        return proof
    }

    /// A value of the newest state.
    package func value(_ key: [UInt8]) throws -> [UInt8]? { try ledger.query(key, height: nil, prove: false).value }

    /// The account of `address`; a new one has nonce and balance zero.
    package func account(_ address: Address) throws -> WireAccount {
        guard let bytes = try value(StateKey.account(address)) else { return WireAccount() }
        guard let account = try? WireAccount(serializedBytes: bytes) else { throw NodeError.damagedChain("account") }
        return account
    }
}
