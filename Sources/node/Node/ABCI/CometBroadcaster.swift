import ChainTypes
import Foundation
import FoundationNetworking
import Primitives
import Synchronization

/// Hands transactions that this node took in to the engine beside it, through its RPC (`broadcast_tx_sync`).
///
/// The engine asks the node's own application about each before it answers, and passes on what that accepts.
package final class CometBroadcaster: Sendable {
    /// The most bytes of an answer that are looked at.
    private static let maximumAnswer = 1 << 20
    /// So many calls are on their way at the same time.
    private static let atOnce = 32

    private let url: URL
    private let session: URLSession
    private let turns = Turns(CometBroadcaster.atOnce)

    /// - Parameters:
    ///   - url: of the engine's RPC, such as `http://127.0.0.1:26657`.
    ///   - timeout: after so many seconds without an answer the engine counts as unavailable.
    package init(url: URL, timeout: Double = 10) {
        self.url = url
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeout
        configuration.httpCookieStorage = nil
        configuration.httpMaximumConnectionsPerHost = Self.atOnce
        session = URLSession(configuration: configuration)
    }

    deinit { session.invalidateAndCancel() }

    private struct Call: Encodable {
        struct Parameters: Encodable { let tx: Data }
        let jsonrpc = "2.0"
        let id = 1
        let method = "broadcast_tx_sync"
        let params: Parameters
    }

    private struct Answer: Decodable {
        struct Result: Decodable {
            let code: UInt32
            let log: String?
        }
        struct Failure: Decodable {
            let message: String?
            let data: String?
        }
        let result: Result?
        let error: Failure?
    }

    /// - Throws: `NodeError.engineUnavailable` or `engineBusy`, which are worth another attempt; the application's refusal.
    package func send(_ submitted: SubmittedTransaction) async throws {
        try await turns.take()
        let answer: Answer
        do {
            defer { turns.giveBack() }
            answer = try await call(submitted.encoded)
        }
        try Self.judge(answer)
    }

    private func call(_ bytes: [UInt8]) async throws(NodeError) -> Answer {
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        do {
            request.httpBody = try JSONEncoder().encode(Call(params: .init(tx: Data(bytes))))
            let (data, _) = try await session.data(for: request)
            guard data.count <= Self.maximumAnswer else { throw NodeError.engineUnavailable }
            return try Self.decode(data)
        } catch { throw .engineUnavailable }
    }

    /// Whether the answer is one of acceptance; pure.
    /// - Throws: `engineUnavailable` for what is no answer.
    package static func isAccepted(_ data: Data) throws(NodeError) -> Bool { try decode(data).result?.code == 0 }

    private static func decode(_ data: Data) throws(NodeError) -> Answer {
        guard data.count <= maximumAnswer, let answer = try? JSONDecoder().decode(Answer.self, from: data) else {
            throw .engineUnavailable
        }
        return answer
    }

    /// What the engine's answer means to whoever sent the transaction.
    private static func judge(_ answer: Answer) throws {
        if let result = answer.result {
            guard result.code != 0 else { return }
            throw refusal(result)
        }
        let text = answer.error.map { ($0.message ?? "") + " " + ($0.data ?? "") } ?? ""
        // CometBFT has no codes for these; the texts are those of its mempool's errors.
        if text.contains("already exists in cache") { throw TransactionError.alreadyKnown }
        if text.contains("too large") { throw TransactionError.tooLarge }
        throw text.contains("mempool is full") ? NodeError.engineBusy : NodeError.engineUnavailable
    }

    /// The application's own refusal, as it came back through the engine.
    private static func refusal(_ result: Answer.Result) -> any CodedError {
        if let error = TransactionError(rawValue: result.code) { return error }
        if let error = [NodeError.mempoolFull, .senderQueueFull].first(where: { $0.code == result.code }) { return error }
        return ErrorCatalogue.entry(result.code) ?? Refusal(result.code, result.log ?? "unknown", "the application refused it")
    }
}

/// A bounded number of turns, and of those who wait for one.
private final class Turns: Sendable {
    private struct State {
        var free: Int
        var waiting = Fifo<CheckedContinuation<Bool, Never>>()
    }

    private static let maximumWaiting = 10_000
    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// - Throws: `engineBusy` when too many wait already.
    func take() async throws(NodeError) {
        let hasTurn = await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                guard state.waiting.count < Self.maximumWaiting else { return false }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
        guard hasTurn else { throw .engineBusy }
    }

    func giveBack() {
        let next = state.withLock { state in
            let next = state.waiting.popFirst()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume(returning: true)
    }
}
