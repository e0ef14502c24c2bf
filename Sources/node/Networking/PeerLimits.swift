import ChainTypes

/// Which frames go first. A lane is sent only while all those before it are empty; inside a lane the order is kept.
package enum PeerLane: UInt8, Sendable, CaseIterable {
    /// Hello, ping and pong.
    case control
    /// Votes, certificates and proposals' headers.
    case consensus
    /// Evidence, status and requests for payloads: small, and somebody waits for them.
    case notices
    /// Contents of proposed blocks.
    case payloads
    case transactions
    /// Old blocks and snapshots, for those that catch up.
    case sync

    /// The most bytes a frame of the lane has, of whatever kind: known before any of it is kept.
    package var maximumFrame: Int {
        switch self {
        case .control: 256
        case .consensus: PeerLimits.consensus + PeerLimits.envelope
        case .notices: max(PeerLimits.status, PeerLimits.payloadRequest) + PeerLimits.envelope
        case .payloads: PeerLimits.frame
        case .transactions: PeerLimits.frame
        case .sync: PeerLimits.frame
        }
    }
}

/// Bounds on what a peer may send. Bytes, unless the name says otherwise.
package enum PeerLimits {
    /// A frame of any kind: one transaction with all its sidecars, or a block, fits.
    package static let frame = 18 * 1024 * 1024
    /// What travels in one piece; larger frames are cut, so that a vote never waits for more than one piece.
    package static let fragment = 64 * 1024
    /// Tags and lengths around the one thing that a frame of a small kind holds.
    static let envelope = 32
    package static let consensus = Limits.certificate + 2 * Limits.header
    package static let evidence = 4 * 1024
    package static let certifiedHeader = Limits.header + Limits.certificate + 64
    static let status = certifiedHeader + 128
    static let payloadRequest = transactionsPerBlock * 3 + 128
    package static let transactionsPerBlock = 131_072
    package static let evidencePerBlock = 4_096
    package static let transactionWithSidecars = Limits.transaction + Limits.sidecarsPerTransaction * (Limits.sidecar + 8) + 64
    package static let transactionsPerBatch = 8_192
    package static let blocksPerFrame = 1_024
    package static let sidecarsPerEntry = 8_192
    /// A part of a snapshot's offer.
    package static let offerPart = 1024 * 1024
    package static let sidecarsPerRequest = 64
    package static let chunk = 16 * 1024 * 1024
    /// A range that may be asked for at once, in blocks.
    package static let blockRange: UInt64 = 4_096
    /// What everybody speaks so far.
    package static let protocolVersion: UInt32 = 1
}
