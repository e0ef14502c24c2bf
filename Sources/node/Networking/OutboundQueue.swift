import NIOCore

/// How much of a lane may wait for a slow peer, and what gives way when it is full.
package struct LaneBound: Sendable, Equatable {
    package var frames: Int
    package var bytes: Int
    /// The oldest frames are dropped for a new one; otherwise the new one is refused.
    package var dropsOldest: Bool

    package init(frames: Int, bytes: Int, dropsOldest: Bool = false) {
        (self.frames, self.bytes, self.dropsOldest) = (frames, bytes, dropsOldest)
    }
}

/// What waits for one peer, a queue for each lane; pure.
package struct OutboundQueue: Sendable {
    package enum Outcome: Sendable, Equatable {
        /// Taken; whoever gets `wakes` must see to it that the queue is emptied.
        case queued(wakes: Bool)
        case full
    }

    fileprivate struct Lane {
        let bound: LaneBound
        var frames: [ByteBuffer] = []
        /// Where the oldest frame is in `frames`.
        var first = 0
        var bytes = 0
        var dropped: UInt64 = 0

        var count: Int { frames.count - first }
    }

    private var lanes: [Lane]
    private var isAwake = false

    /// One bound for each lane, in order.
    package init(bounds: [LaneBound]) {
        precondition(bounds.count == PeerLane.allCases.count, "one bound a lane")
        lanes = bounds.map { Lane(bound: $0) }
    }

    package var count: Int { lanes.reduce(0) { $0 + $1.count } }
    package var bytes: Int { lanes.reduce(0) { $0 + $1.bytes } }
    /// Frames that gave way to newer ones.
    package var dropped: UInt64 { lanes.reduce(0) { $0 + $1.dropped } }

    package mutating func push(_ frame: EncodedFrame) -> Outcome {
        guard lanes[Int(frame.lane.rawValue)].push(frame.bytes) else { return .full }
        defer { isAwake = true }
        return .queued(wakes: !isAwake)
    }

    /// Up to about `limit` bytes, the first lanes first, cut only where a piece ends; `nil` when nothing waits.
    ///
    /// After `nil` the next `push` wakes again.
    package mutating func next(limit: Int) -> (bytes: ByteBuffer, frames: Int)? {
        var batch = ByteBuffer()
        var finished = 0
        for index in lanes.indices {
            while batch.readableBytes < limit, let piece = lanes[index].nextPiece() {
                finished += piece.isLast ? 1 : 0
                var bytes = piece.bytes
                if batch.readableBytes == 0 { batch = bytes } else { batch.writeBuffer(&bytes) }
            }
            if batch.readableBytes >= limit { break }
        }
        if batch.readableBytes == 0 { isAwake = false }
        return batch.readableBytes == 0 ? nil : (batch, finished)
    }
}

extension OutboundQueue.Lane {
    /// Whether the oldest frame has been sent in part: the rest of it must follow.
    private var isUnderWay: Bool { count > 0 && frames[first].readerIndex > 0 }

    mutating func push(_ frame: ByteBuffer) -> Bool {
        let size = frame.readableBytes
        while count > 0, count >= bound.frames || bytes + size > bound.bytes {
            guard bound.dropsOldest, dropOldest() else { return false }
        }
        frames.append(frame)
        bytes += size
        return true
    }

    private mutating func dropOldest() -> Bool {
        let victim = isUnderWay ? first + 1 : first
        guard victim < frames.count else { return false }
        bytes -= frames[victim].readableBytes
        dropped += 1
        if victim > first { frames.remove(at: victim) } else { removeFirst() }
        return true
    }

    mutating func nextPiece() -> (bytes: ByteBuffer, isLast: Bool)? {
        guard count > 0, let piece = frames[first].readSlice(length: min(EncodedFrame.stride, frames[first].readableBytes)) else {
            return nil
        }
        bytes -= piece.readableBytes
        let isLast = frames[first].readableBytes == 0
        if isLast { removeFirst() }
        return (piece, isLast)
    }

    private mutating func removeFirst() {
        frames[first] = ByteBuffer()
        first += 1
        if first == frames.count {
            frames.removeAll(keepingCapacity: first <= 4_096)
            first = 0
        } else if first >= 64, first * 2 >= frames.count {
            frames.removeFirst(first)
            first = 0
        }
    }
}
