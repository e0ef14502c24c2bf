/// A known mistake, put in on purpose so that the simulator can prove it would see one. No configuration reaches it.
package enum PlantedBug: String, Sendable, CaseIterable {
    /// A quorum is believed with one vote too few.
    case quorumOffByOne
    /// A vote is sent before it is durable.
    case voteBeforePersist
    /// A proposal is voted for on a parent that is not the newest possible one.
    case skippedParentCheck
    /// A finalisation older than what is final already is taken for news.
    case staleCertificateAccepted
}
