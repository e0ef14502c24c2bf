import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Two votes that no honest validator casts both: what convicts, for engines that see them and chains that judge them.
///
/// A validator votes for at most one block a view, finalises at most one, and never both finalises and nullifies a view
/// (docs/spec/consensus.md). Other pairs are honest: a notarised view may be given up, and another block of it finalised.
package enum EquivocationRules {
    /// For how many epochs an offence can be proven (docs/spec/trust.md §5).
    package static let window: UInt64 = 256

    /// Whether the votes, signatures aside, are one validator's, in one view, and contradict each other.
    package static func isConflict(_ first: WireVote, _ second: WireVote) -> Bool {
        guard first.signer == second.signer, first.epoch == second.epoch, first.view == second.view else { return false }
        switch (first.kind, second.kind) {
        case (.notarise, .notarise), (.finalise, .finalise): return first.block != second.block || first.height != second.height
        case (.nullify, .finalise), (.finalise, .nullify): return true
        default: return false
        }
    }

    /// The evidence of two conflicting votes, the same in whatever order they came.
    package static func evidence(_ one: WireVote, _ other: WireVote) -> WireEquivocation {
        var evidence = WireEquivocation()
        (evidence.first, evidence.second) = isOrdered(one, other) ? (one, other) : (other, one)
        return evidence
    }

    /// Decodes evidence in its only form; signatures are not checked here.
    package static func decode(_ bytes: [UInt8]) throws(LightClientError) -> WireEquivocation {
        guard let evidence = try? WireEquivocation(strictly: bytes, limit: Limits.evidence), isWellFormed(evidence.first),
            isWellFormed(evidence.second), isOrdered(evidence.first, evidence.second)
        else { throw .malformed }
        guard isConflict(evidence.first, evidence.second) else { throw .notEquivocation }
        return evidence
    }

    /// The key of the validator that `evidence` convicts; `validators` is the set of the votes' epoch.
    package static func offender(
        _ evidence: WireEquivocation, validators: ValidatorSet, profile: WireQuorumProfile, chainID: String
    ) throws(LightClientError) -> Hash32 {
        guard isConflict(evidence.first, evidence.second) else { throw .notEquivocation }
        let position = Int(evidence.first.signer)
        guard validators.members.indices.contains(position) else { throw .unknownValidator }
        let key = validators.members[position].key
        for vote in [evidence.first, evidence.second] {
            let statement = statement(vote, profile: profile, chainID: chainID)
            do { try VerificationKey.ed25519(key).verify([UInt8](vote.signature), of: statement, context: .vote) } catch {
                throw .badSignature
            }
        }
        return key
    }

    /// What `vote` signs.
    package static func statement(_ vote: WireVote, profile: WireQuorumProfile, chainID: String) -> [UInt8] {
        var wire = WireCertificate()
        (wire.epoch, wire.view, wire.height, wire.block) = (vote.epoch, vote.view, vote.height, vote.block)
        (wire.profile, wire.kind) = (profile, vote.kind)
        return QuorumCertificate.statement(wire, chainID: chainID)
    }

    private static func isWellFormed(_ vote: WireVote) -> Bool {
        guard let block = Hash32(vote.block), vote.signature.count == 64, vote.view >= 1, vote.signer < Limits.validators else {
            return false
        }
        switch vote.kind {
        case .notarise, .finalise: return vote.height >= 1 && block != .zero
        case .nullify: return vote.height == 0 && block == .zero
        case .unspecified, .UNRECOGNIZED: return false
        }
    }

    /// By kind, then by block, then by height: a pair has one order.
    private static func isOrdered(_ first: WireVote, _ second: WireVote) -> Bool {
        if first.kind != second.kind { return first.kind.rawValue < second.kind.rawValue }
        if first.block != second.block { return first.block.lexicographicallyPrecedes(second.block) }
        return first.height < second.height
    }
}
