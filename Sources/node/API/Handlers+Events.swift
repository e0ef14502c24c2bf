import ChainTypes
import Cryptography
import Engine
import Foundation
import Hummingbird
import NIOCore
import Node
import Primitives
import WireTypes

extension Handlers {
    private struct BlockEvent: Encodable {
        let height: UInt64
        let hash: String
        let time: UInt64
        let transactions: Int
        let bytes: Int
    }

    private struct Filter: Sendable {
        let blocks: Bool
        let receipts: Bool
        let account: Address?
    }

    /// Committed blocks and receipts as server-sent events (WHATWG HTML §9.2).
    func events(_ request: Request) throws -> Response {
        let kinds = Set((request.text("kinds") ?? "block,receipt").split(separator: ",").map(String.init))
        guard kinds.isSubset(of: ["block", "receipt"]), !kinds.isEmpty else { throw APIError.badParameter("kinds") }
        var account: Address?
        if let text = request.text("account") {
            guard let address = try? Address(text: text) else { throw APIError.badParameter("account") }
            account = address
        }
        let filter = Filter(blocks: kinds.contains("block"), receipts: kinds.contains("receipt"), account: account)
        guard let stream = node.events.subscribe() else { throw APIError.tooManyStreams }
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: ": jupiter\n\n"))
            var lastWritten = ContinuousClock.now
            for await event in stream {
                if let text = try Self.text(event, filter) {
                    try await writer.write(ByteBuffer(string: text))
                    lastWritten = .now
                } else if ContinuousClock.now - lastWritten > .seconds(10) {
                    // Finds out whether anybody still listens.
                    try await writer.write(ByteBuffer(string: ": still here\n\n"))
                    lastWritten = .now
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
    }

    private static func text(_ event: NodeEvent, _ filter: Filter) throws -> String? {
        switch event {
        case .block(let block):
            guard filter.blocks else { return nil }
            return try text("block", BlockLineView(block), id: block.height)
        case .receipt(let receipt):
            guard filter.receipts, filter.account.map({ receipt.concerns($0) }) ?? true else { return nil }
            return try text("receipt", ReceiptView(receipt.receipt), id: receipt.receipt.height)
        }
    }

    private static func text(_ name: String, _ value: some Encodable, id: UInt64) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        // JSON has no raw line breaks, so one data line is enough.
        return "event: \(name)\nid: \(id)\ndata: \(String(decoding: try encoder.encode(value), as: UTF8.self))\n\n"
    }

    // MARK: Enrolments

    private struct EnrolmentsRequest: Decodable { let enrolments: [Data] }
    private struct EnrolmentsView: Encodable { let outcomes: [EnrolmentView] }

    /// Passes sealed enrolments to the enclave; only it can open them.
    func enrol(_ request: Request) async throws -> Response {
        let body = try await request.bytes(limit: 32 << 20)
        let enrolments = try Self.decode(EnrolmentsRequest.self, body).enrolments
        guard (1...1_000).contains(enrolments.count) else { throw APIError.badBody("between 1 and 1000 enrolments") }
        let sealed = try enrolments.map { try WireSealedMessage(strictly: [UInt8]($0), limit: 64 << 10) }
        return try .json(EnrolmentsView(outcomes: try await node.enrol(sealed).map(EnrolmentView.init)))
    }
}
