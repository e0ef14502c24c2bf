import LightClient
import Modules
import Primitives
import Synchronization

/// Evidence that peers tell of: judged one piece at a time, off the consensus path; what holds goes on to the engine, and nothing else.
///
/// Each peer has a short line of its own and the peers take turns, so that who sends much gets nothing but its own line filled.
package final class EvidenceInbox: Sendable {
    /// What the inbox asks of the node.
    package struct Parts: Sendable {
        let judge: @Sendable ([UInt8]) throws -> EvidenceJudgement
        /// Answers whether it was taken.
        let deliver: @Sendable (ProvenEquivocation) -> Bool
        let punish: @Sendable (_ peer: Hash32, LightClientError) -> Void

        package init(
            judge: @escaping @Sendable ([UInt8]) throws -> EvidenceJudgement, deliver: @escaping @Sendable (ProvenEquivocation) -> Bool,
            punish: @escaping @Sendable (_ peer: Hash32, LightClientError) -> Void
        ) {
            (self.judge, self.deliver, self.punish) = (judge, deliver, punish)
        }
    }

    private struct State {
        var lines: [Hash32: [[UInt8]]] = [:]
        /// Peers with a line, the next first.
        var turns: [Hash32] = []
        var isJudging = false
        /// What was delivered of late: every peer passes the same evidence on.
        var delivered: Set<[UInt8]> = []
    }

    /// How much of one peer waits; an honest one sends evidence once an offender and epoch.
    package static let line = 32
    private static let remembered = 1_024

    private let parts: Parts
    private let lane: WorkerPool
    private let state = Mutex(State())

    package init(_ parts: Parts, lane: WorkerPool) { (self.parts, self.lane) = (parts, lane) }

    /// Takes an encoded `WireEquivocation` in, or lets it go when its peer's line is full or the same was delivered of late.
    package func receive(_ bytes: [UInt8], from peer: Hash32) {
        let starts = state.withLock { state in
            guard !state.delivered.contains(bytes) else { return false }
            guard let line = state.lines[peer] else {
                state.lines[peer] = [bytes]
                state.turns.append(peer)
                return state.isJudging.raise()
            }
            if line.count < Self.line { state.lines[peer]?.append(bytes) }
            return false
        }
        if starts { Task { await judgeAll() } }
    }

    private func judgeAll() async {
        while let (bytes, peer) = next() {
            // Too much to do, or a state that cannot be read: the evidence is left to those who have it.
            guard let judgement = try? await lane.run({ try? self.parts.judge(bytes) }) else { continue }
            switch judgement {
            case .due(let evidence):
                guard parts.deliver(evidence) else { continue }
                state.withLock { state in
                    if state.delivered.count >= Self.remembered { state.delivered = [] }
                    state.delivered.insert(bytes)
                }
            case .forged(let error):
                state.withLock { state in
                    state.lines[peer] = nil
                    state.turns.removeAll { $0 == peer }
                }
                parts.punish(peer, error)
            case .settled, .unknownEpoch: continue
            }
        }
    }

    /// The next piece, of the peer whose turn it is.
    private func next() -> (bytes: [UInt8], peer: Hash32)? {
        state.withLock { state in
            while let peer = state.turns.first {
                state.turns.removeFirst()
                guard var line = state.lines[peer], !line.isEmpty else { continue }
                let bytes = line.removeFirst()
                state.lines[peer] = line.isEmpty ? nil : line
                if !line.isEmpty { state.turns.append(peer) }
                if !state.delivered.contains(bytes) { return (bytes, peer) }
            }
            state.isJudging = false
            return nil
        }
    }
}

extension Bool {
    /// Sets it; answers whether it was not set.
    fileprivate mutating func raise() -> Bool {
        defer { self = true }
        return !self
    }
}
