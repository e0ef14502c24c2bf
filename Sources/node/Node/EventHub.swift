import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Primitives
import SwiftProtobuf
import Synchronization
import WireTypes

/// What a node tells its subscribers; only ever about committed blocks.
package enum NodeEvent: Sendable {
    case block(BlockSummary)
    case receipt(CommittedReceipt)
}

/// A committed block in one line.
package struct BlockSummary: Sendable, Equatable {
    package let height: UInt64
    package let hash: Hash32
    /// Milliseconds since 1970.
    package let time: UInt64
    package let transactions: Int
    /// Size of the encoded block.
    package let bytes: Int

    package init(_ block: Block) {
        (height, hash, time) = (block.header.height, block.header.hash, block.header.time)
        (transactions, bytes) = (block.transactions.count, block.bytes.count)
    }
}

/// A committed transaction's receipt, with whose it is.
package struct CommittedReceipt: Sendable {
    package let id: Hash32
    package let sender: Address
    package let receipt: WireReceipt

    /// Whether the receipt is of or about `account`.
    package func concerns(_ account: Address) -> Bool {
        sender == account || receipt.events.contains { Address($0.account) == account }
    }
}

/// Hands committed events to subscribers that keep up; the others lose the oldest, never the node's time.
package final class EventHub: Sendable {
    /// A subscription; ends when its iteration ends or the hub closes.
    package typealias Events = AsyncStream<NodeEvent>

    private struct State {
        var subscribers: [UInt64: Events.Continuation] = [:]
        var waiters: [Hash32: [UInt64: CheckedContinuation<Void, Never>]] = [:]
        var waiterCount = 0
        var next: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let maximumSubscribers: Int
    private let maximumWaiters: Int

    package init(maximumSubscribers: Int = 256, maximumWaiters: Int = 20_000) {
        (self.maximumSubscribers, self.maximumWaiters) = (maximumSubscribers, maximumWaiters)
    }

    /// How many listen.
    package var subscriberCount: Int { state.withLock { $0.subscribers.count } }

    /// Events from now on; `nil` when too many listen already or the hub is closed.
    package func subscribe(buffer: Int = 1_024) -> Events? {
        let (stream, continuation) = Events.makeStream(bufferingPolicy: .bufferingNewest(buffer))
        let id: UInt64? = state.withLock { state in
            guard !state.isClosed, state.subscribers.count < maximumSubscribers else { return nil }
            state.next += 1
            state.subscribers[state.next] = continuation
            return state.next
        }
        guard let id else { return nil }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.subscribers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Tells of a block that is durable.
    package func publish(_ committed: CommittedBlock) {
        let (subscribers, waiters) = state.withLock { state in
            let waiting = state.waiters.isEmpty ? [] : committed.block.transactions.compactMap { state.waiters.removeValue(forKey: $0.id) }
            let continuations = waiting.flatMap(\.values)
            state.waiterCount -= continuations.count
            return (Array(state.subscribers.values), continuations)
        }
        waiters.forEach { $0.resume() }
        guard !subscribers.isEmpty else { return }
        var events: [NodeEvent] = [.block(BlockSummary(committed.block))]
        for (transaction, bytes) in zip(committed.block.transactions, committed.receipts) {
            guard let receipt = try? WireReceipt(serializedBytes: bytes) else { continue }
            events.append(.receipt(CommittedReceipt(id: transaction.id, sender: transaction.sender, receipt: receipt)))
        }
        for subscriber in subscribers { events.forEach { subscriber.yield($0) } }
    }

    /// Returns when the transaction is committed, the time is over, or too many wait already.
    ///
    /// - Parameter isSettled: looked at once the wait is registered, so that a commit in between is not missed.
    package func wait(for transaction: Hash32, atMost duration: Duration, isSettled: @Sendable @escaping () -> Bool) async {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        let timer = Task {
            try? await Task.sleep(for: duration)
            self.release(transaction, ticket)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard !state.isClosed, !Task.isCancelled, state.waiterCount < maximumWaiters else { return false }
                    state.waiters[transaction, default: [:]][ticket] = continuation
                    state.waiterCount += 1
                    return true
                }
                if !isWaiting { continuation.resume() } else if isSettled() || timer.isCancelled { release(transaction, ticket) }
            }
        } onCancel: {
            release(transaction, ticket)
        }
        timer.cancel()
    }

    private func release(_ transaction: Hash32, _ ticket: UInt64) {
        let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard let continuation = state.waiters[transaction]?.removeValue(forKey: ticket) else { return nil }
            state.waiterCount -= 1
            if state.waiters[transaction]?.isEmpty == true { state.waiters[transaction] = nil }
            return continuation
        }
        continuation?.resume()
    }

    /// Ends all subscriptions and waits.
    package func close() {
        let (subscribers, waiters) = state.withLock { state in
            state.isClosed = true
            let result = (Array(state.subscribers.values), state.waiters.values.flatMap(\.values))
            state.waiters = [:]
            state.waiterCount = 0
            return result
        }
        subscribers.forEach { $0.finish() }
        waiters.forEach { $0.resume() }
    }
}
