/// Why an enclave is suspended, as the state says it.
package enum EnclaveSuspension {
    /// It did not acknowledge an erasure in time. It is active again as soon as it does.
    package static let erasure = "erasure"
    /// The account that answers for it lets it rest. Fresh evidence ends it.
    package static let byOperator = "operator"
    /// Decided by governance; only governance ends it, as the next two.
    package static let byGovernance = "governance"
    /// Its whole platform is broken.
    package static let platform = "platform"
    /// The reference value of its build was revoked.
    package static let reference = "reference"

    /// Whether the enclave or its operator can end it: then a decision of governance takes its place.
    package static func isOwn(_ reason: String) -> Bool { reason == erasure || reason == byOperator }
}
