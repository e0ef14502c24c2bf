import LightClient

/// What a chain's state makes of contradicting votes that somebody brings.
package enum EvidenceJudgement: Sendable, Equatable {
    /// The offender is to be punished.
    case due(ProvenEquivocation)
    /// There is nothing to punish: the validator had no weight, or its punishment covers the offence already.
    case settled
    /// The state holds no set of that epoch: it is too long ago, or this node is behind.
    case unknownEpoch
    /// Not what it says it is: nobody who looked at it passes it on.
    case forged(LightClientError)
}
