import NIOCore
import Primitives
import Synchronization

/// One connection: what other threads see of it. The rest is its handler's, on the connection's event loop.
package final class PeerLink: Sendable {
    package enum Direction: String, Sendable { case dialled, accepted }

    /// What is asked of the handler from elsewhere.
    enum Command: Sendable {
        /// Frames wait.
        case drain
        /// So many bytes of frames are no longer held.
        case release(Int)
        /// Ends the connection; what waits is sent first if the peer takes it at once and `flushing`.
        case close(PeerError, flushing: Bool)
    }

    package let number: UInt64
    let channel: any Channel
    package let direction: Direction
    /// Whence it came, when accepted.
    let address: String?
    let counters = PeerCounters()
    private let queue: Mutex<OutboundQueue>
    /// Nothing is asked of the handler any more: its event loop may be gone.
    private let isOver = Atomic<Bool>(false)

    package init(number: UInt64, channel: any Channel, direction: Direction, bounds: [LaneBound]) {
        (self.number, self.channel, self.direction) = (number, channel, direction)
        address = direction == .accepted ? channel.remoteAddress?.ipAddress ?? "local" : nil
        queue = Mutex(OutboundQueue(bounds: bounds))
    }

    func end() { isOver.store(true, ordering: .releasing) }

    func send(_ frame: EncodedFrame) -> Bool {
        guard !isOver.load(ordering: .acquiring) else { return false }
        switch queue.withLock({ $0.push(frame) }) {
        case .full: return false
        case .queued(let wakes):
            // Always later, even on the connection's own loop: what is sent until then goes in the same flush.
            if wakes { channel.eventLoop.execute { [self] in order(.drain) } }
            return true
        }
    }

    func next(limit: Int) -> ByteBuffer? {
        guard let batch = queue.withLock({ $0.next(limit: limit) }) else { return nil }
        counters.sent(bytes: batch.bytes.readableBytes, frames: batch.frames)
        return batch.bytes
    }

    func order(_ command: Command) {
        guard !isOver.load(ordering: .acquiring) else { return }
        channel.pipeline.triggerUserOutboundEvent(command, promise: nil)
    }

    var waiting: (frames: Int, bytes: Int, dropped: UInt64) { queue.withLock { ($0.count, $0.bytes, $0.dropped) } }
}

/// What went over a connection.
final class PeerCounters: Sendable {
    private let bytesIn = Atomic<UInt64>(0)
    private let bytesOut = Atomic<UInt64>(0)
    private let framesIn = Atomic<UInt64>(0)
    private let framesOut = Atomic<UInt64>(0)
    private let roundTrip = Atomic<UInt64>(0)

    func sent(bytes: Int, frames: Int) {
        bytesOut.wrappingAdd(UInt64(bytes), ordering: .relaxed)
        framesOut.wrappingAdd(UInt64(frames), ordering: .relaxed)
    }

    func received(bytes: Int) { bytesIn.wrappingAdd(UInt64(bytes), ordering: .relaxed) }
    func receivedFrame() { framesIn.wrappingAdd(1, ordering: .relaxed) }
    func answered(nanoseconds: UInt64) { roundTrip.store(max(1, nanoseconds), ordering: .relaxed) }

    var traffic: PeerTraffic {
        PeerTraffic(
            bytesIn: bytesIn.load(ordering: .relaxed), bytesOut: bytesOut.load(ordering: .relaxed),
            framesIn: framesIn.load(ordering: .relaxed), framesOut: framesOut.load(ordering: .relaxed))
    }

    /// Of the last ping; nil before the first answer.
    var rtt: Duration? {
        let value = roundTrip.load(ordering: .relaxed)
        return value == 0 ? nil : .nanoseconds(Int64(clamping: value))
    }
}

/// Bytes before encryption, and frames, since the node started.
package struct PeerTraffic: Sendable, Equatable {
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0
    package var framesIn: UInt64 = 0
    package var framesOut: UInt64 = 0

    static func + (a: PeerTraffic, b: PeerTraffic) -> PeerTraffic {
        PeerTraffic(
            bytesIn: a.bytesIn + b.bytesIn, bytesOut: a.bytesOut + b.bytesOut, framesIn: a.framesIn + b.framesIn,
            framesOut: a.framesOut + b.framesOut)
    }
}
