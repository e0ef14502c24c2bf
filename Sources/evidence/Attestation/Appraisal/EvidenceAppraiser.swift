import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What evidence is about: the chain, the enclave's keys, and the block that the appraiser knows at the evidence's height.
package struct AttestationSubject: Sendable {
    package var chainID: String
    package var role: String
    package var identity: WireEnclaveIdentity
    /// The hash of the chain's block at the evidence's challenge height; the caller has looked it up and judged its age.
    package var challengeBlock: Hash32
    /// What the caller asked for; `nil` on chain, where the block is challenge enough.
    package var challenge: Hash32?

    package init(
        chainID: String, role: String = AttestationBinding.vaultRole, identity: WireEnclaveIdentity, challengeBlock: Hash32,
        challenge: Hash32? = nil
    ) {
        (self.chainID, self.role, self.identity) = (chainID, role, identity)
        (self.challengeBlock, self.challenge) = (challengeBlock, challenge)
    }
}

/// The appraisal of all platforms that this build knows.
///
/// Pure and deterministic: every validator, wallet and vault reaches the same answer from the same bytes and the same time.
package enum EvidenceAppraiser {
    /// Bytes of evidence that are looked at.
    package static let maximumEvidence = 64 << 10

    /// Appraises `evidence` (an encoded `Evidence`) about `subject`.
    ///
    /// - Parameters:
    ///   - endorsements: what the vendors signed, by slot; `slots(of:)` tells which are needed.
    ///   - time: block time, in milliseconds since 1970.
    package static func appraise(
        _ evidence: [UInt8], about subject: AttestationSubject, endorsements: Endorsements = .none, anchors: TrustAnchors = .pinned,
        references: ReferenceValues = ReferenceValues(), policy: AppraisalPolicy, at time: UInt64
    ) throws(AttestationError) -> AttestationResult {
        var trail = AppraisalTrail.none
        return try appraise(
            evidence, about: subject, endorsements: endorsements, anchors: anchors, references: references, policy: policy, at: time,
            &trail)
    }

    /// As above, and notes every step in `trail`.
    package static func appraise(
        _ evidence: [UInt8], about subject: AttestationSubject, endorsements: Endorsements, anchors: TrustAnchors,
        references: ReferenceValues, policy: AppraisalPolicy, at time: UInt64, _ trail: inout AppraisalTrail
    ) throws(AttestationError) -> AttestationResult {
        let wire = try read(evidence)
        try check(subject.identity)
        guard wire.platform == subject.identity.platform else { throw .wrongBinding }
        guard Hash32(wire.challengeBlock) == subject.challengeBlock else { throw .wrongChallenge }
        guard [UInt8](wire.challenge) == (subject.challenge?.bytes ?? []) else { throw .wrongChallenge }
        let binding = AttestationBinding(
            chainID: subject.chainID, role: subject.role, identity: subject.identity, height: wire.challengeHeight,
            block: subject.challengeBlock, challenge: subject.challenge)
        let piece = try PlatformEvidence(wire)
        let context = AppraisalContext(
            expectation: .enclave(binding), endorsements: endorsements, anchors: anchors, references: references, policy: policy,
            time: time)
        let result = try piece.appraise(context, &trail)
        guard let claimed = Hash32(subject.identity.measurement), measurements(of: result, references).contains(claimed) else {
            throw .badIdentity
        }
        // Where the rules ask for no reference values, that is meant for platforms that measure nothing: real hardware vouches for
        // whatever was started on it, so its class would be a promise about anybody's program.
        guard result.assurance == .none || references.contain(result.measurement) else { throw .measurementMismatch }
        return result
    }

    /// The slots of the endorsements that appraising `evidence` takes, as far as its bytes tell.
    package static func slots(of evidence: [UInt8]) throws(AttestationError) -> [String] { try PlatformEvidence(read(evidence)).slots() }

    /// The measurements that an identity with this result may carry: the hash of a reference value that it meets, or, where it
    /// meets none, of all registers.
    package static func measurements(of result: AttestationResult, _ references: ReferenceValues) -> [Hash32] {
        let met = references.values.filter { $0.matches(result.measurement) }
        return met.isEmpty ? [result.measurement.hash] : met.map(\.hash)
    }

    /// Whether the identity's parts have the form of their types.
    package static func check(_ identity: WireEnclaveIdentity) throws(AttestationError) {
        guard identity.platform.utf8.count <= Limits.identifier, Hash32(identity.signingKey) != nil, identity.hasVaultKey,
            Hash32(identity.measurement) != nil, (try? SealingPublicKey(identity.vaultKey)) != nil
        else { throw .badIdentity }
    }

    private static func read(_ evidence: [UInt8]) throws(AttestationError) -> WireEvidence {
        guard let wire = try? WireEvidence(strictly: evidence, limit: maximumEvidence) else { throw .malformed }
        return wire
    }
}
