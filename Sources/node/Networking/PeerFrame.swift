import Primitives

/// What one node tells another. Blocks, transactions and certificates are bytes here: the transport checks shapes and sizes, and
/// whoever receives a frame decodes what is inside.
package enum PeerFrame: Sendable, Equatable {
    /// Encoded `ConsensusMessage`.
    case consensus([UInt8])
    /// Encoded `Equivocation`.
    case evidence([UInt8])
    case status(PeerHead)
    case payloadRequest(PayloadRequest)
    case proposal(CompactBlock)
    case payload(PayloadResponse)
    /// Each an encoded `TransactionWithSidecars`.
    case transactions([[UInt8]])
    case blockRequest(BlockRangeRequest)
    case blocks(BlockRangeResponse)
    case snapshotRequest(SnapshotRequest)
    /// One part of an encoded `SnapshotOffer`.
    case snapshots(request: UInt64, part: [UInt8], last: Bool)
    case chunkRequest(SnapshotChunkRequest)
    /// An empty chunk: the peer does not have that state.
    case chunk(request: UInt64, bytes: [UInt8])
    case sidecarRequest(request: UInt64, commitments: [Hash32])
    /// One part of an answer: those that the peer has.
    case sidecars(request: UInt64, sidecars: [[UInt8]], last: Bool)

    package var lane: PeerLane {
        switch self {
        case .consensus: .consensus
        case .evidence, .status, .payloadRequest: .notices
        case .proposal, .payload: .payloads
        case .transactions: .transactions
        case .blockRequest, .blocks, .snapshotRequest, .snapshots, .chunkRequest, .chunk, .sidecarRequest, .sidecars: .sync
        }
    }
}

/// Where a node is.
package struct PeerHead: Sendable, Equatable {
    package var height: UInt64
    package var hash: Hash32
    package var epoch: UInt64
    /// Encoded `CertifiedHeader` of the last finalised block; empty at the genesis.
    package var finalised: [UInt8]

    package init(height: UInt64, hash: Hash32, epoch: UInt64, finalised: [UInt8]) {
        (self.height, self.hash, self.epoch, self.finalised) = (height, hash, epoch, finalised)
    }
}

/// Asks for the transactions of a block.
package struct PayloadRequest: Sendable, Equatable {
    package var block: Hash32
    package var height: UInt64
    /// Rising positions; empty asks for header, evidence and all transactions.
    package var missing: [UInt32]

    package init(block: Hash32, height: UInt64, missing: [UInt32]) {
        (self.block, self.height, self.missing) = (block, height, missing)
    }
}

/// A transaction of a proposed block: in full, or by its id when the receiver probably has it.
package enum CompactTransaction: Sendable, Equatable {
    case id(Hash32)
    /// Encoded `TransactionWithSidecars`.
    case full([UInt8])
}

/// A proposed block with what the receiver may lack.
package struct CompactBlock: Sendable, Equatable {
    /// Encoded `Header`.
    package var header: [UInt8]
    package var evidence: [[UInt8]]
    package var transactions: [CompactTransaction]

    package init(header: [UInt8], evidence: [[UInt8]], transactions: [CompactTransaction]) {
        (self.header, self.evidence, self.transactions) = (header, evidence, transactions)
    }
}

/// One part of an answer to a `PayloadRequest`; `isUnknown` when the peer does not have the block.
package struct PayloadResponse: Sendable, Equatable {
    package var block: Hash32
    package var height: UInt64
    /// In the first part of an answer to a request for everything; otherwise empty.
    package var header: [UInt8]
    package var evidence: [[UInt8]]
    /// Rising, one for each of `transactions`.
    package var positions: [UInt32]
    package var transactions: [[UInt8]]
    package var last: Bool

    package init(
        block: Hash32, height: UInt64, header: [UInt8] = [], evidence: [[UInt8]] = [], positions: [UInt32] = [],
        transactions: [[UInt8]] = [], last: Bool
    ) {
        (self.block, self.height, self.header, self.evidence) = (block, height, header, evidence)
        (self.positions, self.transactions, self.last) = (positions, transactions, last)
    }

    package var isUnknown: Bool { header.isEmpty && transactions.isEmpty && last }
}

/// Asks for the blocks `first...last` with what proves them.
package struct BlockRangeRequest: Sendable, Equatable {
    /// Comes back in the answer.
    package var request: UInt64
    package var first: UInt64
    package var last: UInt64

    package init(request: UInt64, first: UInt64, last: UInt64) { (self.request, self.first, self.last) = (request, first, last) }
}

/// A block of an answer, or more sidecars of the one before.
package struct SyncedBlock: Sendable, Equatable {
    /// Encoded `Block`; empty when the entry only continues the one before.
    package var block: [UInt8]
    /// Encoded `Certificate`; empty when a later block of the answer proves this one.
    package var certificate: [UInt8]
    /// Encoded `ValidatorSet` when the block is the last of its epoch; otherwise empty.
    package var nextValidators: [UInt8]
    package var sidecars: [[UInt8]]
    /// More sidecars of this block follow in the next entry.
    package var continued: Bool

    package init(
        block: [UInt8], certificate: [UInt8], nextValidators: [UInt8] = [], sidecars: [[UInt8]] = [], continued: Bool = false
    ) {
        (self.block, self.certificate, self.nextValidators) = (block, certificate, nextValidators)
        (self.sidecars, self.continued) = (sidecars, continued)
    }
}

/// One part of an answer to a `BlockRangeRequest`.
package struct BlockRangeResponse: Sendable, Equatable {
    package var request: UInt64
    package var blocks: [SyncedBlock]
    package var last: Bool

    package init(request: UInt64, blocks: [SyncedBlock], last: Bool) { (self.request, self.blocks, self.last) = (request, blocks, last) }
}

/// Asks for a snapshot, and for the headers that lead to it.
package struct SnapshotRequest: Sendable, Equatable {
    /// Comes back in the answer.
    package var request: UInt64
    /// The first epoch whose last header the asker does not have.
    package var epoch: UInt64
    /// Of a snapshot that the asker has begun with; 0 for the newest.
    package var height: UInt64

    package init(request: UInt64, epoch: UInt64, height: UInt64 = 0) {
        (self.request, self.epoch, self.height) = (request, epoch, height)
    }
}

/// Asks for the state after a block between two paths, both included.
package struct SnapshotChunkRequest: Sendable, Equatable {
    /// Comes back in the answer.
    package var request: UInt64
    package var height: UInt64
    package var block: Hash32
    package var first: Hash32
    package var last: Hash32

    package init(request: UInt64, height: UInt64, block: Hash32, first: Hash32, last: Hash32) {
        (self.request, self.height, self.block) = (request, height, block)
        (self.first, self.last) = (first, last)
    }
}

/// The first frame of each side.
package struct PeerHello: Sendable, Equatable {
    package var `protocol`: UInt32
    package var chainID: String
    package var genesis: Hash32
    package var headHeight: UInt64
    /// Drawn at each start of a node, so that a restarted peer is told from a second connection.
    package var session: UInt64

    package init(protocol version: UInt32, chainID: String, genesis: Hash32, headHeight: UInt64, session: UInt64) {
        (self.protocol, self.chainID, self.genesis) = (version, chainID, genesis)
        (self.headHeight, self.session) = (headHeight, session)
    }
}

/// Everything that travels: what the transport says for itself, and what it carries.
package enum TransportFrame: Sendable, Equatable {
    case hello(PeerHello)
    case ping(UInt64)
    case pong(UInt64)
    case carried(PeerFrame)

    package var lane: PeerLane {
        switch self {
        case .hello, .ping, .pong: .control
        case .carried(let frame): frame.lane
        }
    }
}
