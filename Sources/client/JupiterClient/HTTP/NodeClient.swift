import ChainTypes
import Cryptography
import Foundation
import FoundationNetworking
import Primitives
import WireTypes

/// One node's HTTP interface. Answers are bounded; what the node refuses is thrown as `NodeRefusal` with the node's code.
///
/// Nothing a node says is proven by its saying it: `ChainView` checks proofs against a genesis.
package struct NodeClient: Sendable {
    package static let defaultURL = "http://127.0.0.1:7340"

    /// The most bytes of an ordinary answer.
    static let answerLimit = 32 << 20
    /// How often a node that is too busy is asked again.
    private static let attempts = 20

    package let url: String
    private let token: String?
    private let session: HTTPSession

    /// - Parameters:
    ///   - url: `http://host:port`.
    ///   - token: what a node that listens beyond its own machine demands.
    ///   - timeout: seconds without a byte.
    package init(url: String, token: String? = nil, timeout: Double = 60) throws(ClientError) {
        guard let parsed = URL(string: url), let scheme = parsed.scheme, ["http", "https"].contains(scheme), parsed.host != nil else {
            throw .unreachable(url: url, why: "not a web address (http://host:port)")
        }
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
        session = HTTPSession(timeout: timeout)
    }

    // MARK: Requests

    /// The JSON at `path`, as it is.
    package func json(_ path: String) async throws -> JSONValue { try JSONValue(parsing: await bytes(path)) }

    /// The bytes at `path`.
    package func bytes(_ path: String) async throws -> [UInt8] { try await send("GET", path, body: nil, type: nil) }

    func get<Answer: Decodable>(_ path: String, as type: Answer.Type = Answer.self) async throws -> Answer {
        try decode(type, await bytes(path), path)
    }

    func post<Answer: Decodable>(
        _ path: String, _ body: [UInt8], type: String = "application/json", as answer: Answer.Type = Answer.self
    ) async throws -> Answer { try decode(answer, await send("POST", path, body: body, type: type), path) }

    private func decode<Answer: Decodable>(_ type: Answer.Type, _ bytes: [UInt8], _ path: String) throws -> Answer {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch { throw ClientError.malformedAnswer(path) }
    }

    private func send(_ method: String, _ path: String, body: [UInt8]?, type: String?) async throws -> [UInt8] {
        guard let address = URL(string: url + path) else { throw ClientError.malformedAnswer("the path \(path)") }
        var request = URLRequest(url: address)
        request.httpMethod = method
        request.httpBody = body.map { Data($0) }
        if let type { request.setValue(type, forHTTPHeaderField: "Content-Type") }
        request.setValue("application/json", forHTTPHeaderField: "Accept")
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for attempt in 1... {
            let answer = try await session.send(request, limit: Self.answerLimit)
            if (200..<300).contains(answer.status) { return answer.body }
            if answer.status == 429, attempt < Self.attempts {
                try await Task.sleep(for: .seconds(min(max(answer.retryAfter ?? 0.1, 0.02), 5)))
                continue
            }
            throw refusal(answer)
        }
        throw ClientError.timedOut(path)
    }

    private func refusal(_ answer: HTTPAnswer) -> any Error {
        guard let body = try? JSONDecoder().decode(ErrorAnswer.self, from: Data(answer.body)) else {
            return ClientError.malformedAnswer("HTTP status \(answer.status) without an error")
        }
        return NodeRefusal(body.error, status: answer.status)
    }
}

extension NodeRefusal {
    init(_ body: ErrorBody, status: Int) {
        self.init(code: body.code, name: body.name, reason: body.reason, next: body.next, status: status)
    }
}
