import ABCIServer
import Dispatch
import Foundation
import Hummingbird
import Logging
import NIOCore
import Node
import Primitives
import Synchronization

/// A node with its API, from start to orderly stop.
package enum NodeServer {
    /// Opens the home, runs the node and serves its API until SIGTERM, SIGINT or cancellation.
    ///
    /// - Parameters:
    ///   - configuration: see `NodeHome.configuration(environment:flags:)`.
    ///   - onReady: called once with the API's port.
    /// - Throws: what stopped the node; nothing after a signal.
    package static func run(
        home: NodeHome, configuration: NodeConfiguration, passphrase: String, log: Logger? = nil,
        onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) async throws {
        let token = try configuration.apiTokenFile.map { try NodeHome.token($0) }
        guard configuration.isLoopback || token != nil else { throw NodeError.tokenRequired }
        if let address = try configuration.abciAddress() {
            let socket = ABCISocket(address: address)
            return try await run(home, configuration, passphrase, socket, token: token, log: log, onReady: onReady)
        }
        try await JupiterNode.synchroniseState(home: home, configuration: configuration, passphrase: passphrase, log: log)
        let node = try JupiterNode(home: home, configuration: configuration, passphrase: passphrase, log: log)
        try await run(node, token: token, onReady: onReady)
    }

    /// Runs a node behind another engine, whose connections stay while the node opens again with a snapshot that came over them.
    private static func run(
        _ home: NodeHome, _ configuration: NodeConfiguration, _ passphrase: String, _ socket: ABCISocket, token: String?, log: Logger?,
        onReady: @escaping @Sendable (_ port: Int) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await socket.run() }
            group.addTask {
                while true {
                    let node = try JupiterNode(
                        home: home, configuration: configuration, passphrase: passphrase, socket: socket, log: log)
                    do {
                        return try await run(node, token: token, onReady: onReady)
                    } catch let replaced as CometEngine.StateReplaced {
                        try replaced.snapshot.finish()
                    }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Runs a node that is open already.
    package static func run(_ node: JupiterNode, token: String?, onReady: @escaping @Sendable (_ port: Int) -> Void) async throws {
        let stop = StopSignals()
        defer { stop.restore() }
        let stopped = stop.stream
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.run() }
            group.addTask { try await serve(node, token: token, onReady: onReady) }
            group.addTask { for await _ in stopped {} }
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch {
                node.events.close()
                throw error
            }
            // Streams end first, so that their connections do not hold up the stop.
            node.events.close()
        }
    }

    /// All addresses, as `GET /v1/status`, for the check against the OpenAPI document.
    package static func addresses(_ node: JupiterNode) -> [String] { routes(node).map { "\($0.method) \($0.path)" } }

    private static func routes(_ node: JupiterNode) -> [Route] { Handlers(node: node).routes }

    private static func serve(_ node: JupiterNode, token: String?, onReady: @escaping @Sendable (Int) -> Void) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: AnswerGuard(metrics: node.metrics, log: node.log))
        router.add(middleware: EntranceGuard(token: token, isLoopback: node.configuration.isLoopback))
        for route in routes(node) { router.on(RouterPath(route.path), method: route.method, use: route.handler) }
        var quiet = node.log
        // The server reports connections that a stop cuts off as errors.
        quiet.logLevel = .critical
        let application = Application(
            router: router,
            configuration: .init(address: .hostname(node.configuration.apiHost, port: node.configuration.apiPort)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? node.configuration.apiPort
                node.log.notice("The API listens.", metadata: ["host": "\(node.configuration.apiHost)", "port": "\(port)"])
                onReady(port)
            }, logger: quiet)
        do {
            try await application.run()
        } catch is CancellationError {
        } catch let error as IOError {
            throw NodeError.invalidConfiguration(
                "the API cannot listen on \(node.configuration.apiHost):\(node.configuration.apiPort): \(error.errnoCode == 98 ? "the port is in use" : "see errno \(error.errnoCode)")"
            )
        }
    }
}

/// SIGTERM and SIGINT as a stream that ends at the first of them. Stays in the scope that made it.
private struct StopSignals {
    let stream: AsyncStream<Void>
    private var sources: [(number: Int32, source: any DispatchSourceSignal)] = []

    init() {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        self.stream = stream
        for number in [SIGTERM, SIGINT] {
            // Not SIG_IGN, which programs started from here would inherit.
            signal(number) { _ in }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.finish() }
            source.resume()
            sources.append((number, source))
        }
    }

    func restore() {
        for (number, source) in sources {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }
}
