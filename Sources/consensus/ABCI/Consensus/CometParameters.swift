import ChainTypes
import WireTypes

/// CometBFT's consensus parameters, as far as the chain's own rules decide them (docs/spec/abci.md §5).
package enum CometParameters {
    /// Room for the sidecars that ride inside the transactions of one block, in bytes.
    package static let sidecarBytes: UInt64 = 16 << 20

    /// The most bytes of a CometBFT block: the block that the rules admit, and its sidecars.
    package static func blockBytes(_ parameters: WireParameters) -> Int64 {
        // The rules bound a block by `Limits.block`.
        Int64(min(min(parameters.maximumBlockBytes, UInt64(Limits.block)) + sidecarBytes, UInt64(ABCILimits.block)))
    }

    /// Fees bound the work of a transaction, so there is no gas.
    package static func block(_ parameters: WireParameters) -> ABCIConsensusParams {
        var params = ABCIConsensusParams()
        params.block.maxBytes = blockBytes(parameters)
        params.block.maxGas = -1
        return params
    }
}
