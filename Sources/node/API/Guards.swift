import Foundation
import Hummingbird
import Logging
import Node
import Primitives

/// Turns every error into the API's form, counts answers, and sets the headers that all answers carry.
struct AnswerGuard: RouterMiddleware {
    typealias Context = BasicRequestContext

    let succeeded: Metrics.Counter
    let refused: Metrics.Counter
    let failed: Metrics.Counter
    let log: Logger

    init(metrics: Metrics, log: Logger) {
        let (name, help) = ("jupiter_http_requests_total", "HTTP requests answered since the start, by class of status.")
        succeeded = metrics.counter(name, help, labels: [("class", "2xx")])
        refused = metrics.counter(name, help, labels: [("class", "4xx")])
        failed = metrics.counter(name, help, labels: [("class", "5xx")])
        self.log = log
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as any CodedError {
            response = .failure(error)
        } catch let error as HTTPError {
            response = .failure(error.status == .methodNotAllowed ? APIError.methodNotAllowed : Self.coded(error))
        }
        switch response.status.code {
        case ..<400: succeeded.add()
        case ..<500: refused.add()
        default:
            failed.add()
            // 503 asks to come again, which whoever waits for a node does until it is ready: that is no error of the node.
            let level: Logger.Level = response.status == .serviceUnavailable ? .debug : .error
            log.log(
                level: level, "A request failed.", metadata: ["path": "\(request.uri.path)", "status": "\(response.status.code)"])
        }
        // Nothing here may be framed, sniffed or kept by caches of others.
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return response
    }

    private static func coded(_ error: HTTPError) -> APIError {
        switch error.status.code {
        case 404: .noSuchRoute
        case 413: .bodyTooLarge
        default: .badBody("it could not be read")
        }
    }
}

/// Lets nobody in who does not show the token; on loopback without a token, refuses requests that name another host, so that a
/// web page cannot reach the node under a name of its own (DNS rebinding).
struct EntranceGuard: RouterMiddleware {
    typealias Context = BasicRequestContext

    /// Reachable without a token: what load balancers ask, which tells nothing.
    private static let open: Set<String> = ["/health", "/ready"]
    private static let loopbackNames: Set<String> = ["localhost", "127.0.0.1", "[::1]", "::1"]

    let token: String?
    let isLoopback: Bool

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if isLoopback {
            guard let host = request.head.authority, Self.loopbackNames.contains(Self.name(host)) else { throw APIError.wrongHost }
            // A browser names the page's origin; only our own console may write.
            if let origin = request.headers[.origin], request.method != .get, request.method != .head {
                guard origin == "http://\(host)" else { throw APIError.wrongHost }
            }
        }
        if let token, !Self.open.contains(request.uri.path) {
            guard let shown = request.headers[.authorization], Self.isSame(shown, "Bearer \(token)") else { throw APIError.unauthorised }
        }
        return try await next(request, context)
    }

    /// The host without its port.
    private static func name(_ host: String) -> String {
        if host.hasPrefix("[") { return host.split(separator: "]", maxSplits: 1).first.map { $0 + "]" } ?? host }
        return host.split(separator: ":", maxSplits: 1).first.map { $0.lowercased() } ?? host
    }

    /// Compares without telling by its time where the texts differ.
    private static func isSame(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
