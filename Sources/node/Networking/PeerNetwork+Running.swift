import NIOCore
import NIOPosix
import NIOSSL
import Primitives
import Synchronization

extension PeerNetwork {
    /// Listens and dials until the task is cancelled; then sends what peers take at once, and closes. Once only.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        let mayStart = state.withLock { state in
            guard state.group == nil, !state.table.isStopping else { return false }
            (state.group, state.changes) = (group, group.next())
            return true
        }
        precondition(mayStart, "a network runs once")
        do {
            let server = try await listen(group)
            for node in state.withLock({ Array($0.table.peers.keys) }) { redial(node, atOnce: true) }
            let closedItself = await Self.waitUntilClosedOrCancelled(server)
            await stop(server)
            try await group.shutdownGracefully()
            if closedItself { throw PeerError.cannotListen }
        } catch {
            await stop(nil)
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func listen(_ group: MultiThreadedEventLoopGroup) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try setUp(channel, dialled: nil) }
            }
        do {
            let server = try await Self.tuned(bootstrap).bind(host: host, port: port).get()
            state.withLock { $0.listeningPort = server.localAddress?.port }
            return server
        } catch { throw PeerError.cannotListen }
    }

    /// Whether the listener closed of itself.
    private static func waitUntilClosedOrCancelled(_ server: any Channel) async -> Bool {
        let (closing, continuation) = AsyncStream.makeStream(of: Never.self)
        server.closeFuture.whenComplete { _ in continuation.finish() }
        for await _ in closing {}
        return !Task.isCancelled
    }

    private func stop(_ server: (any Channel)?) async {
        let links = state.withLock { $0.table.stop() }
        try? await server?.close()
        for link in links { link.order(.close(.stopping, flushing: true)) }
        for link in links { try? await link.channel.closeFuture.get() }
        for attempt in state.withLock({ Array($0.attempts.values) }) { try? await attempt.get() }
        // Whoever still calls finds no loops that are gone.
        state.withLock { ($0.group, $0.changes, $0.listeningPort) = (nil, nil, nil) }
    }

    /// Prepares a new connection: TLS, then frames.
    private func setUp(_ channel: any Channel, dialled: Hash32?) throws {
        let number = state.withLock { state in
            state.nextLink += 1
            return state.nextLink
        }
        let link = PeerLink(number: number, channel: channel, direction: dialled == nil ? .accepted : .dialled, bounds: settings.lanes)
        guard state.withLock({ $0.table.open(link) }) else { throw PeerError.stopping }
        let tls: any ChannelHandler =
            if let dialled {
                try NIOSSLClientHandler(context: context.client, serverHostname: nil) { [self] certificates, promise in
                    promise.succeed(verdict(certificates, expecting: dialled))
                }
            } else {
                NIOSSLServerHandler(context: context.server) { [self] certificates, promise in
                    promise.succeed(verdict(certificates, expecting: nil))
                }
            }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(tls)
        try pipeline.addHandler(PeerHandler(network: self, link: link, expected: dialled))
    }

    /// The key decides, and the registry knows the keys: who signed the certificate and its dates say nothing more, and a node
    /// whose clock is wrong must not lose its peers.
    private func verdict(_ certificates: [NIOSSLCertificate], expecting expected: Hash32?) -> NIOSSLVerificationResult {
        guard let certificate = certificates.first, let node = try? NodeIdentity.nodeID(of: certificate),
            expected == nil || node == expected, objection(to: node) == nil
        else { return .failed }
        return .certificateVerified
    }
}

// Dialling.
extension PeerNetwork {
    /// Sees to it that `node` is dialled, if it should be.
    func redial(_ node: Hash32, atOnce: Bool = false) {
        guard let delay = state.withLock({ $0.table.redial(node, now: Self.now) }) else { return }
        schedule(node, atOnce ? 0 : delay)
    }

    func schedule(_ node: Hash32, _ delay: UInt64) {
        guard let loop = state.withLock({ $0.group?.next() }) else { return }
        loop.scheduleTask(in: .milliseconds(Int64(clamping: delay))) { [weak self] in self?.dial(node, on: loop) }
    }

    private func dial(_ node: Hash32, on loop: any EventLoop) {
        guard let endpoint = state.withLock({ $0.table.dial(node, now: Self.now) }) else { return redial(node) }
        // Prepared only once connected: a name may have several addresses, each tried with a channel of its own.
        let attempt = connect(to: endpoint, on: loop).flatMapThrowing { [self] channel in
            do { try setUp(channel, dialled: node) } catch {
                channel.close(promise: nil)
                throw error
            }
        }
        state.withLock { $0.attempts[node] = attempt }
        attempt.whenComplete { [self] result in
            let delay = state.withLock { state -> UInt64? in
                state.attempts[node] = nil
                guard case .failure = result else { return nil }
                return state.table.unreachable(node, now: Self.now)
            }
            if let delay { schedule(node, delay) }
        }
    }

    /// An address is dialled as it is; a name is looked up first.
    private func connect(to endpoint: PeerEndpoint, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
        let bootstrap = Self.tuned(ClientBootstrap(group: loop).connectTimeout(TimeAmount(settings.connectTimeout)))
        guard let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port) else {
            return bootstrap.connect(host: endpoint.host, port: endpoint.port)
        }
        return bootstrap.connect(to: address)
    }
}

// Sockets.
extension PeerNetwork {
    /// TCP_NOTSENT_LOWAT of Linux (tcp(7) calls the family; the number is in linux/tcp.h): what the kernel keeps unsent at most,
    /// so that a vote overtakes a payload in our queues instead of waiting behind it in the socket's.
    private static let notSentLowWater = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 25))
    private static let unsent = 128 * 1024
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 64 * 1024, high: 256 * 1024)
    private static let receiving = AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16 * 1024, maximum: 256 * 1024)

    private static func tuned(_ bootstrap: ServerBootstrap) -> ServerBootstrap {
        bootstrap
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(notSentLowWater, value: unsent)
            .childChannelOption(.writeBufferWaterMark, value: waterMark)
            .childChannelOption(.recvAllocator, value: receiving)
    }

    private static func tuned(_ bootstrap: ClientBootstrap) -> ClientBootstrap {
        bootstrap
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(notSentLowWater, value: unsent)
            .channelOption(.writeBufferWaterMark, value: waterMark)
            .channelOption(.recvAllocator, value: receiving)
    }
}
