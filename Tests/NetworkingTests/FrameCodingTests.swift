import ChainTypes
import Crypto
import FoundationEssentials
import NIOCore
import Networking
import Primitives
import TestVectors
import Testing
import WireTypes

@Suite struct `Frames between nodes` {
    @Test func `Every kind comes back as it was`() throws {
        for frame in Samples.all {
            let bytes = ByteBuffer(bytes: try Samples.message(frame))
            #expect(try TransportFrame(decoding: bytes, lane: frame.lane) == frame)
        }
    }

    @Test func `Every kind is encoded as its message in the protocol's description`() throws {
        for frame in Samples.all {
            let bytes = try Samples.message(frame)
            #expect(try WirePeerFrame(strictly: bytes, limit: bytes.count).kind != nil, "\(frame)")
        }
    }

    @Test func `Fields are where the protocol's description has them`() throws {
        var wire = WirePeerFrame()
        wire.consensus = Samples.consensus
        #expect(try Samples.message(.carried(.consensus(Samples.consensus.encoded()))) == wire.encoded())

        wire.hello.protocol = 1
        wire.hello.chainID = "jupiter-sg"
        wire.hello.genesis = .init(Samples.hash.bytes)
        wire.hello.headHeight = 9
        wire.hello.session = .max
        #expect(try Samples.message(Samples.all[0]) == wire.encoded())

        wire.payloadRequest.block = .init(Samples.hash.bytes)
        wire.payloadRequest.height = 7
        wire.payloadRequest.missing = [0, 1, 127, 128, 100_000]
        #expect(try Samples.message(.carried(Samples.carried[4])) == wire.encoded())

        wire.chunkResponse.request = 70_000
        wire.chunkResponse.chunk = .init(Samples.bytes(3_000))
        #expect(try Samples.message(.carried(.chunk(request: 70_000, bytes: Samples.bytes(3_000)))) == wire.encoded())

        wire.chunkRequest.request = 8
        wire.chunkRequest.height = 5
        wire.chunkRequest.block = .init(Samples.hash.bytes)
        wire.chunkRequest.first = .init(Hash32.zero.bytes)
        wire.chunkRequest.last = .init(Samples.other.bytes)
        let chunk = SnapshotChunkRequest(request: 8, height: 5, block: Samples.hash, first: .zero, last: Samples.other)
        #expect(try Samples.message(.carried(.chunkRequest(chunk))) == wire.encoded())

        wire.sidecarRequest.request = 3
        wire.sidecarRequest.commitments = [.init(Samples.hash.bytes), .init(Samples.other.bytes)]
        let sidecars = PeerFrame.sidecarRequest(request: 3, commitments: [Samples.hash, Samples.other])
        #expect(try Samples.message(.carried(sidecars)) == wire.encoded())
    }

    /// Changing this is a new version of the protocol between nodes.
    @Test func `The encodings are pinned`() throws {
        var hash = SHA256()
        for frame in Samples.all { hash.update(data: Array(try EncodedFrame(frame).bytes.readableBytesView)) }
        #expect(Hex.encode(hash.finalize()) == "d051e078529a9af5394d157855e12ba546c3cf133f50e2e72e79730a04414511")
    }

    @Test func `Frames that the receiver would refuse for their size are not made`() {
        #expect(throws: PeerError.tooLarge) { try EncodedFrame(.consensus(Samples.bytes(PeerLimits.consensus + 64))) }
        #expect(throws: PeerError.tooLarge) { try EncodedFrame(.transactions([Samples.bytes(PeerLimits.frame)])) }
        #expect(throws: Never.self) { try EncodedFrame(.consensus(Samples.bytes(PeerLimits.consensus))) }
        #expect(throws: Never.self) { try EncodedFrame(.evidence(Samples.bytes(PeerLimits.evidence))) }
        #expect(throws: Never.self) { try EncodedFrame(.transactions([Samples.bytes(PeerLimits.transactionWithSidecars)])) }
        #expect(throws: Never.self) {
            try EncodedFrame(.chunk(request: .max, bytes: Samples.bytes(PeerLimits.chunk)))
        }
    }

    @Test(arguments: [
        (PeerFrame.evidence([]), PeerError.malformed), (.evidence(Samples.bytes(PeerLimits.evidence + 1)), .tooLarge),
        (.consensus([]), .malformed), (.transactions([]), .malformed),
        (.transactions(Array(repeating: [1], count: PeerLimits.transactionsPerBatch + 1)), .tooLarge),
        (.payloadRequest(PayloadRequest(block: Samples.hash, height: 1, missing: [3, 3])), .malformed),
        (.payloadRequest(PayloadRequest(block: Samples.hash, height: 1, missing: [4, 3])), .malformed),
        (.proposal(CompactBlock(header: [], evidence: [], transactions: [])), .malformed),
        (.proposal(CompactBlock(header: [1], evidence: [], transactions: [.full([])])), .malformed),
        (.payload(PayloadResponse(block: Samples.hash, height: 1, positions: [1], last: true)), .malformed),
        (.payload(PayloadResponse(block: Samples.hash, height: 1, transactions: [[1]], last: true)), .tooLarge),
        (.payload(PayloadResponse(block: Samples.hash, height: 1, evidence: [[1]], last: true)), .malformed),
        (.blockRequest(BlockRangeRequest(request: 1, first: 0, last: 4)), .malformed),
        (.blockRequest(BlockRangeRequest(request: 1, first: 5, last: 4)), .malformed),
        (.blockRequest(BlockRangeRequest(request: 1, first: 1, last: 4_097)), .malformed),
        (.blockRequest(BlockRangeRequest(request: 1, first: 1, last: .max)), .malformed),
        (
            .blocks(
                BlockRangeResponse(request: 1, blocks: [SyncedBlock(block: [1], certificate: [], nextValidators: [1])], last: true)),
            .malformed
        ),
        (.blocks(BlockRangeResponse(request: 1, blocks: [SyncedBlock(block: [], certificate: [])], last: true)), .malformed),
        (.snapshots(request: 1, part: Samples.bytes(PeerLimits.offerPart + 1), last: true), .tooLarge),
        (.chunkRequest(SnapshotChunkRequest(request: 1, height: 0, block: Samples.hash, first: .zero, last: .zero)), .malformed),
        (
            .chunkRequest(SnapshotChunkRequest(request: 1, height: 1, block: Samples.hash, first: Samples.other, last: Samples.hash)),
            .malformed
        ),
        (.sidecarRequest(request: 1, commitments: []), .malformed),
        (
            .sidecarRequest(request: 1, commitments: Array(repeating: Samples.hash, count: PeerLimits.sidecarsPerRequest + 1)),
            .tooLarge
        ),
    ])
    func `Frames of a shape that makes no sense are refused`(frame: PeerFrame, error: PeerError) throws {
        let bytes = ByteBuffer(bytes: try Samples.message(.carried(frame)))
        #expect(throws: error) { try TransportFrame(decoding: bytes, lane: frame.lane) }
    }

    @Test(
        arguments: [
            ([0x12, 0x02, 0x08, 0x00], PeerError.malformed),  // an explicit zero
            ([0x12, 0x03, 0x08, 0x81, 0x00], .malformed),  // a number with a leading zero
            ([0x12, 0x82, 0x00, 0x08, 0x01], .malformed),  // a length with a leading zero
            ([0x12, 0x04, 0x08, 0x01, 0x08, 0x01], .malformed),  // a field twice
            ([0x12, 0x02, 0x10, 0x01], .malformed),  // an unknown field
            ([0x12, 0x05, 0x08, 0x01], .malformed),  // shorter than it says
            ([0x12, 0x00, 0x12, 0x00], .malformed),  // two frames in one
            ([0x12], .malformed), ([], .malformed),
            ([0x08, 0x01], .malformed),  // a number where a message belongs
            ([0x9A, 0x01, 0x00], .unknownKind),  // field 19
            ([0x22, 0x01, 0x01], .wrongLane),  // a vote
        ] as [([UInt8], PeerError)])
    func `Other encodings than the one are refused`(bytes: [UInt8], error: PeerError) {
        #expect(throws: error) { try TransportFrame(decoding: ByteBuffer(bytes: bytes), lane: .control) }
    }
}

@Suite struct `Fuzz of frames between nodes` {
    @Test func `What is read has one encoding, and is what the protocol's description reads`() throws {
        let samples = try Samples.all.map { try Samples.message($0) }
        HostileBytes.each(samples) { bytes in
            for lane in PeerLane.allCases {
                guard let frame = try? TransportFrame(decoding: ByteBuffer(bytes: bytes), lane: lane) else { continue }
                #expect((try? Samples.message(frame)) == bytes, "seed \(HostileBytes.seed)")
                // What is inside a message is not looked at here, so that only frames without messages of others are compared.
                guard !frame.carriesMessages else { continue }
                #expect((try? WirePeerFrame(strictly: bytes, limit: bytes.count)) != nil, "seed \(HostileBytes.seed)")
            }
        }
    }

    @Test func `Pieces in any order of arrival make the frames that were cut, or an error, and keep no more than came`() throws {
        let samples = try Samples.all.map { Array(try EncodedFrame($0).bytes.readableBytesView) }
        var hostile = HostileBytes()
        for round in 0..<HostileBytes.rounds {
            var assembler = FrameAssembler(takesOnlyControl: round.isMultiple(of: 3))
            let stream = samples.indices.flatMap { hostile.below(9) == 0 ? hostile.next(samples[$0]) : samples[$0] }
            var (offset, came) = (0, 0)
            feed: while offset < stream.count {
                let end = min(stream.count, offset + 1 + hostile.below(2_000))
                assembler.append(ByteBuffer(bytes: stream[offset..<end]))
                came += end - offset
                offset = end
                do throws(PeerError) {
                    while let (lane, frame) = try assembler.next() { _ = try? TransportFrame(decoding: frame, lane: lane) }
                } catch { break feed }
                #expect(assembler.pending <= came, "seed \(HostileBytes.seed)")
            }
        }
    }
}

extension TransportFrame {
    fileprivate var carriesMessages: Bool {
        switch self {
        case .carried(.consensus), .carried(.proposal), .carried(.payload), .carried(.transactions): true
        default: false
        }
    }
}
