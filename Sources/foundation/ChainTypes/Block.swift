import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// A header with the transactions it commits to; sidecars travel beside it.
package struct Block: Sendable {
    package let header: BlockHeader
    package let transactions: [SignedTransaction]
    package let evidence: [[UInt8]]
    package let bytes: [UInt8]

    /// Decodes a block and checks that header and content agree.
    package init(decoding bytes: [UInt8]) throws(BlockError) {
        guard let wire = try? WireBlock(strictly: bytes, limit: Limits.block) else { throw .malformed }
        let header = try BlockHeader(decoding: [UInt8](wire.header))
        var transactions: [SignedTransaction] = []
        transactions.reserveCapacity(wire.transactions.count)
        for bytes in wire.transactions {
            guard let transaction = try? SignedTransaction(decoding: [UInt8](bytes)) else { throw .malformed }
            transactions.append(transaction)
        }
        self.header = header
        self.transactions = transactions
        self.evidence = wire.evidence.map { [UInt8]($0) }
        self.bytes = bytes
        guard Self.transactionsRoot(transactions) == header.transactionsRoot,
            MerkleList.root(evidence.map(MerkleList.leaf)) == header.evidenceRoot
        else { throw .wrongRoot }
    }

    /// A block of content that its maker has just put under `header`.
    package init(header: BlockHeader, transactions: [SignedTransaction], evidence: [[UInt8]] = []) {
        var wire = WireBlock()
        wire.header = .init(header.bytes)
        wire.transactions = transactions.map { .init($0.bytes) }
        wire.evidence = evidence.map { .init($0) }
        self.header = header
        self.transactions = transactions
        self.evidence = evidence
        self.bytes = wire.encoded()
    }

    package static func transactionsRoot(_ transactions: [SignedTransaction]) -> Hash32 {
        MerkleList.root(transactions.map { MerkleList.leaf($0.bytes) })
    }
}
