import NIOCore
import NIOPosix
import NIOSSL
import Networking
import Primitives
import Synchronization

/// Somebody who connects to a node and speaks as it likes: any certificate or none, any TLS or none, any bytes; and who may stop
/// reading.
final class RawPeer: Sendable {
    enum Security: Sendable {
        case none
        case tls(NodeIdentity?, maximum: TLSVersion)
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let peer: RawPeer
        init(_ peer: RawPeer) { self.peer = peer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            peer.came.withLock { _ = $0.writeBuffer(&bytes) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let came = Mutex(ByteBuffer())
    private let closed = Atomic<Bool>(false)
    private let channel = Mutex<(any Channel)?>(nil)

    init(to port: Int, _ security: Security) async throws {
        let context = try Self.context(security)
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.socketOption(.so_rcvbuf), value: 64 * 1024)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil) { _, promise in
                                promise.succeed(.certificateVerified)
                            })
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(self))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        self.channel.withLock { $0 = channel }
        channel.closeFuture.whenComplete { _ in self.closed.store(true, ordering: .sequentiallyConsistent) }
    }

    private static func context(_ security: Security) throws -> NIOSSLContext? {
        guard case .tls(let identity, let maximum) = security else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.maximumTLSVersion = maximum
        configuration.certificateVerification = .noHostnameVerification
        if let identity {
            configuration.certificateChain = [.certificate(try NIOSSLCertificate(bytes: identity.certificateDER, format: .der))]
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }

    var isClosed: Bool { closed.load(ordering: .sequentiallyConsistent) }

    func send(_ bytes: ByteBuffer) {
        guard let channel = channel.withLock({ $0 }) else { return }
        channel.writeAndFlush(bytes, promise: nil)
    }

    func send(_ frame: TransportFrame) throws { send(try EncodedFrame(frame).bytes) }

    func greet(protocol version: UInt32 = 1, chainID: String = TestNode.chainID, genesis: Hash32 = TestNode.genesis) throws {
        try send(.hello(PeerHello(protocol: version, chainID: chainID, genesis: genesis, headHeight: 0, session: 1)))
    }

    func setReading(_ reads: Bool) async throws {
        try await channel.withLock({ $0 })?.setOption(.autoRead, value: reads).get()
    }

    func close() async { try? await channel.withLock({ $0 })?.close() }

    /// The whole frames that came, in the order in which they were complete.
    func frames() throws -> [TransportFrame] {
        var assembler = FrameAssembler(takesOnlyControl: false)
        assembler.append(came.withLock { $0 })
        var frames: [TransportFrame] = []
        while let (lane, bytes) = try assembler.next() { frames.append(try TransportFrame(decoding: bytes, lane: lane)) }
        return frames
    }

    func carried() throws -> [PeerFrame] {
        try frames().compactMap { if case .carried(let frame) = $0 { frame } else { nil } }
    }
}
