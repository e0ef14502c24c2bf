import ChainTypes
import NIOCore
import Primitives
import WireTypes

/// A frame as it travels, encoded once for however many peers.
///
/// Each piece is four bytes, big-endian, and at most `PeerLimits.fragment` bytes of the frame: the lane in bits 31–28, whether
/// more pieces follow in bit 27, and the count in the lower 24. Only the last piece is shorter than a full one.
package struct EncodedFrame: Sendable {
    package let lane: PeerLane
    /// All pieces, one after the other.
    package let bytes: ByteBuffer

    static let headBytes = 4
    static let moreFollows: UInt32 = 1 << 27
    /// A full piece with its head.
    static let stride = headBytes + PeerLimits.fragment

    package init(_ frame: PeerFrame) throws(PeerError) { try self.init(.carried(frame)) }

    package init(_ frame: TransportFrame) throws(PeerError) {
        lane = frame.lane
        let contents = frame.contents
        let total = FieldWriter.size(varint: frame.field << 3) + FieldWriter.size(bytes: contents.count) - 1
        guard total <= lane.maximumFrame else { throw .tooLarge }
        var head = FieldWriter(capacity: 12)
        head.head(frame.field, length: contents.count)
        bytes = Self.cut(lane, head.bytes, contents, total: total)
    }

    private static func cut(_ lane: PeerLane, _ head: [UInt8], _ contents: [UInt8], total: Int) -> ByteBuffer {
        let pieces = (total + PeerLimits.fragment - 1) / PeerLimits.fragment
        var bytes = ByteBufferAllocator().buffer(capacity: total + pieces * headBytes)
        var (head, contents, left) = (head[...], contents[...], total)
        while left > 0 {
            let count = min(left, PeerLimits.fragment)
            left -= count
            bytes.writeInteger(UInt32(lane.rawValue) << 28 | (left > 0 ? moreFollows : 0) | UInt32(count))
            let first = head.prefix(count)
            head = head.dropFirst(first.count)
            bytes.writeBytes(first)
            bytes.writeBytes(contents.prefix(count - first.count))
            contents = contents.dropFirst(count - first.count)
        }
        return bytes
    }
}

extension TransportFrame {
    /// The number of the kind in `PeerFrame` of peer.proto.
    var field: UInt64 {
        switch self {
        case .hello: 1
        case .ping: 2
        case .pong: 3
        case .carried(let frame): frame.field
        }
    }

    /// The encoded message of the kind.
    var contents: [UInt8] {
        var writer = FieldWriter(capacity: 64)
        switch self {
        case .hello(let hello):
            writer.number(1, UInt64(hello.protocol))
            writer.bytes(2, Array(hello.chainID.utf8))
            writer.element(3, hello.genesis.bytes)
            writer.number(4, hello.headHeight)
            writer.number(5, hello.session)
        case .ping(let nonce), .pong(let nonce): writer.number(1, nonce)
        case .carried(let frame): return frame.contents
        }
        return writer.bytes
    }
}

extension PeerFrame {
    var field: UInt64 {
        switch self {
        case .consensus: 4
        case .evidence: 5
        case .status: 6
        case .payloadRequest: 7
        case .proposal: 8
        case .payload: 9
        case .transactions: 10
        case .blockRequest: 11
        case .blocks: 12
        case .snapshotRequest: 13
        case .snapshots: 14
        case .chunkRequest: 15
        case .chunk: 16
        case .sidecarRequest: 17
        case .sidecars: 18
        }
    }

    var contents: [UInt8] {
        switch self {
        case .consensus(let bytes), .evidence(let bytes): return bytes
        case .proposal(let block): return block.contents
        case .payload(let response): return response.contents
        case .blocks(let response): return response.contents
        default: break
        }
        var writer = FieldWriter(capacity: 128)
        switch self {
        case .status(let head):
            writer.number(1, head.height)
            writer.element(2, head.hash.bytes)
            writer.number(3, head.epoch)
            writer.bytes(4, head.finalised)
        case .payloadRequest(let request):
            writer.element(1, request.block.bytes)
            writer.number(2, request.height)
            writer.packed(3, request.missing)
        case .transactions(let transactions): writer.elements(1, transactions)
        case .blockRequest(let request):
            writer.number(1, request.request)
            writer.number(2, request.first)
            writer.number(3, request.last)
        default: snapshots(&writer)
        }
        return writer.bytes
    }

    private func snapshots(_ writer: inout FieldWriter) {
        switch self {
        case .snapshotRequest(let request):
            writer.number(1, request.request)
            writer.number(2, request.epoch)
            writer.number(3, request.height)
        case .snapshots(let request, let part, let last):
            writer.number(1, request)
            writer.bytes(2, part)
            writer.flag(3, last)
        case .chunkRequest(let request):
            writer.number(1, request.request)
            writer.number(2, request.height)
            writer.element(3, request.block.bytes)
            writer.element(4, request.first.bytes)
            writer.element(5, request.last.bytes)
        case .chunk(let request, let bytes):
            writer.number(1, request)
            writer.bytes(2, bytes)
        case .sidecarRequest(let request, let commitments):
            writer.number(1, request)
            for commitment in commitments { writer.element(2, commitment.bytes) }
        case .sidecars(let request, let sidecars, let last):
            writer.number(1, request)
            writer.elements(2, sidecars)
            writer.flag(3, last)
        default: break
        }
    }
}

extension CompactBlock {
    fileprivate var contents: [UInt8] {
        var writer = FieldWriter(capacity: header.count + transactions.count * 40)
        writer.bytes(1, header)
        writer.elements(2, evidence)
        for transaction in transactions {
            let (field, bytes): (UInt64, [UInt8]) =
                switch transaction {
                case .id(let id): (1, id.bytes)
                case .full(let bytes): (2, bytes)
                }
            writer.head(3, length: FieldWriter.size(bytes: bytes.count))
            writer.element(field, bytes)
        }
        return writer.bytes
    }
}

extension PayloadResponse {
    fileprivate var contents: [UInt8] {
        var writer = FieldWriter(capacity: 128 + header.count + transactions.reduce(0) { $0 + $1.count + 6 })
        writer.element(1, block.bytes)
        writer.number(2, height)
        writer.bytes(3, header)
        writer.elements(4, evidence)
        writer.packed(5, positions)
        writer.elements(6, transactions)
        writer.flag(7, last)
        return writer.bytes
    }
}

extension BlockRangeResponse {
    fileprivate var contents: [UInt8] {
        var writer = FieldWriter(capacity: 64 + blocks.reduce(0) { $0 + $1.encodedSize + 8 })
        writer.number(1, request)
        for block in blocks {
            writer.head(2, length: block.encodedSize)
            writer.bytes(1, block.block)
            writer.bytes(2, block.certificate)
            writer.bytes(3, block.nextValidators)
            writer.elements(4, block.sidecars)
            writer.flag(5, block.continued)
        }
        writer.flag(3, last)
        return writer.bytes
    }
}

extension SyncedBlock {
    /// The bytes of the entry; whoever fills an answer stays below `PeerLimits.frame` by adding these.
    package var encodedSize: Int {
        [block, certificate, nextValidators].reduce(0) { $0 + ($1.isEmpty ? 0 : FieldWriter.size(bytes: $1.count)) }
            + sidecars.reduce(0) { $0 + FieldWriter.size(bytes: $1.count) } + (continued ? 2 : 0)
    }
}
