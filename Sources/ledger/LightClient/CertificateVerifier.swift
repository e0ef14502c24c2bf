import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What weight of votes decides, under a genesis profile (docs/spec/light-client.md §3).
package enum Quorum {
    /// Whether votes of `weight` out of `total` are a quorum: strictly more than two thirds, or in the crash profile more than half.
    ///
    /// A set's total is at most 1,000 · 2⁵⁰, so three times it stays inside 64 bits.
    package static func isReached(weight: UInt64, total: UInt64, profile: WireQuorumProfile) -> Bool {
        switch profile {
        case .byzantine: 3 * weight > 2 * total
        case .crash: 2 * weight > total
        case .unspecified, .UNRECOGNIZED: false
        }
    }
}

/// Judges the certificates of our own engine: the one place for nodes, light clients and enclaves alike.
package enum CertificateVerifier: FinalityVerifier {
    /// Returns if `certified` carries a certificate of `header` by the set and profile of `trusted`.
    package static func verify(
        _ certified: WireCertifiedHeader, header: BlockHeader, under trusted: TrustedState
    ) throws(LightClientError) {
        let certificate: QuorumCertificate
        do { certificate = try QuorumCertificate(decoding: [UInt8](certified.certificate)) } catch { throw .malformed }
        try verify(
            certificate, header: header, validators: trusted.validators, profile: trusted.rules.profile, chainID: trusted.chainID)
    }

    /// Returns if `certificate` finalises `header` by a quorum of `validators`.
    ///
    /// The bitmap has one form (`SignerBitmap`), the signatures are in the members' order. Members without weight may sign; they add
    /// nothing.
    package static func verify(
        _ certificate: QuorumCertificate, header: BlockHeader, validators: ValidatorSet, profile: WireQuorumProfile, chainID: String
    ) throws(LightClientError) {
        let wire = certificate.wire
        guard header.chainID == chainID else { throw .wrongChain }
        guard wire.profile == profile else { throw .wrongProfile }
        guard wire.kind == .finalise else { throw .notFinalised }
        guard certificate.block == header.hash, wire.height == header.height, wire.epoch == header.epoch else {
            throw .certificateMismatch
        }
        guard header.validatorsHash == validators.hash else { throw .wrongValidators }
        try verifyVotes(wire, validators: validators, chainID: chainID)
    }

    /// Checks signers, weight and signatures, in the order of their cost.
    private static func verifyVotes(
        _ wire: WireCertificate, validators: ValidatorSet, chainID: String
    ) throws(LightClientError) {
        let signers = try signers(wire, count: validators.members.count)
        var weight: UInt64 = 0
        for signer in signers { weight += validators.members[signer].votingWeight }
        guard Quorum.isReached(weight: weight, total: validators.totalWeight, profile: wire.profile) else { throw .noQuorum }
        let statement = QuorumCertificate.statement(wire, chainID: chainID)
        for (signer, signature) in zip(signers, wire.signatures) {
            let key = VerificationKey.ed25519(validators.members[signer].key)
            do { try key.verify([UInt8](signature), of: statement, context: .vote) } catch { throw .badSignature }
        }
    }

    /// The positions of the members that signed, in order.
    package static func signers(_ wire: WireCertificate, count: Int) throws(LightClientError) -> [Int] {
        try SignerBitmap.positions([UInt8](wire.signers), count: count, signatures: wire.signatures.count)
    }
}
