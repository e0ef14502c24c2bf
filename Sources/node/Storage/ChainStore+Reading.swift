import AuthenticatedState
import Primitives

extension ChainStore {
    /// What the keys of the blocks column start with.
    enum Prefix {
        static let block = UInt8(ascii: "b")
        static let hash = UInt8(ascii: "h")
        static let hashOfHeight = UInt8(ascii: "n")
        static let header = UInt8(ascii: "r")
    }

    /// The encoded block at `height`.
    package func block(_ height: UInt64) throws(StorageError) -> [UInt8]? {
        try database.get(Columns.blocks, [Prefix.block] + Self.key(height))
    }

    /// The header of a block that is pruned.
    package func prunedHeader(_ height: UInt64) throws(StorageError) -> [UInt8]? {
        try database.get(Columns.blocks, [Prefix.header] + Self.key(height))
    }

    /// The hash of the block at `height`, also of a pruned one.
    package func blockHash(_ height: UInt64) throws(StorageError) -> Hash32? {
        guard let bytes = try database.get(Columns.blocks, [Prefix.hashOfHeight] + Self.key(height)) else { return nil }
        guard let hash = Hash32(bytes) else { throw .corrupt("block hash of height \(height)") }
        return hash
    }

    /// The height of the block with this hash.
    package func height(ofBlock hash: Hash32) throws(StorageError) -> UInt64? {
        guard let bytes = try database.get(Columns.blocks, [Prefix.hash] + hash.bytes) else { return nil }
        guard let height = Self.height(bytes) else { throw .corrupt("height of a block") }
        return height
    }

    /// The certificate of the block at `height`.
    package func certificate(_ height: UInt64) throws(StorageError) -> [UInt8]? {
        try database.get(Columns.certificates, Self.key(height))
    }

    /// The receipt of a transaction.
    package func receipt(_ transactionId: Hash32) throws(StorageError) -> StoredReceipt? {
        guard let bytes = try database.get(Columns.receipts, transactionId.bytes) else { return nil }
        return try StoredReceipt(encoded: bytes)
    }

    /// Ciphertext by its hash; `nil` when it is erased or was never here.
    package func sidecar(_ hash: Hash32) throws(StorageError) -> [UInt8]? {
        try database.get(Columns.sidecars, hash.bytes)
    }

    /// A small named value.
    package func getMeta(_ name: String) throws(StorageError) -> [UInt8]? {
        try database.get(Columns.meta, MetaKeys.user(name))
    }

    /// At most `limit` state keys of the head that start with `prefix`, in byte order, from `from` on (included) when given.
    package func keys(prefix: [UInt8], from: [UInt8]? = nil, limit: Int) throws(StorageError) -> [[UInt8]] {
        try database.iterate(Columns.index, prefix: prefix, from: from, limit: limit).map(\.key)
    }

    /// A node of the state tree.
    package func node(_ key: NodeKey) throws -> [UInt8]? { try stateNode(key) }

    /// A node of the state tree.
    package func stateNode(_ key: NodeKey) throws(StorageError) -> [UInt8]? {
        try withUnsafeTemporaryAllocation(byteCount: NodeKey.maximumEncodedBytes, alignment: 8) { (buffer) throws(StorageError) in
            let size = key.write(to: buffer)
            return try database.get(Columns.nodes, UnsafeRawBufferPointer(rebasing: buffer[..<size]))
        }
    }

    /// The oldest state version that can still be read; `nil` in a new store.
    package func oldestStateVersion() throws(StorageError) -> UInt64? {
        guard let bytes = try database.get(Columns.meta, MetaKeys.oldestState) else { return nil }
        guard let version = Self.height(bytes) else { throw .corrupt("oldest state version") }
        return version
    }

    /// The oldest height whose block is here, with all after it; `nil` in a new store. Block 0 is here unless the store began later.
    package func oldestBlock() throws(StorageError) -> UInt64? {
        guard let bytes = try database.get(Columns.meta, MetaKeys.oldestBlock) else { return head() == nil ? nil : 0 }
        guard let height = Self.height(bytes) else { throw .corrupt("oldest block") }
        return height
    }

    static func readHead(_ database: Database) throws(StorageError) -> ChainHead? {
        guard let bytes = try database.get(Columns.meta, MetaKeys.head) else { return nil }
        return try ChainHead(encoded: bytes)
    }

    /// Throws unless the head's block is here and the state's root node hashes to the recorded root.
    func verify(_ head: ChainHead) throws(StorageError) {
        guard head.stateVersion == head.height else { throw .corrupt("state version of the head") }
        guard try block(head.height) != nil, try blockHash(head.height) == head.blockHash else { throw .corrupt("the head's block") }
        guard try height(ofBlock: head.blockHash) == head.height else { throw .corrupt("the head's block hash") }
        let root: Hash32
        do throws(StateError) {
            root = try StateReader(store: self).root(version: head.stateVersion)
        } catch {
            if case .unknownNodeFormat(let format) = error { throw .unknownFormat("state node \(format)") }
            throw .corrupt("the root of the state: \(error.name)")
        }
        guard root == head.root else { throw .corrupt("the root of the state") }
    }

    /// Heights sort as numbers: big-endian.
    static func key(_ height: UInt64) -> [UInt8] { withUnsafeBytes(of: height.bigEndian) { Array($0) } }

    static func height(_ key: [UInt8]) -> UInt64? {
        key.count == 8 ? key.reduce(0) { $0 << 8 | UInt64($1) } : nil
    }
}
