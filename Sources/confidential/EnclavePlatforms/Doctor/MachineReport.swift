/// What a machine offers to an enclave, and what is missing.
package struct MachineReport: Sendable, Equatable {
    package enum State: String, Sendable {
        /// An enclave can be started on it.
        case ready
        /// It is there, but something must be done first.
        case incomplete
        case absent
    }

    package struct Platform: Sendable, Equatable {
        /// As in `jupiter-enclave --platform`.
        package let name: String
        /// As receipts show it: `tpm (software)`.
        package let label: String
        /// none, measured or confidential.
        package let assurance: String
        package var state: State
        package var found: [String] = []
        /// What to do next, most urgent first.
        package var next: [String] = []
        /// Where the key that seals the vault comes from.
        package let sealing: String
    }

    /// A setting of the system that every platform depends on.
    package struct Check: Sendable, Equatable {
        package let name: String
        package let isGood: Bool
        package let found: String
        /// What to do when it is not good.
        package let next: String?
    }

    package let platforms: [Platform]
    package let checks: [Check]
}
