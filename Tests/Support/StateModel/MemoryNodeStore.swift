import AuthenticatedState
import Primitives
import Synchronization

/// A node store in memory that can be told to fail, to count and to lie.
package final class MemoryNodeStore: StateNodeStore {
    package struct Failure: Error {}

    struct Contents {
        var nodes: [NodeKey: [UInt8]] = [:]
        var reads = 0
        var readsUntilFailure: Int?
    }

    private let contents = Mutex(Contents())

    package init() {}

    package func node(_ key: NodeKey) throws -> [UInt8]? {
        try contents.withLock { contents in
            contents.reads += 1
            if let left = contents.readsUntilFailure {
                guard left > 0 else { throw Failure() }
                contents.readsUntilFailure = left - 1
            }
            return contents.nodes[key]
        }
    }

    /// Writes the new nodes of an update; a node is never written twice.
    package func commit(_ update: TreeUpdate) {
        contents.withLock { contents in
            update.newNodes.forEach { key, value in
                guard let key = NodeKey(encoded: Array(key)) else { preconditionFailure("a written key decodes") }
                precondition(contents.nodes.updateValue(Array(value), forKey: key) == nil, "a node is written once")
            }
        }
    }

    /// Removes the stale nodes of an update; each must be there.
    package func prune(_ update: TreeUpdate) {
        contents.withLock { contents in
            for key in update.stale { precondition(contents.nodes.removeValue(forKey: key) != nil, "a stale node is there") }
        }
    }

    package func replace(_ key: NodeKey, with bytes: [UInt8]?) { contents.withLock { $0.nodes[key] = bytes } }

    /// Makes every read after the next `reads` fail; `nil` makes them work.
    package func fail(after reads: Int?) { contents.withLock { $0.readsUntilFailure = reads } }

    package var nodes: [NodeKey: [UInt8]] { contents.withLock(\.nodes) }
    package var reads: Int { contents.withLock(\.reads) }
}
