/// Where the nodes of the state tree are kept: RocksDB in a node, a dictionary in tests.
///
/// A node, once written, never changes: an implementation may answer from any thread.
package protocol StateNodeStore: Sendable {
    /// The bytes stored for `key`; `nil` when there are none.
    func node(_ key: NodeKey) throws -> [UInt8]?
}
