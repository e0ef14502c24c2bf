import ChainTypes
import NIOCore
import Primitives
import WireTypes

extension TransportFrame {
    /// Reads a whole frame that came in `lane`.
    ///
    /// Sizes and counts are checked before what they announce is kept; encodings other than the one of `EncodedFrame` are refused.
    package init(decoding bytes: ByteBuffer, lane: PeerLane) throws(PeerError) {
        // `withUnsafeReadableBytes` would forget the type of what is thrown.
        let read = bytes.withUnsafeReadableBytes { raw in Result { () throws(PeerError) in try Self.read(raw, lane: lane) } }
        self = try read.get()
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, lane: PeerLane) throws(PeerError) -> TransportFrame {
        var fault = PeerError.malformed
        do throws(WireError) {
            return try FieldReader.read(bytes, limit: lane.maximumFrame) { (reader) throws(WireError) in
                try reader.choice(limit: PeerLimits.frame) { (field, fields) throws(WireError) in
                    guard let expected = Self.lane(ofField: field), expected == lane else {
                        fault = Self.lane(ofField: field) == nil ? .unknownKind : .wrongLane
                        throw .malformed
                    }
                    return try TransportFrame(field, &fields)
                }
            }
        } catch {
            throw error == .tooLarge ? .tooLarge : fault
        }
    }

    private init(_ field: UInt64, _ fields: inout FieldReader) throws(WireError) {
        switch field {
        case 1: self = .hello(try PeerHello(&fields))
        case 2: self = .ping(try fields.number(1))
        case 3: self = .pong(try fields.number(1))
        default: self = .carried(try PeerFrame(field, &fields))
        }
    }

    private static func lane(ofField field: UInt64) -> PeerLane? {
        switch field {
        case 1, 2, 3: .control
        case 4: .consensus
        case 5, 6, 7: .notices
        case 8, 9: .payloads
        case 10: .transactions
        case 11...18: .sync
        default: nil
        }
    }
}

extension PeerHello {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        self.init(
            protocol: try fields.number32(1), chainID: try fields.text(2, limit: Limits.identifier), genesis: try fields.hash(3),
            headHeight: try fields.number(4), session: try fields.number(5))
    }
}

extension PeerFrame {
    fileprivate init(_ field: UInt64, _ fields: inout FieldReader) throws(WireError) {
        switch field {
        case 4: self = .consensus(try fields.everything(limit: PeerLimits.consensus))
        case 5: self = .evidence(try fields.everything(limit: PeerLimits.evidence))
        case 6: self = .status(try PeerHead(&fields))
        case 7: self = .payloadRequest(try PayloadRequest(&fields))
        case 8: self = .proposal(try CompactBlock(&fields))
        case 9: self = .payload(try PayloadResponse(&fields))
        case 10:
            let transactions = try fields.elements(
                1, count: PeerLimits.transactionsPerBatch, limit: PeerLimits.transactionWithSidecars)
            guard !transactions.isEmpty else { throw .malformed }
            self = .transactions(transactions)
        case 11: self = .blockRequest(try BlockRangeRequest(&fields))
        case 12: self = .blocks(try BlockRangeResponse(&fields))
        case 13...18: self = try Self.snapshots(field, &fields)
        default: throw .malformed
        }
    }

    private static func snapshots(_ field: UInt64, _ fields: inout FieldReader) throws(WireError) -> PeerFrame {
        let request = try fields.number(1)
        switch field {
        case 13:
            return .snapshotRequest(SnapshotRequest(request: request, epoch: try fields.number(2), height: try fields.number(3)))
        case 14:
            return .snapshots(request: request, part: try fields.bytes(2, limit: PeerLimits.offerPart), last: try fields.flag(3))
        case 15: return .chunkRequest(try SnapshotChunkRequest(request, &fields))
        case 16: return .chunk(request: request, bytes: try fields.bytes(2, limit: PeerLimits.chunk))
        case 17:
            let commitments = try fields.hashes(2, count: PeerLimits.sidecarsPerRequest)
            guard !commitments.isEmpty else { throw .malformed }
            return .sidecarRequest(request: request, commitments: commitments)
        case 18:
            let sidecars = try fields.elements(2, count: PeerLimits.sidecarsPerRequest, limit: Limits.sidecar)
            return .sidecars(request: request, sidecars: sidecars, last: try fields.flag(3))
        default: throw .malformed
        }
    }
}

extension FieldReader {
    /// All of a message that the layer above decodes; there must be some.
    fileprivate mutating func everything(limit: Int) throws(WireError) -> [UInt8] {
        guard remaining <= limit else { throw .tooLarge }
        guard remaining > 0 else { throw .malformed }
        return rest()
    }

    /// The hashes of a repeated field: at most `count`.
    fileprivate mutating func hashes(_ field: UInt64, count: Int) throws(WireError) -> [Hash32] {
        var hashes: [Hash32] = []
        for bytes in try elements(field, count: count, limit: 32) {
            guard let hash = Hash32(bytes) else { throw .malformed }
            hashes.append(hash)
        }
        return hashes
    }
}

extension PeerHead {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        self.init(
            height: try fields.number(1), hash: try fields.hash(2), epoch: try fields.number(3),
            finalised: try fields.bytes(4, limit: PeerLimits.certifiedHeader))
    }
}

extension PayloadRequest {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        self.init(
            block: try fields.hash(1), height: try fields.number(2),
            missing: try fields.positions(3, count: PeerLimits.transactionsPerBlock))
    }
}

extension CompactBlock {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        header = try fields.bytes(1, limit: Limits.header)
        guard !header.isEmpty else { throw .malformed }
        evidence = try fields.elements(2, count: PeerLimits.evidencePerBlock, limit: PeerLimits.evidence)
        transactions = try fields.messages(
            3, count: PeerLimits.transactionsPerBlock, limit: PeerLimits.transactionWithSidecars + PeerLimits.envelope
        ) { (entry) throws(WireError) in
            try CompactTransaction(&entry)
        }
    }
}

extension CompactTransaction {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        self = try fields.choice(limit: PeerLimits.transactionWithSidecars) { (field, inner) throws(WireError) in
            switch field {
            case 1:
                guard let id = Hash32(inner.rest()) else { throw .malformed }
                return .id(id)
            case 2: return .full(try inner.everything(limit: PeerLimits.transactionWithSidecars))
            default: throw .malformed
            }
        }
    }
}

extension PayloadResponse {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        block = try fields.hash(1)
        height = try fields.number(2)
        header = try fields.bytes(3, limit: Limits.header)
        evidence = try fields.elements(4, count: PeerLimits.evidencePerBlock, limit: PeerLimits.evidence)
        positions = try fields.positions(5, count: PeerLimits.transactionsPerBlock)
        transactions = try fields.elements(6, count: positions.count, limit: PeerLimits.transactionWithSidecars)
        last = try fields.flag(7)
        guard positions.count == transactions.count, evidence.isEmpty || !header.isEmpty else { throw .malformed }
    }
}

extension BlockRangeRequest {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        self.init(request: try fields.number(1), first: try fields.number(2), last: try fields.number(3))
        guard first >= 1, last >= first, last - first < PeerLimits.blockRange else { throw .malformed }
    }
}

extension SnapshotChunkRequest {
    fileprivate init(_ request: UInt64, _ fields: inout FieldReader) throws(WireError) {
        self.init(
            request: request, height: try fields.number(2), block: try fields.hash(3), first: try fields.hash(4), last: try fields.hash(5))
        guard height >= 1, first <= last else { throw .malformed }
    }
}

extension BlockRangeResponse {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        request = try fields.number(1)
        blocks = try fields.messages(2, count: PeerLimits.blocksPerFrame, limit: PeerLimits.frame) { (entry) throws(WireError) in
            try SyncedBlock(&entry)
        }
        last = try fields.flag(3)
    }
}

extension SyncedBlock {
    fileprivate init(_ fields: inout FieldReader) throws(WireError) {
        block = try fields.bytes(1, limit: Limits.block)
        certificate = try fields.bytes(2, limit: Limits.certificate)
        nextValidators = try fields.bytes(3, limit: Limits.validatorSet)
        sidecars = try fields.elements(4, count: PeerLimits.sidecarsPerEntry, limit: Limits.sidecar)
        continued = try fields.flag(5)
        let isBlock = !block.isEmpty && (nextValidators.isEmpty || !certificate.isEmpty)
        let isContinuation = block.isEmpty && certificate.isEmpty && nextValidators.isEmpty && !sidecars.isEmpty
        guard isBlock || isContinuation else { throw .malformed }
    }
}
