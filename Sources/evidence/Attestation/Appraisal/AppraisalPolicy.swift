/// What is accepted of evidence that is sound (RFC 9334 §8.5, Appraisal Policy for Evidence). Debug mode never is.
package struct AppraisalPolicy: Sendable, Equatable {
    /// From the genesis.
    package var allowSimulated: Bool
    /// A TPM that nothing vouches for, such as swtpm: class none.
    package var allowSoftwareTpm: Bool
    /// Intel's statuses that are accepted.
    package var tcbStatuses: Set<TcbStatus> = [.upToDate]
    /// Intel's advisories that are refused even where the status is accepted.
    package var refusedAdvisories: Set<String> = []
    /// The least `tcbEvaluationDataNumber` of TCB info and identity.
    package var minimumTcbEvaluation: UInt64 = 0
    /// TD attribute SEPT_VE_DISABLE must be set; Azure's paravisor runs without.
    package var requireSeptVeDisable = false
    /// A TD may have a service TD bound to it, such as one for migration.
    package var allowServiceTd = false
    /// AMD's product lines that are accepted. Milan is not by default: its chips' seeds can be extracted (arXiv 2605.12990).
    package var amdProducts: Set<AmdProduct> = [.genoa, .turin]
    /// The least TCB of reports, part by part; a product line without one has no floor.
    package var amdFloors: [AmdProduct: AmdTcb] = [:]
    /// The least privileged VMPL that may attest: 0 is the most privileged.
    package var maximumVmpl: UInt32 = 0
    /// PLATFORM_INFO bit 5 must be set: the BadRAM fix is active.
    package var requireAliasCheck = false
    /// Whether a revocation list is needed where the vendor publishes one: AMD's. Intel's are part of what a verdict takes: without, there is none.
    package var requireRevocationLists = true
    /// The processor's microcode loader must take AMD's patches only (CVE-2024-56161): with one that takes anybody's, the machine's owner
    /// decides what is measured and what a guest's memory is open to.
    package var requireGenuineMicrocode = true
    /// Whether a measurement must be a reference value also where the class is none; above that, an enclave's always must.
    /// Simulated enclaves measure nothing and are exempt.
    package var requireReferenceValues = true

    package init(allowSimulated: Bool, allowSoftwareTpm: Bool = false) {
        (self.allowSimulated, self.allowSoftwareTpm) = (allowSimulated, allowSoftwareTpm)
    }

    /// The policy of `jupiter evidence verify`: strict about state and debug; it has no reference values, floors or rules about
    /// product lines unless it is given some, and the TPM's key counts as enrolled.
    package static var files: AppraisalPolicy {
        var policy = AppraisalPolicy(allowSimulated: false, allowSoftwareTpm: true)
        policy.amdProducts = Set(AmdProduct.allCases)
        policy.maximumVmpl = 3
        policy.allowServiceTd = true
        policy.requireRevocationLists = false
        policy.requireReferenceValues = false
        policy.requireGenuineMicrocode = false
        return policy
    }
}
