/// Why an enclave is suspended, as the state says it.
package enum EnclaveSuspension {
    /// It did not acknowledge an erasure in time. It is active again as soon as it does.
    package static let erasure = "erasure"
}
