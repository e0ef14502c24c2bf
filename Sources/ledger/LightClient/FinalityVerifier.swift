import ChainTypes
import WireTypes

/// Judges what makes a header final: one for each engine that a genesis may name.
package protocol FinalityVerifier {
    /// Returns if `certified` carries proof that `header`, its decoded header, is final on the chain of `trusted`, whatever the heights.
    static func verify(_ certified: WireCertifiedHeader, header: BlockHeader, under trusted: TrustedState) throws(LightClientError)
}

/// How a chain's headers become final: set by its genesis, for good. All that judge certified headers go through here.
package struct FinalityRules: Sendable, Equatable {
    package let consensus: WireConsensusKind
    package let profile: WireQuorumProfile

    package init(consensus: WireConsensusKind = .simplex, profile: WireQuorumProfile) {
        (self.consensus, self.profile) = (consensus, profile)
    }

    package init(genesis: Genesis) { self.init(consensus: genesis.consensus, profile: genesis.wire.profile) }

    /// How many blocks must follow one before it can be proven final.
    package var lag: UInt64 { consensus == .cometbft ? 1 : 0 }

    /// Returns if `certified` proves `header` final.
    func verify(_ certified: WireCertifiedHeader, header: BlockHeader, under trusted: TrustedState) throws(LightClientError) {
        switch consensus {
        case .simplex: try CertificateVerifier.verify(certified, header: header, under: trusted)
        case .cometbft: try CometFinalityVerifier.verify(certified, header: header, under: trusted)
        case .UNRECOGNIZED: throw .malformed
        }
    }
}
