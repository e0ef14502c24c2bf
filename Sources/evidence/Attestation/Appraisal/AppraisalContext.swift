import ChainTypes
import Primitives

/// What evidence must answer.
package enum Expectation: Sendable {
    /// An enclave's keys on a chain.
    case enclave(AttestationBinding)
    /// The bytes that a verifier asked for.
    case nonce([UInt8])
    /// Nothing: evidence of somebody else's, looked at from outside.
    case none

    /// For a person who follows the appraisal.
    var detail: String {
        switch self {
        case .enclave: "binds the enclave's keys, its chain and the block it answers"
        case .nonce: "answers the challenge"
        case .none: "nothing was asked for, so anything is taken"
        }
    }

    /// Checks 64 bytes of report data (SEV-SNP, TDX, SGX): the binding, or the nonce followed by zeros.
    func check(reportData: some Collection<UInt8>) throws(AttestationError) {
        switch self {
        case .enclave(let binding):
            guard reportData.elementsEqual(binding.bytes64) else { throw .wrongBinding }
        case .nonce(let nonce):
            guard nonce.count <= reportData.count, reportData.starts(with: nonce), reportData.dropFirst(nonce.count).allSatisfy({ $0 == 0 })
            else { throw .nonceMismatch }
        case .none: break
        }
    }

    /// Checks a TPM's qualifying data: the 32-byte binding, or the nonce.
    func check(qualifyingData: some Collection<UInt8>) throws(AttestationError) {
        switch self {
        case .enclave(let binding):
            guard qualifyingData.elementsEqual(binding.bytes32.bytes) else { throw .wrongBinding }
        case .nonce(let nonce):
            guard qualifyingData.elementsEqual(nonce) else { throw .nonceMismatch }
        case .none: break
        }
    }
}

/// Everything an appraisal rests on beside the evidence.
package struct AppraisalContext: Sendable {
    package var expectation: Expectation
    package var endorsements: Endorsements
    package var anchors: TrustAnchors
    package var references: ReferenceValues
    package var policy: AppraisalPolicy
    /// Milliseconds since 1970.
    package var time: UInt64

    package init(
        expectation: Expectation, endorsements: Endorsements = .none, anchors: TrustAnchors,
        references: ReferenceValues = ReferenceValues(),
        policy: AppraisalPolicy, time: UInt64
    ) {
        (self.expectation, self.endorsements, self.anchors) = (expectation, endorsements, anchors)
        (self.references, self.policy, self.time) = (references, policy, time)
    }

    /// Refuses a measurement that is no reference value, where there must be one.
    func check(_ measurement: Measurement, _ trail: inout AppraisalTrail) throws(AttestationError) {
        guard policy.requireReferenceValues || !references.values.isEmpty else {
            return trail.note("measurement", "no reference values given; the registers say what ran, not whether it should")
        }
        try trail.check("measurement", references.contain(measurement), .measurementMismatch) { "equals a reference value" }
    }
}
