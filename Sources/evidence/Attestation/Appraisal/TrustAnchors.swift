/// The roots that evidence must lead to: X.509 certificates in DER, compared byte for byte.
///
/// Injected into every appraisal, so that tests use synthetic ones the same way; a production build has no other switch.
package struct TrustAnchors: Sendable, Equatable {
    /// AMD's ARKs, one a product line.
    package var amd: [[UInt8]]
    /// Intel's SGX Root CA.
    package var intel: [[UInt8]]
    /// AWS's Nitro Enclaves root.
    package var nitro: [[UInt8]]
    /// Roots of TPM manufacturers. None is built in: governance decides whose TPMs count.
    package var tpm: [[UInt8]]

    package init(amd: [[UInt8]] = [], intel: [[UInt8]] = [], nitro: [[UInt8]] = [], tpm: [[UInt8]] = []) {
        (self.amd, self.intel, self.nitro, self.tpm) = (amd, intel, nitro, tpm)
    }

    /// The vendors' roots, from `Resources/`.
    package static let pinned = TrustAnchors(
        amd: [PackageResources.amd_milan_ark_der, PackageResources.amd_genoa_ark_der, PackageResources.amd_turin_ark_der],
        intel: [PackageResources.intel_sgx_root_ca_der], nitro: [PackageResources.aws_nitro_root_g1_der])

    /// One root for whatever is appraised: what a manifest names.
    package static func only(_ root: [UInt8]) -> TrustAnchors { TrustAnchors(amd: [root], intel: [root], nitro: [root], tpm: [root]) }
}
