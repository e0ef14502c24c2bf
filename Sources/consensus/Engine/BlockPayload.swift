import ChainTypes
import FoundationEssentials
import Primitives
import Simplex
import WireTypes

/// A block with everything that its header commits to, sidecars included: what a validator must hold before it votes.
package struct BlockPayload: Sendable {
    package let header: BlockHeader
    package let content: BlockContent
    package let block: Block

    /// - Throws: `wrongRoot` unless the header commits to exactly this content.
    package init(header: BlockHeader, content: BlockContent) throws(BlockError) {
        let transactions = content.transactions.map(\.transaction)
        guard Block.transactionsRoot(transactions) == header.transactionsRoot,
            MerkleList.root(content.evidence.map(MerkleList.leaf)) == header.evidenceRoot
        else { throw .wrongRoot }
        (self.header, self.content) = (header, content)
        block = Block(header: header, transactions: transactions, evidence: content.evidence)
    }

    /// Sidecars that travel beside one block, in bytes.
    package static let sidecarBytesPerBlock = 64 << 20

    /// The largest encoding: a full block and its sidecars.
    package static let maximumBytes = Limits.block + sidecarBytesPerBlock + (1 << 20)

    package init(decoding bytes: [UInt8]) throws(BlockError) {
        guard let wire = try? WireBlockPayload(strictly: bytes, limit: Self.maximumBytes) else { throw .malformed }
        let header = try BlockHeader(decoding: [UInt8](wire.header))
        var transactions: [SubmittedTransaction] = []
        transactions.reserveCapacity(wire.transactions.count)
        for wire in wire.transactions {
            guard let transaction = try? SignedTransaction(decoding: [UInt8](wire.transaction)),
                let submitted = try? SubmittedTransaction(transaction, sidecars: wire.sidecars.map { [UInt8]($0) })
            else { throw .malformed }
            transactions.append(submitted)
        }
        try self.init(header: header, content: BlockContent(transactions, evidence: wire.evidence.map { [UInt8]($0) }))
    }

    package var encoded: [UInt8] {
        var wire = WireBlockPayload()
        wire.header = .init(header.bytes)
        wire.transactions = content.transactions.map { submitted in
            var wire = WireTransactionWithSidecars()
            wire.transaction = .init(submitted.transaction.bytes)
            wire.sidecars = submitted.sidecars.map { .init($0) }
            return wire
        }
        wire.evidence = content.evidence.map { .init($0) }
        return wire.encoded()
    }

    /// Bytes of the block and its sidecars.
    package var size: Int { block.bytes.count + content.transactions.reduce(0) { $0 + $1.sidecars.reduce(0) { $0 + $1.count } } }

    package var reference: BlockReference { BlockReference(hash: header.hash, height: header.height) }
}
