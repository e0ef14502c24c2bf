import Cryptography
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
        let parts = try Self.parts(bytes)
        header = try BlockHeader(decoding: parts.header)
        var transactions: [SignedTransaction] = []
        transactions.reserveCapacity(parts.transactions.count)
        for bytes in parts.transactions {
            guard let transaction = try? SignedTransaction(decoding: bytes) else { throw .malformed }
            transactions.append(transaction)
        }
        (self.transactions, evidence, self.bytes) = (transactions, parts.evidence, bytes)
        guard Self.transactionsRoot(transactions) == header.transactionsRoot,
            MerkleList.root(evidence.map(MerkleList.leaf)) == header.evidenceRoot
        else { throw .wrongRoot }
    }

    /// Decodes the header alone, of bytes that were found to be a block before: looks at nothing behind it.
    package static func header(of bytes: [UInt8]) throws(BlockError) -> BlockHeader {
        let header: [UInt8]
        do throws(WireError) {
            header = try FieldReader.read(bytes, limit: Limits.block) { (fields) throws(WireError) in
                defer { fields.skipRest() }
                return try fields.bytes(1, limit: Limits.header)
            }
        } catch { throw .malformed }
        return try BlockHeader(decoding: header)
    }

    /// The bytes in a `WireBlock`.
    private static func parts(
        _ bytes: [UInt8]
    ) throws(BlockError) -> (header: [UInt8], transactions: [[UInt8]], evidence: [[UInt8]]) {
        do throws(WireError) {
            return try FieldReader.read(bytes, limit: Limits.block) { (fields) throws(WireError) in
                let header = try fields.bytes(1, limit: Limits.header)
                // An element takes two bytes at least.
                let transactions = try fields.elements(2, count: bytes.count / 2, limit: Limits.transaction)
                return (header, transactions, try fields.elements(3, count: bytes.count / 2, limit: Limits.evidence))
            }
        } catch { throw .malformed }
    }

    /// A block of content that its maker has just put under `header`.
    package init(header: BlockHeader, transactions: [SignedTransaction], evidence: [[UInt8]] = []) {
        var writer = FieldWriter(capacity: header.bytes.count + 8 + (transactions.map(\.bytes) + evidence).reduce(0) { $0 + $1.count + 6 })
        writer.bytes(1, header.bytes)
        for transaction in transactions { writer.element(2, transaction.bytes) }
        writer.elements(3, evidence)
        (self.header, self.transactions, self.evidence) = (header, transactions, evidence)
        bytes = writer.bytes
    }

    package static func transactionsRoot(_ transactions: [SignedTransaction]) -> Hash32 {
        MerkleList.root(transactions.map(\.leaf))
    }
}
