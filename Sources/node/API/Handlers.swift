import ChainTypes
import Console
import Cryptography
import Engine
import FoundationEssentials
import Hummingbird
import Node
import Primitives
import WireTypes

/// The API's answers to questions about one node.
struct Handlers: Sendable {
    let node: JupiterNode
    /// Reads from the disk go here, not onto Swift's own few threads.
    let readers = WorkerPool(width: 4)

    var view: ChainView { node.view }

    var routes: [Route] {
        nodeRoutes + enclaveRoutes + chainRoutes + transactionRoutes + stateRoutes + listRoutes + erasureRoutes + trustRoutes
            + consoleRoutes
            + [
                Route(.get, "/v1/events") { request, _ in try events(request) },
                Route(.post, "/v1/enrolments") { request, _ in try await enrol(request) },
            ]
    }

    /// Answers with what `read` returns, on a thread that may block.
    func reading(_ read: @escaping @Sendable () throws -> Response) async throws -> Response {
        try await readers.run { Result { try read() } }.get()
    }

    // MARK: The node itself

    private var nodeRoutes: [Route] {
        [
            Route(.get, "/health") { _, _ in try .json(["status": "ok"]) },
            Route(.get, "/ready") { _, _ in try ready() },
            Route(.get, "/metrics") { _, _ in
                .bytes(Array(node.metrics.text.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
            },
            Route(.get, "/openapi.json") { _, _ in .bytes(OpenAPIDocument.bytes, type: "application/json") },
            Route(.get, "/v1/status") { _, _ in try await reading { try status() } },
            Route(.get, "/v1/genesis") { _, _ in
                try .json(GenesisView(genesis: Data(view.genesis.bytes), hash: "\(view.genesis.hash)"))
            },
        ]
    }

    private struct GenesisView: Encodable {
        let genesis: Data
        let hash: String
    }

    private struct ReadyView: Encodable {
        let ready: Bool
        let reasons: [String]
    }

    private func ready() throws -> Response {
        let reasons = node.notReady
        return try .json(ReadyView(ready: reasons.isEmpty, reasons: reasons), status: reasons.isEmpty ? .ok : .serviceUnavailable)
    }

    // MARK: The console

    private var consoleRoutes: [Route] {
        ConsolePage.files.map { file in
            Route(.get, file.path) { _, _ in
                var response = Response.bytes(file.bytes, type: file.contentType)
                if file.path == "/" {
                    response.headers[.contentSecurityPolicy] = ConsolePage.contentSecurityPolicy
                }
                return response
            }
        }
    }
}
