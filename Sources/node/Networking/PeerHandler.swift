import NIOCore
import NIOSSL
import NIOTLS
import Primitives

/// One connection on its event loop: says hello, takes frames apart, delivers them and sends what waits. Everything here runs on
/// the connection's loop and returns quickly.
final class PeerHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    enum Phase { case securing, greeting, established, over }

    /// What is written between two looks at whether the peer keeps up.
    static let batch = 128 * 1024
    /// After so many batches other connections of the loop have their turn.
    static let batchesPerTurn = 8
    /// What a frame costs beside its bytes.
    static let overhead = 64

    let network: PeerNetwork
    let link: PeerLink
    /// Whom we dialled.
    let expected: Hash32?
    private(set) var phase = Phase.securing
    private(set) var peer: Hash32?
    private var context: ChannelHandlerContext?
    private var assembler = FrameAssembler(takesOnlyControl: true)

    // Writing.
    private var isDraining = false
    // Reading: bytes of frames that were handed on and not given back, or are delayed.
    private var held = 0
    private var isPaused = false
    private var wantsRead = false
    private var isDelivering = false
    private var delayed = CircularBuffer<(due: NIODeadline, frame: TransportFrame, cost: Int)>()
    // Keeping alive.
    private var lastRead = NIODeadline.now()
    private var ping: (nonce: UInt64, sent: NIODeadline)?
    private var pings: UInt64 = 0

    init(network: PeerNetwork, link: PeerLink, expected: Hash32?) {
        (self.network, self.link, self.expected) = (network, link, expected)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let timeout = TimeAmount(network.settings.handshakeTimeout)
        after(timeout) { handler in
            if handler.phase == .securing || handler.phase == .greeting { handler.end(.handshakeTimeout) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.closed)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(phase == .securing ? .handshakeFailed : .closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(phase == .securing ? .handshakeFailed : .closed)
    }

    private func after(_ delay: TimeAmount, _ body: @escaping (PeerHandler) -> Void) {
        _ = context?.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            if let self { body(self) }
        }
    }
}

// Beginning and ending.
extension PeerHandler {
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted = event else { return context.fireUserInboundEventTriggered(event) }
        // The key is taken from the connection, not from the verification before: a resumed session would have skipped that.
        guard let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate(),
            let node = try? NodeIdentity.nodeID(of: certificate)
        else { return end(.badCertificate) }
        guard expected == nil || expected == node else { return end(.notRegistered) }
        if let error = network.objection(to: node) { return end(error) }
        peer = node
        phase = .greeting
        lastRead = .now()
        if !network.decides(over: node) { send(.hello(network.hello)) }
    }

    private func greet(_ hello: PeerHello) {
        guard phase == .greeting, let peer else { return end(.helloRepeated) }
        if let error = network.objection(to: hello) { return end(error) }
        phase = .established
        assembler.takesOnlyControl = false
        switch network.meet(link, peer, hello) {
        case .refused(let error): return end(error)
        // Nothing else is sent before: whoever finds the connection meanwhile has to wait for this event loop.
        case .settled: if network.decides(over: peer) { send(.hello(network.hello)) }
        }
        after(TimeAmount(network.settings.pingInterval)) { $0.keepAlive() }
    }

    /// Closes the connection because of `error`; bans the peer when only a breach of the protocol explains it.
    private func end(_ error: PeerError) {
        guard phase != .over else { return }
        if error.isViolation, let peer { network.ban(peer, error) }
        finish(error)
        context?.close(promise: nil)
    }

    private func finish(_ error: PeerError) {
        guard phase != .over else { return }
        phase = .over
        delayed.removeAll()
        link.end()
        network.closed(link, peer ?? expected, error)
    }

    private func keepAlive() {
        guard phase == .established else { return }
        let now = NIODeadline.now()
        if !isPaused, now - lastRead > TimeAmount(network.settings.idleTimeout) { return end(.idle) }
        pings += 1
        ping = (pings, now)
        send(.ping(pings))
        after(TimeAmount(network.settings.pingInterval)) { $0.keepAlive() }
    }
}

// Sending.
extension PeerHandler {
    private func send(_ frame: TransportFrame) {
        guard let encoded = try? EncodedFrame(frame) else { return }
        _ = link.send(encoded)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let command = event as? PeerLink.Command else { return context.triggerUserOutboundEvent(event, promise: promise) }
        switch command {
        case .drain: drain()
        case .release(let bytes): release(bytes)
        case .close(let error, let flushing):
            if flushing { drain() }
            end(error)
        }
        promise?.succeed()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        drain()
        context.fireChannelWritabilityChanged()
    }

    /// Writes what waits, as long as the peer keeps up. Writing changes the writability, and TLS tells so from inside the write:
    /// the loop must not be entered twice.
    private func drain() {
        guard !isDraining, phase != .over, let context else { return }
        isDraining = true
        defer { isDraining = false }
        for _ in 0..<Self.batchesPerTurn {
            guard context.channel.isWritable, phase != .over else { return }
            guard let bytes = link.next(limit: Self.batch) else { return }
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
        context.eventLoop.assumeIsolated().execute { [weak self] in self?.drain() }
    }
}

// Receiving.
extension PeerHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .greeting || phase == .established else { return }
        let bytes = unwrapInboundIn(data)
        link.counters.received(bytes: bytes.readableBytes)
        lastRead = .now()
        assembler.append(bytes)
        deliver()
    }

    func read(context: ChannelHandlerContext) {
        if isPaused, phase == .established { wantsRead = true } else { context.read() }
    }

    /// Hands on whole frames until there are none, or the consumer is behind.
    private func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        do throws(PeerError) {
            while phase != .over, !isPaused, let (lane, bytes) = try assembler.next() {
                link.counters.receivedFrame()
                let frame = try TransportFrame(decoding: bytes, lane: lane)
                // An empty frame in a lane is impossible, and no kind has another one's lane: see the decoder.
                hold(frame, cost: bytes.readableBytes + Self.overhead)
            }
        } catch { end(error) }
    }

    private func hold(_ frame: TransportFrame, cost: Int) {
        let delay = network.settings.artificialDelay
        guard delay > .zero, phase == .established else { return accept(frame, cost: cost) }
        held += cost
        pauseIfBehind()
        let due = NIODeadline.now() + TimeAmount(delay)
        delayed.append((due, frame, cost))
        if delayed.count == 1 { after(TimeAmount(delay)) { $0.acceptDelayed() } }
    }

    private func acceptDelayed() {
        while let first = delayed.first, first.due <= .now() {
            delayed.removeFirst()
            accept(first.frame, cost: first.cost)
            release(first.cost)
        }
        if let first = delayed.first { after(first.due - .now()) { $0.acceptDelayed() } }
    }

    private func accept(_ frame: TransportFrame, cost: Int) {
        switch frame {
        case .hello(let hello): greet(hello)
        case _ where phase == .greeting: end(.helloExpected)
        case .ping(let nonce): send(.pong(nonce))
        case .pong(let nonce):
            guard let ping, ping.nonce == nonce else { return }
            link.counters.answered(nanoseconds: UInt64(max(0, (NIODeadline.now() - ping.sent).nanoseconds)))
            self.ping = nil
        case .carried(let frame):
            guard phase == .established, let peer else { return }
            // Counted before the consumer sees it: it may give it back from another thread at once.
            held += cost
            switch network.onFrame(ReceivedFrame(peer: peer, frame: frame, cost: cost, link: link)) {
            case .consumed: held -= cost
            case .held: pauseIfBehind()
            }
        }
    }

    private func pauseIfBehind() {
        if held > network.settings.inboundBudget { isPaused = true }
    }

    private func release(_ bytes: Int) {
        held -= bytes
        guard isPaused, held <= network.settings.inboundBudget / 2 else { return }
        isPaused = false
        lastRead = .now()
        deliver()
        guard !isPaused, wantsRead, let context else { return }
        wantsRead = false
        context.read()
    }
}
