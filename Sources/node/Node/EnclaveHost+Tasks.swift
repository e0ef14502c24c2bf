import EnclaveProtocol
import Primitives
import Synchronization

/// What others ask of the enclave while it works: done between two rounds, under the header that it trusts then.
extension EnclaveHost {
    /// Something to be done, and what to do when the enclave is gone before.
    struct Errand {
        let perform: @Sendable (EnclaveHost, EvidenceBuilder) async -> Void
        let cancel: @Sendable () -> Void
    }

    /// How many may wait.
    private static let maximumErrands = 64

    /// Waits until `body` was done with proofs under the enclave's newest header.
    func withTask<Value: Sendable>(
        _ body: @escaping @Sendable (EnclaveHost, EvidenceBuilder) async throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let errand = Errand {
                do { continuation.resume(returning: try await body($0, $1)) } catch { continuation.resume(throwing: error) }
            } cancel: {
                continuation.resume(throwing: NodeError.enclaveUnavailable)
            }
            let (waiter, isTaken) = state.withLock { state in
                guard state.status.isServing, state.errands.count < Self.maximumErrands else {
                    return (nil as CheckedContinuation<Void, Never>?, false)
                }
                state.errands.append(errand)
                state.hasNews = true
                defer { state.wake = nil }
                return (state.wake, true)
            }
            if !isTaken { errand.cancel() }
            waiter?.resume()
        }
    }

    /// Does what waits; answers whether there was anything.
    func doErrands(_ builder: EvidenceBuilder) async -> Bool {
        let errands = state.withLock { state in
            defer { state.errands = [] }
            return state.errands
        }
        for errand in errands { await errand.perform(self, builder) }
        return !errands.isEmpty
    }

    /// Tells all that wait that the enclave is gone.
    func cancelErrands() {
        let errands = state.withLock { state in
            defer { state.errands = [] }
            return state.errands
        }
        for errand in errands { errand.cancel() }
    }
}
