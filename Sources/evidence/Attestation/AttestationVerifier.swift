import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// How much a platform's evidence is worth (ARCHITECTURE §8).
package enum AssuranceClass: String, Sendable, CaseIterable {
    /// Nothing outside the process vouches for it: `simulated`.
    case none
    /// A measured launch: TPM.
    case measured
    /// Encrypted memory: SEV-SNP, TDX, Nitro.
    case confidential
}

/// What a chain accepts.
package struct AttestationPolicy: Sendable, Equatable {
    /// From the genesis.
    package var allowSimulated: Bool

    package init(allowSimulated: Bool) { self.allowSimulated = allowSimulated }
}

/// What evidence is about: the chain, the enclave's keys, and the block that the appraiser knows at the evidence's height.
package struct AttestationSubject: Sendable {
    package var chainID: String
    package var identity: WireEnclaveIdentity
    /// The hash of the chain's block at the evidence's challenge height; the caller has looked it up and judged its age.
    package var challengeBlock: Hash32

    package init(chainID: String, identity: WireEnclaveIdentity, challengeBlock: Hash32) {
        (self.chainID, self.identity, self.challengeBlock) = (chainID, identity, challengeBlock)
    }
}

/// The outcome of an appraisal.
package struct Appraisal: Sendable, Equatable {
    package let platform: String
    package let assurance: AssuranceClass

    package init(platform: String, assurance: AssuranceClass) { (self.platform, self.assurance) = (platform, assurance) }
}

/// Appraises the evidence of one kind of platform: the seam for TPM, SEV-SNP, TDX and Nitro.
///
/// Pure and deterministic: every validator, wallet and vault reaches the same answer from the same bytes and block time.
package protocol AttestationVerifier: Sendable {
    /// The platform's name in identities and evidence.
    var platform: String { get }

    /// - Parameters:
    ///   - report: the platform's own evidence.
    ///   - reportData: what the report must bind.
    ///   - time: block time, in milliseconds since 1970.
    func appraise(
        report: [UInt8], reportData: Hash32, identity: WireEnclaveIdentity, policy: AttestationPolicy, at time: UInt64
    ) throws(AttestationError) -> Appraisal
}

/// The appraisal of all platforms that this build knows.
package enum EvidenceAppraiser {
    /// Bytes of evidence that are looked at.
    package static let maximumEvidence = 64 << 10

    private static let verifiers: [any AttestationVerifier] = [SimulatedVerifier()]

    /// Appraises `evidence` (an encoded `Evidence`) about `subject`.
    package static func appraise(
        _ evidence: [UInt8], about subject: AttestationSubject, policy: AttestationPolicy, at time: UInt64
    ) throws(AttestationError) -> Appraisal {
        guard let wire = try? WireEvidence(strictly: evidence, limit: maximumEvidence) else { throw .malformed }
        try check(subject.identity)
        guard wire.platform == subject.identity.platform else { throw .wrongBinding }
        guard let verifier = verifiers.first(where: { $0.platform == wire.platform }) else { throw .unsupportedPlatform }
        guard Hash32(wire.challengeBlock) == subject.challengeBlock else { throw .wrongChallenge }
        let reportData = EnclaveStatement.reportData(
            chainID: subject.chainID, identity: subject.identity, height: wire.challengeHeight, block: subject.challengeBlock)
        return try verifier.appraise(
            report: [UInt8](wire.report), reportData: reportData, identity: subject.identity, policy: policy, at: time)
    }

    /// Whether the identity's parts have the form of their types.
    package static func check(_ identity: WireEnclaveIdentity) throws(AttestationError) {
        guard identity.platform.utf8.count <= Limits.identifier, Hash32(identity.signingKey) != nil, identity.hasVaultKey,
            Hash32(identity.measurement) != nil, (try? SealingPublicKey(identity.vaultKey)) != nil
        else { throw .badIdentity }
    }
}
