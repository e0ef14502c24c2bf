import ChainTypes
import Primitives
import WireTypes

/// What a light client believes of one chain: its last accepted header and who certifies the next.
///
/// A value without history: enclaves keep it in their vault, a mainnet in the state of each locality.
package struct TrustedState: Sendable, Equatable {
    package let chainID: String
    /// Set by the genesis, for good.
    package let rules: FinalityRules
    /// 0 when only the genesis is known.
    package let height: UInt64
    /// Of the genesis at height 0.
    package let headerHash: Hash32
    /// Milliseconds since 1970.
    package let time: UInt64
    /// After the previous block; zero at height 0.
    package let stateRoot: Hash32
    /// The epoch of the next header: one more than the accepted header's when that one was the last of its epoch.
    package let epoch: UInt64
    /// Who certifies the headers of `epoch`.
    package let validators: ValidatorSet

    /// Restores what was stored.
    package init(
        chainID: String, rules: FinalityRules, height: UInt64, headerHash: Hash32, time: UInt64, stateRoot: Hash32,
        epoch: UInt64, validators: ValidatorSet
    ) {
        (self.chainID, self.rules, self.height, self.headerHash) = (chainID, rules, height, headerHash)
        (self.time, self.stateRoot, self.epoch, self.validators) = (time, stateRoot, epoch, validators)
    }

    /// The beginning: nothing but the genesis. Epochs count from 0.
    package init(genesis: Genesis) {
        self.init(
            chainID: genesis.chainID, rules: FinalityRules(genesis: genesis), height: 0, headerHash: genesis.hash, time: genesis.wire.time,
            stateRoot: .zero, epoch: 0, validators: genesis.validators)
    }

    /// After `header`, which somebody has judged; `validators` certify what follows it.
    /// - Throws: `wrongValidators` unless they are the set that the header says will follow it.
    package init(after header: BlockHeader, validators: ValidatorSet, rules: FinalityRules) throws(LightClientError) {
        guard validators.hash == header.nextValidatorsHash else { throw .wrongValidators }
        let (next, overflow) = header.epoch.addingReportingOverflow(header.lastOfEpoch ? 1 : 0)
        guard !overflow else { throw .wrongEpoch }
        self.init(
            chainID: header.chainID, rules: rules, height: header.height, headerHash: header.hash, time: header.time,
            stateRoot: header.stateRoot, epoch: next, validators: validators)
    }
}
