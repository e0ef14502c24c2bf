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

/// Judges certificates: the one place for nodes, light clients and enclaves alike.
package enum CertificateVerifier {
    /// Returns if `certificate` finalises `header` by a quorum of `validators`.
    ///
    /// The bitmap has exactly one form: one bit a member, least significant first, no bit beyond the last member, as many signatures
    /// as bits, in the members' order. So no signer counts twice. Members without weight may sign; they add nothing.
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
        let bitmap = [UInt8](wire.signers)
        guard bitmap.count == (count + 7) / 8 else { throw .malformedSigners }
        var signers: [Int] = []
        for (position, byte) in bitmap.enumerated() {
            for bit in 0..<8 where byte & 1 << UInt8(bit) != 0 { signers.append(position * 8 + bit) }
        }
        guard signers.last.map({ $0 < count }) ?? true, signers.count == wire.signatures.count else { throw .malformedSigners }
        return signers
    }
}
