import ChainTypes
import Primitives
import Synchronization

/// Transactions whose signatures were found good a moment ago: under another engine each one comes by several ways.
final class RecentSignatures: Sendable {
    private struct State {
        /// Two generations, so that the memory is bounded.
        var young: Set<Hash32> = []
        var old: Set<Hash32> = []
    }

    private static let generation = 100_000

    private let state = Mutex(State())

    /// Checks the signature unless that was done.
    func check(_ transaction: SignedTransaction) throws(TransactionError) {
        // Of all bytes: the identifier leaves the signature out.
        let leaf = MerkleList.leaf(transaction.bytes)
        if state.withLock({ $0.young.contains(leaf) || $0.old.contains(leaf) }) { return }
        try transaction.verifySignature()
        state.withLock { state in
            state.young.insert(leaf)
            if state.young.count >= Self.generation { (state.old, state.young) = (state.young, []) }
        }
    }
}
