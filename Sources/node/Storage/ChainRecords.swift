import AuthenticatedState
import Primitives

/// A block with everything that its execution changed: committed at once (docs/spec/storage.md).
package struct BlockCommit: Sendable {
    /// A receipt of a transaction in the block.
    package typealias Receipt = (transactionId: Hash32, index: UInt32, bytes: [UInt8])

    /// The height, one above the head's; also the state version.
    package var height: UInt64
    /// The block's hash.
    package var blockHash: Hash32
    /// The encoded block: header and transactions.
    package var block: [UInt8]
    /// The certificate, when it is known already; `ChainStore.putCertificate` may follow.
    package var certificate: [UInt8]?
    /// A receipt for each transaction.
    package var receipts: [Receipt]
    /// Ciphertext to keep, by its hash.
    package var sidecars: [(hash: Hash32, bytes: [UInt8])]
    /// Ciphertext to erase.
    package var erasedSidecars: [Hash32]
    /// Small named values that change with the block (`ChainStore.getMeta`).
    package var names: [(name: String, value: [UInt8])] = []
    /// What the block changed in the state; its version is `height`.
    package var treeUpdate: TreeUpdate

    package init(
        height: UInt64, blockHash: Hash32, block: [UInt8], certificate: [UInt8]? = nil, receipts: [Receipt] = [],
        sidecars: [(hash: Hash32, bytes: [UInt8])] = [], erasedSidecars: [Hash32] = [], treeUpdate: TreeUpdate
    ) {
        self.height = height
        self.blockHash = blockHash
        self.block = block
        self.certificate = certificate
        self.receipts = receipts
        self.sidecars = sidecars
        self.erasedSidecars = erasedSidecars
        self.treeUpdate = treeUpdate
    }
}

/// The newest committed block and the state after it.
package struct ChainHead: Sendable, Equatable {
    package let height: UInt64
    package let blockHash: Hash32
    /// The state version; the height.
    package let stateVersion: UInt64
    /// The root of that version.
    package let root: Hash32

    package init(height: UInt64, blockHash: Hash32, stateVersion: UInt64, root: Hash32) {
        self.height = height
        self.blockHash = blockHash
        self.stateVersion = stateVersion
        self.root = root
    }

    /// Format 1 ‖ height (u64) ‖ block hash ‖ state version (u64) ‖ root.
    var encoded: [UInt8] {
        var bytes: [UInt8] = [1]
        bytes.append(littleEndian: height)
        bytes.append(blockHash)
        bytes.append(littleEndian: stateVersion)
        bytes.append(root)
        return bytes
    }

    init(encoded bytes: [UInt8]) throws(StorageError) {
        guard bytes.first == 1 else { throw .unknownFormat("head record \(bytes.first.map { "\($0)" } ?? "empty")") }
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            _ = try reader.take(1)
            self.init(
                height: try reader.integer(), blockHash: try reader.hash(), stateVersion: try reader.integer(), root: try reader.hash())
            try reader.finish()
        } catch {
            throw .corrupt("head record")
        }
    }
}

/// A stored receipt.
package struct StoredReceipt: Sendable, Equatable {
    /// The height of the transaction's block.
    package let height: UInt64
    /// The transaction's place in it.
    package let index: UInt32
    /// The encoded receipt.
    package let bytes: [UInt8]

    /// Height (u64) ‖ index (u32) ‖ the receipt.
    static func encode(height: UInt64, index: UInt32, _ receipt: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(12 + receipt.count)
        bytes.append(littleEndian: height)
        bytes.append(littleEndian: index)
        return bytes + receipt
    }

    init(encoded: [UInt8]) throws(StorageError) {
        do throws(ByteReaderError) {
            var reader = ByteReader(encoded)
            height = try reader.integer()
            index = try reader.integer()
            bytes = Array(try reader.take(reader.remaining))
        } catch {
            throw .corrupt("receipt record")
        }
    }
}
