import ChainTypes
import Cryptography
import Engine
import Primitives
import Synchronization

/// Transactions that wait for a block: decoded and checked once, then handed to the engine as they are.
package final class Mempool: ProposalSource {
    private struct State {
        var queues: MempoolQueues
        var notify: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>
    private let check: @Sendable (SubmittedTransaction) throws -> Void
    private let stateNonce: @Sendable (Address) throws -> UInt64

    /// - Parameters:
    ///   - check: the application's judgement on one transaction against the newest state.
    ///   - stateNonce: the next nonce of an account in the newest state.
    package init(
        limits: MempoolLimits = MempoolLimits(), check: @escaping @Sendable (SubmittedTransaction) throws -> Void,
        stateNonce: @escaping @Sendable (Address) throws -> UInt64
    ) {
        state = Mutex(State(queues: MempoolQueues(limits: limits)))
        (self.check, self.stateNonce) = (check, stateNonce)
    }

    /// How many transactions it holds, those in flight included.
    package var count: Int { state.withLock { $0.queues.count } }
    /// Bytes of transactions and sidecars.
    package var bytes: Int { state.withLock { $0.queues.bytes } }
    package var backlog: Int { state.withLock { $0.queues.backlog } }

    package func contains(_ id: Hash32) -> Bool { state.withLock { $0.queues.entries[id] != nil } }

    /// For each of these whether it is here.
    package func contains(_ ids: [Hash32]) -> [Bool] { state.withLock { state in ids.map { state.queues.entries[$0] != nil } } }

    /// Those that are here, in the places of their identifiers.
    package func submitted(_ ids: [Hash32]) -> [SubmittedTransaction?] {
        state.withLock { state in ids.map { state.queues.entries[$0]?.submitted } }
    }

    /// A transaction that is here, its signature checked.
    package func submitted(_ id: Hash32) -> SubmittedTransaction? { state.withLock { $0.queues.entries[id]?.submitted } }

    /// At most `limit` of the transactions that are here.
    package func waiting(limit: Int) -> [SubmittedTransaction] {
        state.withLock { $0.queues.entries.values.prefix(limit).map(\.submitted) }
    }

    /// The nonce that a new transaction of `sender` should have.
    package func pendingNonce(_ sender: Address) throws -> UInt64 {
        try state.withLock { $0.queues.pendingNonce(sender) } ?? stateNonce(sender)
    }

    /// Takes in a transaction whose signature has been checked.
    ///
    /// A nonce above the next one waits for those between.
    package func insert(_ submitted: SubmittedTransaction) throws {
        if let error = insert([submitted])[0] { throw error }
    }

    /// Takes in many at once, which costs others less waiting; what became of each is in its place, `nil` when it is in.
    package func insert(_ batch: [SubmittedTransaction]) -> [(any Error)?] {
        let known = state.withLock { state in batch.map { state.queues.knows($0.transaction.sender) } }
        let nonces = zip(batch, known).map { submitted, isKnown in Result { try admit(submitted, isKnown: isKnown) } }
        var errors: [(any Error)?] = []
        errors.reserveCapacity(batch.count)
        let notify: (@Sendable () -> Void)? = state.withLock { state in
            let wasEmpty = state.queues.backlog == 0
            for ((submitted, nonce), isKnown) in zip(zip(batch, nonces), known) {
                do {
                    var nonce = try nonce.get()
                    let sender = submitted.transaction.sender
                    // The sender's last transaction may have left in between: then its nonce has to be read after all.
                    if isKnown, !state.queues.knows(sender) { nonce = try stateNonce(sender) }
                    try state.queues.insert(submitted, stateNonce: nonce)
                    errors.append(nil)
                } catch {
                    errors.append(error)
                }
            }
            return wasEmpty && state.queues.backlog > 0 ? state.notify : nil
        }
        notify?()
        return errors
    }

    /// Judges a transaction on the newest state; answers its sender's next nonce there, unless the queues know better.
    private func admit(_ submitted: SubmittedTransaction, isKnown: Bool) throws -> UInt64 {
        do { try check(submitted) } catch TransactionError.nonceGap {}
        return isKnown || submitted.transaction.isFreeWithdrawal ? 0 : try stateNonce(submitted.transaction.sender)
    }

    package func take(_ bounds: ProposalBounds) -> [SubmittedTransaction] { state.withLock { $0.queues.take(bounds) } }

    package func putBack(_ transactions: [SubmittedTransaction]) { state.withLock { $0.queues.putBack(transactions) } }

    package func hold(_ transactions: [SubmittedTransaction]) { state.withLock { $0.queues.hold(transactions) } }

    package func release(_ transactions: [SubmittedTransaction]) { state.withLock { $0.queues.release(transactions) } }

    /// Forgets what is in block `height` and what expired with it.
    package func committed(_ transactions: [SignedTransaction], height: UInt64) {
        let touched = state.withLock { $0.queues.committed(transactions, height: height) }
        for sender in touched {
            // A nonce that cannot be read now is read with the sender's next transaction.
            guard let nonce = try? stateNonce(sender) else { continue }
            state.withLock { $0.queues.setNonce(nonce, of: sender) }
        }
    }

    package func onArrival(_ notify: @escaping @Sendable () -> Void) { state.withLock { $0.notify = notify } }
}
