/// The parts of a run whose cost is measured.
package enum EnclaveStep: String, Sendable, CaseIterable {
    case proofs, signatures, decryption, program, sealing, vault, other
}

/// Told whenever the enclave begins another part; the enclave itself has no clock. `nil` outside benchmarks.
package typealias EnclaveStepObserver = @Sendable (EnclaveStep) -> Void
