import Primitives
import WireTypes

/// Who certifies the next block, by which rules, and whether it ends the epoch: a function of the state after its parent.
///
/// An application answers it with every block, so that engines need no rules about validators of their own.
package struct EpochPlan: Sendable, Equatable {
    /// Of the next block; the first epoch is 0.
    package let epoch: UInt64
    /// Who votes on the next block.
    package let validators: ValidatorSet
    /// Who votes after the next block, when that one ends the epoch.
    package let following: ValidatorSet?
    /// The rules of the next block: governance changes them between epochs.
    package let parameters: WireParameters

    /// - Parameter following: the set of the next epoch when the next block is the last of this one.
    package init(
        epoch: UInt64, validators: ValidatorSet, following: ValidatorSet? = nil, parameters: WireParameters = Genesis.defaultParameters
    ) {
        (self.epoch, self.validators, self.following, self.parameters) = (epoch, validators, following, parameters)
    }

    /// The plan of a chain's first block, when the application has not said otherwise.
    package init(genesis: Genesis) { self.init(epoch: 0, validators: genesis.validators, parameters: genesis.parameters) }

    /// Whether `header`, that of the next block, says of epoch and validators what it must.
    package func admits(_ header: BlockHeader) -> Bool {
        header.epoch == epoch && header.lastOfEpoch == closes && header.validatorsHash == validators.hash
            && header.nextValidatorsHash == (following ?? validators).hash
    }

    /// Whether the next block is the last of its epoch.
    package var closes: Bool { following != nil }
}
