import Foundation
import FoundationNetworking
import Synchronization

/// An answer over HTTP, whatever its status.
struct HTTPAnswer: Sendable {
    let status: Int
    let retryAfter: Double?
    let body: [UInt8]
}

/// URLSession with three promises it does not make itself: an answer has a bound, redirects are refused, and connections to
/// one node are reused and few.
final class HTTPSession: NSObject, Sendable {
    /// Enough to keep a two-core node busy without queueing inside it.
    static let connections = 6

    private struct Pending {
        var body: [UInt8] = []
        let limit: Int
        var overflowed = false
        let continuation: CheckedContinuation<HTTPAnswer, any Error>
    }

    private let pending = Mutex<[Int: Pending]>([:])
    private let session = Mutex<URLSession?>(nil)
    private let configuration: @Sendable () -> URLSessionConfiguration

    init(timeout: Double) {
        configuration = {
            let configuration = URLSessionConfiguration.ephemeral
            configuration.httpMaximumConnectionsPerHost = HTTPSession.connections
            configuration.timeoutIntervalForRequest = timeout
            configuration.httpCookieStorage = nil
            configuration.urlCache = nil
            return configuration
        }
        super.init()
        session.withLock { $0 = URLSession(configuration: configuration(), delegate: self, delegateQueue: nil) }
    }

    /// - Parameter limit: the most bytes of an answer; more is `ClientError.answerTooLarge`.
    func send(_ request: URLRequest, limit: Int) async throws -> HTTPAnswer {
        try await withCheckedThrowingContinuation { continuation in
            let task = session.withLock { $0?.dataTask(with: request) }
            guard let task else { return continuation.resume(throwing: ClientError.unreachable(url: "", why: "closed")) }
            pending.withLock { $0[task.taskIdentifier] = Pending(limit: limit, continuation: continuation) }
            task.resume()
        }
    }
}

extension HTTPSession: URLSessionDataDelegate {
    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let fits = pending.withLock { pending in
            guard var entry = pending.removeValue(forKey: dataTask.taskIdentifier) else { return true }
            defer { pending[dataTask.taskIdentifier] = entry }
            guard entry.body.count + data.count <= entry.limit else {
                entry.overflowed = true
                return false
            }
            entry.body.append(contentsOf: data)
            return true
        }
        if !fits { dataTask.cancel() }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let entry = pending.withLock({ $0.removeValue(forKey: task.taskIdentifier) }) else { return }
        let url = task.originalRequest?.url?.absoluteString ?? ""
        if entry.overflowed { return entry.continuation.resume(throwing: ClientError.answerTooLarge(url)) }
        if let error { return entry.continuation.resume(throwing: ClientError.unreachable(url: url, why: error.localizedDescription)) }
        guard let response = task.response as? HTTPURLResponse else {
            return entry.continuation.resume(throwing: ClientError.malformedAnswer("not HTTP"))
        }
        let retryAfter = response.value(forHTTPHeaderField: "Retry-After").flatMap(Double.init)
        entry.continuation.resume(returning: HTTPAnswer(status: response.statusCode, retryAfter: retryAfter, body: entry.body))
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }
}
