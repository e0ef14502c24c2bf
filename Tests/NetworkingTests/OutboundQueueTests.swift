import NIOCore
import Networking
import Primitives
import Testing

@Suite struct `What waits for a peer` {
    private func queue(
        _ bound: LaneBound = LaneBound(frames: 100, bytes: 10_000_000), consensus: LaneBound? = nil
    ) -> OutboundQueue {
        var bounds = [LaneBound](repeating: bound, count: PeerLane.allCases.count)
        if let consensus { bounds[1] = consensus }
        return OutboundQueue(bounds: bounds)
    }

    private func drain(_ queue: inout OutboundQueue, limit: Int = 1 << 20) throws -> [PeerFrame] {
        var assembler = FrameAssembler(takesOnlyControl: false)
        var frames: [PeerFrame] = []
        while let batch = queue.next(limit: limit) {
            assembler.append(batch.bytes)
            while let (lane, bytes) = try assembler.next() {
                if case .carried(let frame) = try TransportFrame(decoding: bytes, lane: lane) { frames.append(frame) }
            }
        }
        return frames
    }

    @Test func `Lanes go in their order and keep their own`() throws {
        var queue = queue()
        let order: [PeerFrame] = [
            .consensus([1]), .consensus([2]), .evidence([3]), .evidence([4]),
            .proposal(CompactBlock(header: [5], evidence: [], transactions: [])), .transactions([[6]]), .transactions([[7]]),
            .snapshotRequest(SnapshotRequest(request: 8, epoch: 0)),
        ]
        for frame in [order[7], order[5], order[2], order[4], order[0], order[6], order[3], order[1]] {
            _ = queue.push(try EncodedFrame(frame))
        }
        #expect(queue.count == 8)
        #expect(try drain(&queue) == order)
        #expect(queue.count == 0 && queue.bytes == 0)
    }

    @Test func `A vote overtakes a payload of which a part has gone`() throws {
        var queue = queue()
        let chunk = PeerFrame.chunk(request: 1, bytes: Samples.bytes(1_000_000))
        _ = queue.push(try EncodedFrame(chunk))
        let first = queue.next(limit: 1)
        var sent = try #require(first?.bytes)
        _ = queue.push(try EncodedFrame(.consensus([1])))
        let next = queue.next(limit: 1)?.bytes
        #expect(next == (try EncodedFrame(.consensus([1])).bytes))
        while var more = queue.next(limit: 100_000)?.bytes { sent.writeBuffer(&more) }
        #expect(sent == (try EncodedFrame(chunk).bytes))
    }

    @Test func `A full lane refuses, and takes again when there is room`() throws {
        var queue = queue(LaneBound(frames: 3, bytes: 1_000))
        let small = try EncodedFrame(.transactions([[1]]))
        for _ in 0..<3 { #expect(queue.push(small) != .full) }
        #expect(queue.push(small) == .full)
        #expect(queue.push(try EncodedFrame(.evidence([1]))) != .full)
        _ = queue.next(limit: 1)
        _ = queue.next(limit: 1)
        #expect(queue.push(try EncodedFrame(.transactions([Samples.bytes(990)]))) == .full)
        #expect(queue.push(try EncodedFrame(.transactions([Samples.bytes(900)]))) != .full)
        #expect(queue.dropped == 0)
    }

    @Test func `Votes that do not fit push out the oldest, but never the rest of one under way`() throws {
        var queue = queue(consensus: LaneBound(frames: 4, bytes: 1_000_000, dropsOldest: true))
        _ = queue.push(try EncodedFrame(.consensus(Samples.bytes(130_000))))
        let first = queue.next(limit: 1)
        let part = try #require(first?.bytes)
        for number in 1...20 { #expect(queue.push(try EncodedFrame(.consensus([UInt8(number)]))) != .full) }
        #expect(queue.count == 4 && queue.dropped == 17)
        var assembler = FrameAssembler(takesOnlyControl: false)
        assembler.append(part)
        while let batch = queue.next(limit: 100) { assembler.append(batch.bytes) }
        var frames: [TransportFrame] = []
        while let (lane, bytes) = try assembler.next() { frames.append(try TransportFrame(decoding: bytes, lane: lane)) }
        #expect(frames == [Samples.bytes(130_000), [18], [19], [20]].map { .carried(.consensus($0)) })
    }

    @Test func `Bytes bound a lane as frames do, except for a single frame`() throws {
        var queue = queue(consensus: LaneBound(frames: 1_000, bytes: 1_000, dropsOldest: true))
        for _ in 0..<50 { _ = queue.push(try EncodedFrame(.consensus(Samples.bytes(100)))) }
        #expect(queue.bytes <= 1_000 && queue.count >= 8)
        #expect(queue.push(try EncodedFrame(.consensus(Samples.bytes(5_000)))) != .full)
        #expect(queue.count == 1)
    }

    @Test func `One push wakes the writer, until it has found nothing more`() throws {
        var queue = queue()
        let frame = try EncodedFrame(.consensus([1]))
        #expect(queue.push(frame) == .queued(wakes: true))
        #expect(queue.push(frame) == .queued(wakes: false))
        #expect(queue.next(limit: 1_000)?.frames == 2)
        #expect(queue.push(frame) == .queued(wakes: false))
        #expect(queue.next(limit: 1_000)?.frames == 1)
        #expect(queue.next(limit: 1_000) == nil)
        #expect(queue.push(frame) == .queued(wakes: true))
    }

    @Test func `Many frames in and out keep the count of bytes`() throws {
        var queue = queue(LaneBound(frames: 300, bytes: 200_000), consensus: LaneBound(frames: 300, bytes: 200_000, dropsOldest: true))
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            let bytes = generator.bytes(Int.random(in: 1...400, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0, 1: _ = queue.push(try EncodedFrame(.consensus(bytes)))
            case 2, 3: _ = queue.push(try EncodedFrame(.transactions([bytes])))
            default: _ = queue.next(limit: 500)
            }
            #expect(queue.count <= 600 && queue.bytes <= 400_000)
        }
        while queue.next(limit: 10_000) != nil {}
        #expect(queue.count == 0 && queue.bytes == 0)
    }
}
