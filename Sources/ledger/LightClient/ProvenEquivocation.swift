import ChainTypes
import Primitives
import WireTypes

/// Evidence whose signatures hold: the only kind that a node keeps and passes on.
package struct ProvenEquivocation: Sendable, Equatable {
    /// An encoded `WireEquivocation` in its only form.
    package let bytes: [UInt8]
    /// The key of the validator that it convicts.
    package let offender: Hash32
    /// Of the votes; with the offender it says what the evidence is good for, whichever two votes it holds.
    package let epoch: UInt64
    /// The offender's position in the set of that epoch.
    package let signer: Int

    /// - Parameters:
    ///   - evidence: well-formed (`EquivocationRules.decode`).
    ///   - validators: the set of the votes' epoch.
    package init(
        _ evidence: WireEquivocation, validators: ValidatorSet, profile: WireQuorumProfile, chainID: String
    ) throws(LightClientError) {
        offender = try EquivocationRules.offender(evidence, validators: validators, profile: profile, chainID: chainID)
        bytes = evidence.encoded()
        (epoch, signer) = (evidence.first.epoch, Int(evidence.first.signer))
    }
}
