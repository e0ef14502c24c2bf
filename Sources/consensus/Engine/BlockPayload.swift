import ChainTypes
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

    /// Decodes a `WireBlockPayload`.
    package init(decoding bytes: [UInt8]) throws(BlockError) {
        let parts: (header: [UInt8], transactions: [(transaction: [UInt8], sidecars: [[UInt8]])], evidence: [[UInt8]])
        do throws(WireError) {
            parts = try FieldReader.read(bytes, limit: Self.maximumBytes) { (fields) throws(WireError) in
                let header = try fields.bytes(1, limit: Limits.header)
                // An element takes two bytes at least.
                let transactions = try fields.messages(2, count: bytes.count / 2, limit: SubmittedTransaction.maximumBytes) {
                    (fields) throws(WireError) in try SubmittedTransaction.parts(&fields)
                }
                return (header, transactions, try fields.elements(3, count: Limits.evidencePerBlock, limit: Limits.evidence))
            }
        } catch { throw .malformed }
        var transactions: [SubmittedTransaction] = []
        transactions.reserveCapacity(parts.transactions.count)
        for part in parts.transactions {
            guard let transaction = try? SignedTransaction(decoding: part.transaction),
                let submitted = try? SubmittedTransaction(transaction, sidecars: part.sidecars)
            else { throw .malformed }
            transactions.append(submitted)
        }
        try self.init(header: BlockHeader(decoding: parts.header), content: BlockContent(transactions, evidence: parts.evidence))
    }

    package var encoded: [UInt8] {
        let content = content
        let sizes = content.transactions.map(\.encodedSize)
        var writer = FieldWriter(
            capacity: header.bytes.count + 8 + sizes.reduce(0) { $0 + $1 + 6 } + content.evidence.reduce(0) { $0 + $1.count + 6 })
        writer.bytes(1, header.bytes)
        for (submitted, size) in zip(content.transactions, sizes) {
            writer.head(2, length: size)
            submitted.write(to: &writer)
        }
        writer.elements(3, content.evidence)
        return writer.bytes
    }

    /// Bytes of the block and its sidecars.
    package var size: Int { block.bytes.count + content.transactions.reduce(0) { $0 + $1.sidecars.reduce(0) { $0 + $1.count } } }

    package var reference: BlockReference { BlockReference(hash: header.hash, height: header.height) }
}
