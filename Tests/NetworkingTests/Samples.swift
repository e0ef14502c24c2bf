import ChainTypes
import FoundationEssentials
import NIOCore
import Networking
import Primitives
import WireTypes

/// Frames of every kind, with the messages of peer.proto that they must equal.
enum Samples {
    static let hash = Hash32(1, 2, 3, 4)
    static let other = Hash32(5, 6, 7, 8)

    /// Counting up from `first`; many bytes are all the same, to be made quickly.
    static func bytes(_ count: Int, _ first: UInt8 = 7) -> [UInt8] {
        count > 4_096 ? [UInt8](repeating: first, count: count) : (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
    }

    /// A transaction with two sidecars, one of them empty, in its only encoding.
    static let transaction: [UInt8] = {
        var wire = WireTransactionWithSidecars()
        wire.transaction = .init(bytes(200))
        wire.sidecars = [.init(bytes(300, 9)), .init()]
        return wire.encoded()
    }()

    static let consensus: WireConsensusMessage = {
        var message = WireConsensusMessage()
        message.vote.epoch = 1
        message.vote.view = 300
        message.vote.height = 12
        message.vote.block = .init(hash.bytes)
        message.vote.kind = .finalise
        message.vote.signer = 3
        message.vote.signature = .init(bytes(64))
        return message
    }()

    static let all: [TransportFrame] =
        [
            .hello(PeerHello(protocol: 1, chainID: "jupiter-sg", genesis: hash, headHeight: 9, session: .max)),
            .ping(0), .ping(300), .pong(.max),
        ] + carried.map { .carried($0) }

    static let carried: [PeerFrame] = [
        .consensus(consensus.encoded()), .evidence(bytes(300)),
        .status(PeerHead(height: 1 << 40, hash: hash, epoch: 2, finalised: bytes(400))),
        .status(PeerHead(height: 0, hash: hash, epoch: 0, finalised: [])),
        .payloadRequest(PayloadRequest(block: hash, height: 7, missing: [0, 1, 127, 128, 100_000])),
        .payloadRequest(PayloadRequest(block: hash, height: 7, missing: [])),
        .proposal(
            CompactBlock(header: bytes(300), evidence: [bytes(20), bytes(30)], transactions: [.id(hash), .full(transaction), .id(other)])),
        .proposal(CompactBlock(header: bytes(300), evidence: [], transactions: [])),
        .payload(
            PayloadResponse(
                block: hash, height: 7, header: bytes(300), evidence: [bytes(20)], positions: [0, 500],
                transactions: [transaction, transaction], last: false)),
        .payload(PayloadResponse(block: hash, height: 7, last: true)),
        .transactions([transaction, transaction]),
        .blockRequest(BlockRangeRequest(request: 5, first: 1, last: 4_096)),
        .blocks(
            BlockRangeResponse(
                request: 5,
                blocks: [
                    SyncedBlock(
                        block: bytes(500), certificate: bytes(200), nextValidators: bytes(90), sidecars: [[], bytes(10)], continued: true),
                    SyncedBlock(block: [], certificate: [], sidecars: [bytes(100)]),
                ], last: true)),
        .blocks(BlockRangeResponse(request: 0, blocks: [], last: false)),
        .blocks(BlockRangeResponse(request: 9, blocks: [SyncedBlock(block: bytes(20), certificate: [])], last: true)),
        .snapshotRequest(SnapshotRequest(request: 0, epoch: 0)), .snapshotRequest(SnapshotRequest(request: 1, epoch: 300, height: 70_000)),
        .snapshots(request: 1, part: bytes(100), last: false), .snapshots(request: 1, part: [], last: true),
        .chunkRequest(SnapshotChunkRequest(request: 8, height: 5, block: hash, first: .zero, last: other)),
        .chunk(request: 70_000, bytes: bytes(3_000)), .chunk(request: 0, bytes: []),
        .sidecarRequest(request: 3, commitments: [hash, other]), .sidecars(request: 3, sidecars: [bytes(40), []], last: false),
        .sidecars(request: 3, sidecars: [], last: true),
    ]

    /// The frame in one piece, without the heads of its pieces.
    static func message(_ frame: TransportFrame) throws -> [UInt8] {
        var assembler = FrameAssembler(takesOnlyControl: false)
        assembler.append(try EncodedFrame(frame).bytes)
        let whole = try assembler.next()
        return (whole?.frame).map { Array($0.readableBytesView) } ?? []
    }
}
