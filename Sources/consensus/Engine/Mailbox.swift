import ChainTypes
import Dispatch
import LightClient
import Primitives
import Simplex
import Synchronization

/// What reaches an engine from outside its thread.
enum EngineInput: Sendable {
    /// From the validator with this key, or from one that only follows.
    case message(ConsensusMessage, from: Hash32?)
    case payload(BlockPayload)
    case evidence(ProvenEquivocation)
    /// A candidate came while there was none.
    case arrival
    case answer(LedgerAnswer)
    case install([SyncedBlock])
    case votes(from: UInt64)
}

/// Bounded queue into an engine's thread. What peers send too fast is dropped, for they repeat themselves; what the engine asked for is not.
final class Mailbox: Sendable {
    private struct State {
        var inputs: [EngineInput] = []
        var messages = 0
        var evidence = 0
        var dropped: UInt64 = 0
        var isClosed = false

        /// Counts what peers send; answers whether there is room for it.
        mutating func admit(_ input: EngineInput) -> Bool {
            switch input {
            case .message:
                guard messages < Mailbox.maximumMessages else { return false }
                messages += 1
            case .evidence:
                guard evidence < Mailbox.maximumEvidence else { return false }
                evidence += 1
            case .payload, .arrival, .answer, .install, .votes: break
            }
            return true
        }
    }

    private static let maximumMessages = 16_384
    private static let maximumEvidence = EvidencePool.maximum

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    /// Answers whether the input was taken.
    @discardableResult
    func post(_ input: EngineInput) -> Bool {
        let (isTaken, isFirst) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            guard state.admit(input) else {
                state.dropped += 1
                return (false, false)
            }
            state.inputs.append(input)
            return (true, state.inputs.count == 1)
        }
        if isFirst { signal.signal() }
        return isTaken
    }

    /// Ends the waiting for good.
    func close() {
        state.withLock { $0.isClosed = true }
        signal.signal()
    }

    var dropped: UInt64 { state.withLock { $0.dropped } }

    /// Everything that came, as soon as something has, or nothing at `deadline`; `nil` once the mailbox is closed.
    func take(until deadline: DispatchTime) -> [EngineInput]? {
        while true {
            let (inputs, isClosed): ([EngineInput], Bool) = state.withLock { state in
                defer { (state.inputs, state.messages, state.evidence) = ([], 0, 0) }
                return (state.inputs, state.isClosed)
            }
            if isClosed { return nil }
            if !inputs.isEmpty { return inputs }
            if signal.wait(timeout: deadline) == .timedOut { return [] }
        }
    }
}
