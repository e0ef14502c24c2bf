import NIOCore

/// Puts frames together from the pieces that arrive; pure. Keeps at most one unfinished frame a lane, and never more of it than
/// came and than the lane allows.
package struct FrameAssembler {
    private var input = ByteBuffer()
    private var unfinished = [ByteBuffer?](repeating: nil, count: PeerLane.allCases.count)
    /// Until the peer has said who it is, nothing but the first lane is taken.
    package var takesOnlyControl: Bool

    package init(takesOnlyControl: Bool) { self.takesOnlyControl = takesOnlyControl }

    /// Bytes that wait to become frames.
    package var pending: Int { unfinished.reduce(input.readableBytes) { $0 + ($1?.readableBytes ?? 0) } }

    package mutating func append(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 {
            input = bytes
        } else {
            var bytes = bytes
            input.discardReadBytes()
            input.writeBuffer(&bytes)
        }
    }

    /// The next whole frame and its lane; `nil` until more bytes come. After an error the connection is of no more use.
    package mutating func next() throws(PeerError) -> (lane: PeerLane, frame: ByteBuffer)? {
        while let head = input.getInteger(at: input.readerIndex, as: UInt32.self) {
            let count = Int(head & 0x00FF_FFFF)
            let more = head & EncodedFrame.moreFollows != 0
            guard head & 0x0700_0000 == 0, let lane = PeerLane(rawValue: UInt8(head >> 28)) else { throw .malformed }
            guard count <= PeerLimits.fragment else { throw .tooLarge }
            guard count > 0, !more || count == PeerLimits.fragment else { throw .malformed }
            guard !takesOnlyControl || lane == .control else { throw .helloExpected }
            let before = unfinished[Int(lane.rawValue)]?.readableBytes ?? 0
            guard before + count <= lane.maximumFrame else { throw .tooLarge }

            guard input.readableBytes >= EncodedFrame.headBytes + count else { return nil }
            input.moveReaderIndex(forwardBy: EncodedFrame.headBytes)
            guard let piece = input.readSlice(length: count) else { return nil }
            if let whole = join(piece, lane, more: more) { return (lane, whole) }
        }
        return nil
    }

    private mutating func join(_ piece: ByteBuffer, _ lane: PeerLane, more: Bool) -> ByteBuffer? {
        let index = Int(lane.rawValue)
        guard var whole = unfinished[index].take() else {
            guard more else { return piece }
            // A copy, so that a piece does not keep alive whatever else was read with it.
            unfinished[index] = ByteBuffer(buffer: piece)
            return nil
        }
        var piece = piece
        whole.writeBuffer(&piece)
        if more { unfinished[index] = whole }
        return more ? nil : whole
    }
}
