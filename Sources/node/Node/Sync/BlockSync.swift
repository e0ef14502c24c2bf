import ChainTypes
import Engine
import Ledger
import LightClient
import Logging
import Networking
import Primitives
import Synchronization
import WireTypes

/// Brings the chain up to its peers' heads by final blocks: for validators that lag, and for nodes that only follow.
///
/// One answer is on its way at a time, from one peer after the other, while at most two that came before are being executed.
final class BlockSync: Sendable {
    struct Parts: Sendable {
        let ledger: LedgerApplication
        let validatorKey: Hash32?
        let network: any PeerSending
        let exchanges: Exchanges
        let settings: SyncSettings
        let pool: WorkerPool
        let log: Logger
        let install: @Sendable ([Engine.SyncedBlock]) -> Void
        /// Called before blocks up to this height are installed that came without some of their sidecars.
        let onLack: @Sendable (UInt64) -> Void
    }

    private struct State {
        /// Heights that peers say they have.
        var claims: [Hash32: UInt64] = [:]
        /// A height that the chain is known to have.
        var target: UInt64 = 0
        /// An epoch that somebody is in.
        var epoch: UInt64 = 0
        /// Until when nobody is believed who says so: it has just proven wrong.
        var doubtsUntil = ContinuousClock.now
        var head: UInt64
        var moved = ContinuousClock.now
        /// The head stood still while others went on; until nothing more is to be had.
        var isCatchingUp = false
        /// Who said that it has later blocks, and does not have the next one.
        var refused: Set<Hash32> = []
        /// Who has nothing for the next height, whatever it says.
        var asked: Set<Hash32> = []
    }

    /// Where fetching goes on, ahead of the ledger by what is being executed.
    private struct Frontier {
        var trusted: TrustedState
        /// The last heights of the batches that are not executed yet.
        var installed: [UInt64] = []
    }

    /// When the engine has not taken installed blocks for so long, they are fetched again.
    private static let abandoned = Duration.seconds(30)

    private let parts: Parts
    private let rota = PeerRota()
    private let state: Mutex<State>
    private let wakes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(_ parts: Parts) {
        self.parts = parts
        state = Mutex(State(head: parts.ledger.head.height))
        (wakes, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: What is heard

    func claim(_ height: UInt64, by peer: Hash32) {
        state.withLock { $0.claims[peer] = height }
        wake()
    }

    func left(_ peer: Hash32) {
        state.withLock { $0.claims[peer] = nil }
        rota.forget(peer)
    }

    func synchronise(to height: UInt64) {
        state.withLock { $0.target = max($0.target, height) }
        wake()
    }

    /// Any validator can cause this with every message, so it counts once until it is looked into, and not soon again when that showed
    /// nothing. One who is behind hears of it again.
    func behind(epoch: UInt64) {
        let present = parts.ledger.head.plan.epoch
        let isNews = state.withLock { state in
            guard epoch > present, state.epoch <= present, state.doubtsUntil < .now else { return false }
            state.epoch = epoch
            return true
        }
        if isNews { wake() }
    }

    func committed(_ height: UInt64) {
        state.withLock { state in
            (state.head, state.moved) = (height, .now)
            (state.refused, state.asked) = ([], [])
        }
    }

    func wake() { signal.yield() }

    /// Whether most peers say that they do not have the next block, and that they have later ones: only a snapshot helps then.
    var isStranded: Bool {
        let connected = parts.network.connected
        return state.withLock { state in state.refused.count { connected.contains($0) } * 2 > connected.count }
    }

    /// The height that the chain is known to have, while the node catches up with it.
    var target: UInt64? {
        state.withLock { state in
            let known = max(state.target, state.isCatchingUp ? state.claims.values.max() ?? 0 : 0)
            return known > state.head ? known : nil
        }
    }

    // MARK: What is done

    /// The height to fetch up to; `nil` when the engine gets along by itself, or nothing is known above `height`.
    private func goal(above height: UInt64) -> UInt64? {
        let plan = parts.ledger.head.plan
        let follows = parts.validatorKey.map { key in !plan.validators.members.contains { $0.key == key } } ?? true
        return state.withLock { state in
            let best = state.claims.values.max() ?? 0
            if state.moved + parts.settings.stall < .now, best >= state.head + 2 { state.isCatchingUp = true }
            let isBehind = plan.epoch < state.epoch
            let known = max(state.target, follows || isBehind || state.isCatchingUp ? best : 0)
            if known > height { return known }
            state.isCatchingUp = false
            // Somebody is in a later epoch, and no peer has said how far.
            return isBehind && height == state.head ? height + 1 : nil
        }
    }

    func run() async {
        var frontier = Frontier(trusted: trustedHead)
        var reported = ContinuousClock.now
        for await _ in wakes {
            while !Task.isCancelled {
                advance(&frontier)
                guard let goal = goal(above: frontier.trusted.height), await fetch(&frontier, goal) else { break }
                guard reported + parts.settings.progressInterval < .now else { continue }
                reported = .now
                parts.log.notice(
                    "The node catches up.", metadata: ["height": "\(parts.ledger.head.height)", "of": "\(goal)"])
            }
        }
    }

    private var trustedHead: TrustedState {
        let head = parts.ledger.head
        return TrustedState(
            chainID: parts.ledger.genesis.chainID, rules: FinalityRules(genesis: parts.ledger.genesis), height: head.height,
            headerHash: head.blockHash, time: head.time, stateRoot: head.stateRoot, epoch: head.plan.epoch, validators: head.plan.validators
        )
    }

    /// Moves the frontier to the ledger's head when that is beyond it, or when what was installed is not coming.
    private func advance(_ frontier: inout Frontier) {
        let head = trustedHead
        frontier.installed.removeAll { $0 <= head.height }
        if head.height >= frontier.trusted.height {
            frontier = Frontier(trusted: head)
        } else if state.withLock({ $0.moved + Self.abandoned < .now }) {
            parts.log.warning("Installed blocks were not executed; they are fetched again.", metadata: ["height": "\(head.height)"])
            state.withLock { $0.moved = .now }
            frontier = Frontier(trusted: head)
        }
    }

    /// Gets the next blocks and installs them; whether there may be more to get now.
    private func fetch(_ frontier: inout Frontier, _ goal: UInt64) async -> Bool {
        guard frontier.installed.count < 2 else {
            // Two batches are being executed: the memory of a third has to wait.
            try? await Task.sleep(for: .milliseconds(5))
            return true
        }
        let first = frontier.trusted.height + 1
        guard let peer = choose(first) else { return false }
        do throws(SyncError) {
            let batch = try await batch(after: frontier.trusted, to: goal, from: peer)
            if batch.lacksSidecars { parts.onLack(batch.trusted.height) }
            parts.install(batch.blocks)
            frontier.trusted = batch.trusted
            frontier.installed.append(batch.trusted.height)
            state.withLock { ($0.refused, $0.asked) = ([], []) }
        } catch {
            failed(peer, error, first: first)
        }
        return true
    }

    /// Whoever says that they have the height, or anybody when nobody does.
    private func choose(_ height: UInt64) -> Hash32? {
        let claims = state.withLock { $0.claims }
        let connected = parts.network.connected
        let candidates = connected.filter { claims[$0, default: 0] >= height }
        return rota.next(candidates.isEmpty ? connected : candidates)
    }

    private func batch(after trusted: TrustedState, to goal: UInt64, from peer: Hash32) async throws(SyncError) -> BlockBatch {
        let first = trusted.height + 1
        let (last, overflow) = first.addingReportingOverflow(parts.settings.batchHeights - 1)
        let frames = try await parts.exchanges.ask(peer, .blocks, limit: SyncLimits.blocksAnswer) { request in
            .blockRequest(BlockRangeRequest(request: request, first: first, last: overflow ? goal : max(first, min(goal, last))))
        }
        var (entries, bytes): ([Networking.SyncedBlock], Int) = ([], 0)
        for case .blocks(let answer) in frames {
            entries += answer.blocks
            bytes += answer.blocks.reduce(0) { $0 + $1.encodedSize }
        }
        guard !entries.isEmpty else { throw .notServed }
        let received = entries
        let result: Result<BlockBatch, SyncError>
        do throws(NodeError) {
            result = try await parts.pool.run {
                Result { () throws(SyncError) in try BlockBatch(received, after: trusted) }
            }
        } catch { throw .stopped }
        let batch = try result.get()
        guard !batch.blocks.isEmpty else {
            // An honest answer ends with a certificate, unless that would have made it too large.
            throw bytes < SyncLimits.hardBatch / 2 ? .unproven : .notServed
        }
        return batch
    }

    private func failed(_ peer: Hash32, _ error: SyncError, first: UInt64) {
        if error.isFault {
            parts.log.warning("A peer sent false blocks.", metadata: ["peer": "\(peer)", "error": "\(error.text)"])
            parts.network.punish(peer, for: error)
            rota.rest(peer, for: .seconds(60))
            state.withLock { $0.claims[peer] = nil }
        } else {
            rota.rest(peer, for: parts.settings.rest)
        }
        guard error == .notServed else { return }
        let connected = parts.network.connected
        state.withLock { state in
            // It does not have what it said it has; it may say so again.
            if state.claims.removeValue(forKey: peer) ?? 0 > first { state.refused.insert(peer) }
            state.isCatchingUp = false
            state.asked.insert(peer)
            // Nobody else is in a later epoch: whoever said so was wrong, or is alone.
            if state.asked.isSuperset(of: connected) {
                if state.epoch > 0 { state.doubtsUntil = .now + parts.settings.doubt }
                (state.epoch, state.asked) = (0, [])
            }
        }
        if isStranded {
            parts.log.error(
                "Most peers do not have the next block any more: stop the node, remove its data folder and start again.",
                metadata: ["height": "\(first)"])
        }
    }
}
