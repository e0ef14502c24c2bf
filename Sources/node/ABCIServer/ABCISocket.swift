import ABCI
import Glibc
import NIOCore
import NIOPosix
import Primitives
import Synchronization

/// What one connection may hold at a time.
package struct ConnectionLimits: Sendable {
    /// The longest request, in bytes.
    package var frame = ABCILimits.frame
    /// Calls that are not answered; then nothing more is read until some are.
    package var calls = 512
    /// Bytes of such calls.
    package var bytes = 32 << 20
    /// Connections at the same time. An engine has four.
    package var connections = 32

    package init() {}
}

/// The socket on which an engine finds the application. Whoever answers may change while connections stay.
package final class ABCISocket: Sendable {
    /// Answers a call, or throws what ends the connection.
    package typealias Handler = @Sendable (ABCIRequest.OneOf_Kind) async throws -> ABCIResponse

    private struct State {
        var handler: Handler?
        var waiters: [CheckedContinuation<Handler?, Never>] = []
        var isClosed = false
        var channels: [ObjectIdentifier: any Channel] = [:]
        var port: Int?
    }

    package let address: ABCIAddress
    private let limits: ConnectionLimits
    private let state = Mutex(State())

    package init(address: ABCIAddress, limits: ConnectionLimits = ConnectionLimits()) {
        (self.address, self.limits) = (address, limits)
    }

    /// The port that is listened on, when it is TCP.
    package var port: Int? { state.withLock { $0.port } }

    /// Lets `handler` answer from now on; with `nil` calls wait for the next one.
    package func install(_ handler: Handler?) {
        let waiters = state.withLock { state in
            state.handler = handler
            guard handler != nil else { return [CheckedContinuation<Handler?, Never>]() }
            defer { state.waiters = [] }
            return state.waiters
        }
        waiters.forEach { $0.resume(returning: handler) }
    }

    /// Listens until the task is cancelled. Once only.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let server = try await listen(group)
            let (closing, continuation) = AsyncStream.makeStream(of: Never.self)
            server.closeFuture.whenComplete { _ in continuation.finish() }
            for await _ in closing {}
            await stop(server)
            try await group.shutdownGracefully()
            if !Task.isCancelled { throw ABCIServerError.cannotListen }
        } catch {
            await stop(nil)
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func listen(_ group: MultiThreadedEventLoopGroup) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 16)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in channel.eventLoop.makeCompletedFuture { try accept(channel) } }
        do {
            switch address {
            case .tcp(let host, let port):
                let server = try await bootstrap.bind(host: host, port: port).get()
                state.withLock { $0.port = server.localAddress?.port }
                return server
            case .unix(let path):
                guard Self.removeStale(path) else { throw ABCIServerError.cannotListen }
                let server = try await bootstrap.bind(unixDomainSocketPath: path).get()
                // Whoever may open it drives the chain.
                guard chmod(path, 0o600) == 0 else { throw ABCIServerError.cannotListen }
                return server
            }
        } catch { throw ABCIServerError.cannotListen }
    }

    /// Removes a socket that a node left behind; says no to anything else, and to one that somebody listens on.
    private static func removeStale(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return errno == ENOENT }
        guard status.st_mode & S_IFMT == S_IFSOCK, !isListenedOn(path) else { return false }
        return unlink(path) == 0
    }

    private static func isListenedOn(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private func accept(_ channel: any Channel) throws {
        let mayStay = state.withLock { state in
            guard !state.isClosed, state.channels.count < limits.connections else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
        guard mayStay else { throw ABCIServerError.cannotListen }
        channel.closeFuture.whenComplete { [self] _ in _ = state.withLock { $0.channels.removeValue(forKey: ObjectIdentifier(channel)) } }
        let handler = ConnectionHandler(limits: limits) { [weak self] call in
            guard let handler = await self?.handler() else { throw ABCIError.notReady }
            return try await handler(call)
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// Who answers, as soon as there is somebody.
    private func handler() async -> Handler? {
        await withCheckedContinuation { continuation in
            let (isKnown, handler): (Bool, Handler?) = state.withLock { state in
                if state.isClosed { return (true, nil) }
                if let handler = state.handler { return (true, handler) }
                state.waiters.append(continuation)
                return (false, nil)
            }
            if isKnown { continuation.resume(returning: handler) }
        }
    }

    private func stop(_ server: (any Channel)?) async {
        let (waiters, channels) = state.withLock { state in
            defer { (state.waiters, state.isClosed, state.port) = ([], true, nil) }
            return (state.waiters, Array(state.channels.values))
        }
        waiters.forEach { $0.resume(returning: nil) }
        try? await server?.close()
        for channel in channels { try? await channel.close() }
        if server != nil, case .unix(let path) = address { unlink(path) }
    }
}
