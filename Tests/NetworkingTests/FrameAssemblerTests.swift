import NIOCore
import Networking
import Primitives
import TestVectors
import Testing

@Suite struct `Pieces of frames` {
    /// All pieces of a frame, each with its head.
    private func pieces(_ frame: PeerFrame) throws -> [ByteBuffer] {
        var bytes = try EncodedFrame(frame).bytes
        var pieces: [ByteBuffer] = []
        while let piece = bytes.readSlice(length: min(bytes.readableBytes, PeerLimits.fragment + 4)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        return pieces
    }

    @Test(arguments: [60_000, 65_530, 65_531, 65_532, 65_533, 65_536, 131_072, 1_000_000, PeerLimits.chunk])
    func `A large frame is cut and put together again`(size: Int) throws {
        let frame = PeerFrame.chunk(request: 1, bytes: Samples.bytes(size))
        var hostile = HostileBytes()
        var assembler = FrameAssembler(takesOnlyControl: false)
        var stream = try EncodedFrame(frame).bytes
        var frames: [TransportFrame] = []
        while stream.readableBytes > 0, let part = stream.readSlice(length: min(stream.readableBytes, 1 + hostile.below(100_000))) {
            assembler.append(part)
            while let (lane, bytes) = try assembler.next() { frames.append(try TransportFrame(decoding: bytes, lane: lane)) }
        }
        #expect(frames == [.carried(frame)])
        #expect(assembler.pending == 0)
    }

    @Test func `A vote between the pieces of a payload comes first`() throws {
        let payload = PeerFrame.chunk(request: 1, bytes: Samples.bytes(200_000))
        let vote = PeerFrame.consensus(Samples.bytes(100))
        var parts = try pieces(payload)
        #expect(parts.count == 4)
        parts.insert(try EncodedFrame(vote).bytes, at: 2)
        var assembler = FrameAssembler(takesOnlyControl: false)
        var frames: [TransportFrame] = []
        for part in parts {
            assembler.append(part)
            while let (lane, bytes) = try assembler.next() { frames.append(try TransportFrame(decoding: bytes, lane: lane)) }
        }
        #expect(frames == [.carried(vote), .carried(payload)])
    }

    @Test(arguments: [
        (0x0101_0000 as UInt32, PeerError.malformed),  // a reserved bit
        (0x6000_0001, .malformed), (0xF000_0001, .malformed),  // no such lane
        (0x0001_0001, .tooLarge), (0x10FF_FFFF, .tooLarge),  // larger than a piece
        (0x1000_0000, .malformed),  // empty
        (0x1800_0010, .malformed),  // a short piece that is not the last
        (0x0000_0101, .tooLarge),  // larger than its lane's frames
    ])
    func `The head is judged before what it announces is awaited`(head: UInt32, error: PeerError) {
        var assembler = FrameAssembler(takesOnlyControl: false)
        assembler.append(ByteBuffer(integer: head))
        #expect(throws: error) { try assembler.next() }
    }

    @Test func `A frame that grows past its lane is refused at the head of the piece too many`() throws {
        var assembler = FrameAssembler(takesOnlyControl: false)
        let piece = ByteBuffer(bytes: [UInt8](repeating: 1, count: PeerLimits.fragment))
        let allowed = PeerLane.consensus.maximumFrame / PeerLimits.fragment
        for _ in 0..<allowed {
            assembler.append(ByteBuffer(integer: UInt32(0x1801_0000)))
            assembler.append(piece)
            #expect(try assembler.next() == nil)
        }
        assembler.append(ByteBuffer(integer: UInt32(0x1801_0000)))
        #expect(throws: PeerError.tooLarge) { try assembler.next() }
        #expect(assembler.pending <= PeerLane.consensus.maximumFrame + 8)
    }

    @Test func `Until the peer has said who it is only its hello is taken`() throws {
        var assembler = FrameAssembler(takesOnlyControl: true)
        assembler.append(try EncodedFrame(.consensus([1])).bytes)
        #expect(throws: PeerError.helloExpected) { try assembler.next() }
    }
}
