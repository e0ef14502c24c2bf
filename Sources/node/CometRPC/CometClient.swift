import ChainTypes
import Foundation
import FoundationNetworking
import LightClient
import Primitives
import Synchronization
import WireTypes

/// Where signed headers of CometBFT come from.
package protocol CometSource: Sendable {
    /// The header at `height` with its votes.
    func commit(_ height: UInt64) async throws(CometRPCError) -> CometCommit

    /// Who votes at `height`, in CometBFT's order.
    func validators(_ height: UInt64) async throws(CometRPCError) -> [CometValidatorPage.Validator]

    /// Ends the connections; what is asked afterwards fails.
    func close()
}

/// CometBFT's RPC over HTTP: answers have a bound, redirects are refused.
package final class CometClient: NSObject, CometSource {
    private struct Pending {
        var body: [UInt8] = []
        var isTooLarge = false
        let continuation: CheckedContinuation<Result<[UInt8], CometRPCError>, Never>
    }

    /// What CometBFT gives in one page of validators at most.
    private static let page = 100

    private let base: URL
    private let pending = Mutex<[Int: Pending]>([:])
    private let session = Mutex<URLSession?>(nil)

    /// - Parameter base: such as `http://127.0.0.1:26657`.
    package init(base: URL, timeout: Double = 5) {
        self.base = base
        super.init()
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeout
        configuration.httpCookieStorage = nil
        configuration.urlCache = nil
        let made = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        session.withLock { $0 = made }
    }

    package func close() {
        session.withLock { session in
            session?.invalidateAndCancel()
            session = nil
        }
    }

    package func commit(_ height: UInt64) async throws(CometRPCError) -> CometCommit {
        let answer = try await get("commit", ["height": "\(height)"])
        let commit = try CometCommit(CometAnswer.result(CometSignedHeaderJSON.self, answer))
        guard commit.header.height == height else { throw .malformedAnswer("a commit of another height") }
        return commit
    }

    package func validators(_ height: UInt64) async throws(CometRPCError) -> [CometValidatorPage.Validator] {
        var validators: [CometValidatorPage.Validator] = []
        var number = 1
        while true {
            let query = ["height": "\(height)", "page": "\(number)", "per_page": "\(Self.page)"]
            let page = try CometValidatorPage(CometAnswer.result(CometValidatorsJSON.self, try await get("validators", query)))
            guard page.height == height, !page.validators.isEmpty, validators.count + page.validators.count <= page.total else {
                throw .malformedAnswer("pages of validators that do not fit")
            }
            validators += page.validators
            if validators.count == page.total { return validators }
            number += 1
        }
    }

    private func get(_ path: String, _ query: [String: String]) async throws(CometRPCError) -> [UInt8] {
        let items = query.sorted { $0.key < $1.key }.map { URLQueryItem(name: $0.key, value: $0.value) }
        let request = URLRequest(url: base.appending(path: path).appending(queryItems: items))
        guard let task = session.withLock({ $0?.dataTask(with: request) }) else { throw .unreachable("closed") }
        let result: Result<[UInt8], CometRPCError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                pending.withLock { $0[task.taskIdentifier] = Pending(continuation: continuation) }
                // Cancelled before there was anything to end.
                if Task.isCancelled { finish(task.taskIdentifier, .failure(.unreachable("cancelled"))) }
                task.resume()
            }
        } onCancel: {
            finish(task.taskIdentifier, .failure(.unreachable("cancelled")))
            task.cancel()
        }
        return try result.get()
    }

    /// Answers whoever waits for the task, once.
    private func finish(_ task: Int, _ result: Result<[UInt8], CometRPCError>) {
        pending.withLock { $0.removeValue(forKey: task) }?.continuation.resume(returning: result)
    }
}

extension CometClient: URLSessionDataDelegate {
    package func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let fits = pending.withLock { pending in
            guard var entry = pending.removeValue(forKey: dataTask.taskIdentifier) else { return true }
            defer { pending[dataTask.taskIdentifier] = entry }
            guard entry.body.count + data.count <= CometAnswer.limit else {
                entry.isTooLarge = true
                return false
            }
            entry.body.append(contentsOf: data)
            return true
        }
        if !fits { dataTask.cancel() }
    }

    package func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let entry = pending.withLock({ $0.removeValue(forKey: task.taskIdentifier) }) else { return }
        if entry.isTooLarge { return entry.continuation.resume(returning: .failure(.answerTooLarge)) }
        if let error { return entry.continuation.resume(returning: .failure(.unreachable(error.localizedDescription))) }
        // Errors of JSON-RPC come with status 500 and say in the body what they are.
        guard let status = (task.response as? HTTPURLResponse)?.statusCode, status == 200 || status == 500 else {
            return entry.continuation.resume(returning: .failure(.malformedAnswer("not an answer of CometBFT's RPC")))
        }
        entry.continuation.resume(returning: .success(entry.body))
    }

    package func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }
}
