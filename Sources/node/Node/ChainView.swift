import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import Storage
import SwiftProtobuf
import WireTypes

/// The application as a node reads it: its queries, and the keys of its newest state.
package protocol ReadableLedger: Application {
    /// At most `limit` keys of the newest state that begin with `prefix`, in byte order, after `after`.
    func keys(prefix: [UInt8], after: [UInt8]?, limit: Int) throws -> [[UInt8]]

    /// The header at a height, also of a block that is not kept.
    func header(_ height: UInt64) throws -> BlockHeader?

    /// The header at a height as a light client takes it; `nil` when it has no certificate of its own.
    func certifiedHeader(_ height: UInt64) throws -> WireCertifiedHeader?

    /// The certified last header of an epoch that is over, with the set that follows.
    func epochEnd(_ epoch: UInt64) throws -> WireCertifiedHeader?
}

/// Blocks, receipts and sidecars as they were committed.
package protocol ChainArchive: Sendable {
    func block(at height: UInt64) throws -> [UInt8]?
    /// The encoded receipt of a transaction.
    func receipt(of transaction: Hash32) throws -> [UInt8]?
    func sidecar(named hash: Hash32) throws -> [UInt8]?
}

extension ChainStore: ChainArchive {
    package func block(at height: UInt64) throws -> [UInt8]? { try block(height) }
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

    /// Whether what makes blocks final comes from elsewhere, after them: then a header without it is not final by another way.
    private var isProvenLater: Bool { FinalityRules(genesis: genesis).lag > 0 }

    /// The header of a height with what makes it final; `nil` also for one that is final only as an ancestor.
    ///
    /// - Throws: `finalityUnavailable` where the proof comes later and is not here.
    package func certifiedHeader(_ height: UInt64) throws -> (header: BlockHeader, wire: WireCertifiedHeader)? {
        if let found = try provenHeader(height) { return found }
        if isProvenLater, height >= 1, height <= head.height { throw NodeError.finalityUnavailable }
        return nil
    }

    private func provenHeader(_ height: UInt64) throws -> (header: BlockHeader, wire: WireCertifiedHeader)? {
        guard height >= 1, height <= head.height, let header = try ledger.header(height),
            let wire = try ledger.certifiedHeader(height)
        else { return nil }
        return (header, wire)
    }

    /// How many blocks at most become final by one certificate, as far as anybody looks back.
    private static let lookBack: UInt64 = 256

    /// The newest header with a certificate of its own.
    ///
    /// - Throws: `finalityUnavailable` where no proof of the newest blocks has come.
    package func newestCertified() throws -> (header: BlockHeader, wire: WireCertifiedHeader)? {
        var height = head.height
        let lowest = height - min(height, Self.lookBack)
        while height > lowest {
            if let found = try provenHeader(height) { return found }
            height -= 1
        }
        // The newest block of all has no proof yet, which is nobody's fault.
        if isProvenLater, head.height > 1 { throw NodeError.finalityUnavailable }
        return nil
    }

    /// What a light client that trusts `height` must be shown to trust the newest certified header: the ends of the epochs between, and
    /// that header. At most `limit`; then the next call goes on.
    package func path(after height: UInt64, limit: Int = 256) throws -> [WireCertifiedHeader] {
        guard let newest = try newestCertified(), newest.header.height > height else { return [] }
        var epoch: UInt64 = 0
        if height > 0 {
            guard let trusted = try ledger.header(height) else { throw NodeError.notFound("header \(height)") }
            epoch = trusted.epoch + (trusted.lastOfEpoch ? 1 : 0)
        }
        var path: [WireCertifiedHeader] = []
        while epoch < newest.header.epoch, path.count < limit {
            path.append(try epochEnd(epoch))
            epoch += 1
        }
        if path.count < limit { path.append(newest.wire) }
        return path
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

    /// The path of a receipt to the receipts root, which the next header holds, and what certifies that header from the genesis on.
    ///
    /// - Throws: `notFound` when the transaction or the following header is not there yet, `finalityUnavailable` where what makes that
    ///   header final is not.
    ///
    /// - Parameter withJob: whether to add what the job that the transaction asked for rests on.
    package func receiptProof(_ transaction: Hash32, withJob: Bool = true) throws -> WireReceiptProof {
        guard let bytes = try receiptBytes(transaction), let receipt = try receipt(transaction) else {
            throw NodeError.notFound("the receipt")
        }
        guard let header = try certified(covering: receipt.height + 1) else {
            if isProvenLater, receipt.height < head.height { throw NodeError.finalityUnavailable }
            throw NodeError.notFound("the header that proves the receipt")
        }
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
        proof.ancestry = header.ancestry.map { .init($0.bytes) }
        for epoch in 0..<header.epoch {
            proof.epochs.append(try epochEnd(epoch))
        }
        guard withJob, var job = try jobProof(block.transactions[Int(receipt.index)]) else { return proof }
        let end = try LightVerifier.header(job.header).epoch
        if header.epoch < end { for epoch in header.epoch..<end { job.epochs.append(try epochEnd(epoch)) } }
        proof.job = job
        return proof
    }

    func epochEnd(_ epoch: UInt64) throws -> WireCertifiedHeader {
        guard let end = try ledger.epochEnd(epoch) else {
            throw isProvenLater ? NodeError.finalityUnavailable : NodeError.damagedChain("the end of epoch \(epoch)")
        }
        return end
    }

    /// The header at `height` or the first certified one above it, with the headers from `height` up to the one below it.
    func certified(covering height: UInt64) throws -> (wire: WireCertifiedHeader, epoch: UInt64, ancestry: [BlockHeader])? {
        var ancestry: [BlockHeader] = []
        var next = height
        while ancestry.count < Self.lookBack, next <= head.height {
            if let found = try provenHeader(next) { return (found.wire, found.header.epoch, ancestry) }
            guard let header = try ledger.header(next) else { return nil }
            ancestry.append(header)
            next += 1
        }
        return nil
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
