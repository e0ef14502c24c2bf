import Primitives

/// The outcome of an appraisal (RFC 9334 §8.4): what relying parties act on.
package struct AttestationResult: Sendable, Equatable {
    package let platform: EvidencePlatform
    package let assurance: AssuranceClass
    /// The platform's name for people: `tpm (software)` where nothing vouches for the TPM.
    package let label: String
    /// What was measured, register by register.
    package let measurement: Measurement
    /// Which machine made the evidence; `nil` where the platform hides it.
    package let machine: MachineIdentity?
    /// AMD's product line, Intel's FMSPC, empty otherwise.
    package let product: String
    /// Intel's verdict about the platform's TCB; `nil` on platforms whose vendor publishes none.
    package let tcbStatus: TcbStatus?
    /// The vendor's open advisories for this TCB, sorted.
    package let advisories: [String]
    /// Until when the endorsements used stand, in milliseconds since 1970; `nil` when nothing used ends.
    package let expires: UInt64?

    package init(
        platform: EvidencePlatform, assurance: AssuranceClass, label: String? = nil, measurement: Measurement,
        machine: MachineIdentity? = nil, product: String = "", tcbStatus: TcbStatus? = nil, advisories: [String] = [],
        expires: UInt64? = nil
    ) {
        (self.platform, self.assurance, self.label) = (platform, assurance, label ?? platform.rawValue)
        (self.measurement, self.machine, self.product) = (measurement, machine, product)
        (self.tcbStatus, self.advisories, self.expires) = (tcbStatus, advisories, expires)
    }
}

/// What names the machine: for allow lists of machines, and to notice two enclaves on one machine.
package struct MachineIdentity: Sendable, Hashable {
    package enum Kind: String, Sendable {
        /// AMD's CHIP_ID, 64 bytes.
        case chip
        /// Intel's PPID, 16 bytes.
        case ppid
        /// The name of a TPM's attestation key.
        case attestationKey
        /// AWS's module id, UTF-8.
        case module
    }

    package let kind: Kind
    package let bytes: [UInt8]

    package init(kind: Kind, bytes: [UInt8]) { (self.kind, self.bytes) = (kind, bytes) }
}

/// Intel's status of a TCB level (PCS API v4), ordered from best to worst.
package enum TcbStatus: String, Sendable, CaseIterable {
    case upToDate = "UpToDate"
    case swHardeningNeeded = "SWHardeningNeeded"
    case configurationNeeded = "ConfigurationNeeded"
    case configurationAndSWHardeningNeeded = "ConfigurationAndSWHardeningNeeded"
    case outOfDate = "OutOfDate"
    case outOfDateConfigurationNeeded = "OutOfDateConfigurationNeeded"
    case revoked = "Revoked"
}
