import CometRPC
import CometSupport
import Foundation
import LightClient
import Primitives
import Testing
import WireTypes

@Suite struct `The client of CometBFT's RPC` {
    @discardableResult
    private func asking<Value>(
        always answer: StubRPC.Answer?, _ body: (CometClient, StubRPC) async throws -> Value
    ) async throws -> Value {
        let fixed: @Sendable (String) -> StubRPC.Answer? = { _ in answer }
        return try await asking(fixed, body)
    }

    @discardableResult
    private func asking<Value>(
        _ answer: @escaping @Sendable (String) -> StubRPC.Answer?, timeout: Double = 60,
        _ body: (CometClient, StubRPC) async throws -> Value
    ) async throws -> Value {
        let server = StubRPC(answer)
        let client = CometClient(base: server.url, timeout: timeout)
        defer {
            client.close()
            server.close()
        }
        return try await body(client, server)
    }

    @Test func `reads a commit and a set of several pages`() async throws {
        let sample = try CommitSample(weights: (1...230).map { UInt64($0) })
        let (json, validators) = (try sample.json, sample.validators)
        let answer: @Sendable (String) -> StubRPC.Answer? = { path in
            if path.hasPrefix("/commit") { return .init(CometAnswerText.envelope(json)) }
            let page = path.split(separator: "&").first { $0.hasPrefix("page=") }.flatMap { Int($0.dropFirst(5)) }
            return .init(CometAnswerText.envelope(CometAnswerText.validators(validators, height: 9, page: page ?? 1)))
        }
        try await asking(answer) { client, server in
            #expect(try await client.commit(9).header == sample.signed.header)
            let members = try await client.validators(9)
            #expect(members.map(\.key) == validators.members.map(\.key))
            #expect(server.requests.count == 4)
            #expect(server.requests[0] == "/commit?height=9")
        }
    }

    @Test func `waits for nobody once it is cancelled`() async throws {
        let (asked, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let silent: @Sendable (String) -> StubRPC.Answer? = { _ in
            asked.signal()
            gate.wait()
            return nil
        }
        try await asking(silent, timeout: 600) { client, _ in
            let task = Task { try await client.commit(9) }
            await Task.detached { Self.wait(asked) }.value
            task.cancel()
            await #expect(throws: CometRPCError.unreachable("cancelled")) { try await task.value }
            let early = Task {
                while !Task.isCancelled { await Task.yield() }
                _ = try await client.commit(9)
            }
            early.cancel()
            await #expect(throws: CometRPCError.unreachable("cancelled")) { try await early.value }
            gate.signal()
            gate.signal()
        }
    }

    private static func wait(_ semaphore: DispatchSemaphore) { semaphore.wait() }

    @Test func `tells what kind of failure it was`() async throws {
        let json = try CommitSample().json
        let large = String(repeating: " ", count: 1 << 20)
        let cases: [(StubRPC.Answer?, CometRPCError)] = [
            (
                .init(
                    #"{"jsonrpc":"2.0","id":-1,"error":{"code":-32603,"message":"Internal error","data":"height 9 is not available"}}"#,
                    status: 500),
                .refused("height 9 is not available")
            ), (.init("no", status: 404), .malformedAnswer("not an answer of CometBFT's RPC")),
            (.init(CometAnswerText.envelope(json) + large), .answerTooLarge),
            (.init("{}"), .malformedAnswer("neither a result nor an error")),
            (.init("", status: 302, headers: "Location: http://127.0.0.1:1/\r\n"), .malformedAnswer("not an answer of CometBFT's RPC")),
        ]
        for (answer, expected) in cases {
            try await asking(always: answer) { client, _ in
                await #expect(throws: expected) { try await client.commit(9) }
            }
        }
        try await asking(always: .init(CometAnswerText.envelope(json))) { client, _ in
            await #expect(throws: CometRPCError.malformedAnswer("a commit of another height")) { try await client.commit(8) }
            client.close()
            await #expect(throws: CometRPCError.unreachable("closed")) { try await client.commit(9) }
        }
        try await asking(always: nil) { client, _ in
            do {
                _ = try await client.commit(9)
                Issue.record("an answer from nobody")
            } catch { #expect((error as? CometRPCError)?.code == 1460) }
        }
    }
}
