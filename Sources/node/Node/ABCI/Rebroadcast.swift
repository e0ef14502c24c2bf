import ChainTypes
import Primitives
import Synchronization

/// Tells the engine again what waits here: one that was restarted has lost its mempool, and one that was full has passed transactions over.
///
/// What the engine knows costs it a look into its cache.
final class Rebroadcast: Sendable {
    /// The most transactions of one round.
    private static let perRound = 1_000
    /// So many rounds of a second pass before the engine is told without a reason.
    private static let idleRounds = 300

    private let mempool: Mempool
    private let broadcaster: CometBroadcaster
    private let isDue = Mutex(false)

    init(mempool: Mempool, broadcaster: CometBroadcaster) { (self.mempool, self.broadcaster) = (mempool, broadcaster) }

    /// The engine has shaken hands: it may have been restarted.
    func engineBegan() { isDue.withLock { $0 = true } }

    /// Runs until the task is cancelled.
    func run() async {
        var rounds = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            rounds += 1
            guard isDue.withLock({ $0 }) || rounds >= Self.idleRounds else { continue }
            // An engine that still replays has no RPC yet: the next round tries again.
            guard await tell() else { continue }
            isDue.withLock { $0 = false }
            rounds = 0
        }
    }

    /// Whether the engine was there.
    private func tell() async -> Bool {
        for submitted in mempool.waiting(limit: Self.perRound) {
            guard !Task.isCancelled else { return false }
            do { try await broadcaster.send(submitted) } catch NodeError.engineUnavailable { return false } catch { continue }
        }
        return true
    }
}
